"""docs/drill.md, written by the run itself."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from leanrag.core.clock import stamp, utc_now
from leanrag.core.files import write_atomic

from .fault import Row

HEAD = """# The red drill

`make drill` breaks one thing after another and looks whether anything is promoted that should not be. This page is
written by that run. After each fault Git itself is asked: a pin, or a branch that asks for one, that rests on no valid
PASS counts as promoted, whatever the row's other expectations were. Before and after the faults the same code plays the
case in which nothing is broken, and it must promote; so a drill cannot be green because nothing works.

"""
COLUMNS = ("#", "what is broken", "expected", "seen", "s", "")


def write_table(path: Path, groups: Sequence[tuple[str, Sequence[Row]]], good: Iterable[str]) -> None:
    """Write the page: one table a group, then the counter-proof and the sum."""
    rows = [row for _, some in groups for row in some]
    parts = [HEAD + f"Run at {stamp(utc_now())}.", ""]
    for title, some in groups:
        parts += [
            f"## {title}",
            "",
            "| # | what is broken | expected | seen | s | |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        parts += [_row(row) for row in some]
        parts.append("")
    parts += ["## The counter-proof", "", *(f"- {line}" for line in good), ""]
    wrong = sum(bool(row.promoted) for row in rows)
    odd = sum(not row.ok for row in rows)
    parts += ["## Sum", "", f"**{wrong} of {len(rows)} promoted.** {len(rows) - odd} of {len(rows)} as expected."]
    write_atomic(path, "\n".join(parts) + "\n")


def _row(row: Row) -> str:
    # Folders of one run on one machine tell a reader nothing.
    seen = re.sub(r"(?<![\w.:/])/[^\s\"':]*/(?=[\w.-])", "…/", row.seen)
    cells = (row.id, row.broken, row.expected, seen, f"{row.seconds:.1f}", "ok" if row.ok else "**NO**")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
