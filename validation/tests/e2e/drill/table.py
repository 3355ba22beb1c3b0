"""docs/drill.md, written from what was seen."""

import re
from pathlib import Path

from leanrag.core.files import write_atomic

from . import cluster_faults, evidence_faults, git_faults, measuring_faults
from .fault import Row
from .kept import Kept

HEAD = """# The red drill

`make drill` breaks one thing after another and looks whether anything is promoted that should not be. This page is
written by that run from what it kept (`out/drill.json`). After each fault Git itself is asked: a pin, or a branch that
asks for one, that rests on no valid PASS counts as promoted, whatever the row's other expectations were. Before and
after the faults the same code plays the case in which nothing is broken, and it must promote; so a drill cannot be
green because nothing works.

"""
LEVELS = {
    "evidence": ("Evidence", evidence_faults.FAULTS),
    "git": ("Git and the promoter", git_faults.FAULTS),
    "measuring": ("Measuring", measuring_faults.FAULTS),
    "cluster": ("The running cluster", cluster_faults.FAULTS),
}
COLUMNS = "| # | what is broken | expected | seen | s | |\n| --- | --- | --- | --- | --- | --- |"


def write_table(path: Path, kept: Kept) -> bool:
    """Write the page: one table a level, then the counter-proof and the sum; False while a fault is unplayed."""
    ids = [fault.id for _, faults in LEVELS.values() for fault in faults]
    rows = kept.seen(ids)
    if rows is None:
        return False
    parts = [HEAD + kept.span(ids), ""]
    for title, faults in LEVELS.values():
        here = {fault.id for fault in faults}
        parts += [f"## {title}", "", COLUMNS, *(_row(row) for row in rows if row.id in here), ""]
    parts += ["## The counter-proof", "", *(f"- {line}" for line in kept.told()), ""]
    wrong = sum(bool(row.promoted) for row in rows)
    odd = sum(not row.ok for row in rows)
    parts += ["## Sum", "", f"**{wrong} of {len(rows)} promoted.** {len(rows) - odd} of {len(rows)} as expected."]
    write_atomic(path, "\n".join(parts) + "\n")
    return True


def _row(row: Row) -> str:
    # Folders of one run on one machine tell a reader nothing.
    seen = re.sub(r"(?<![\w.:/])/[^\s\"':]*/(?=[\w.-])", "…/", row.seen)
    cells = (row.id, row.broken, row.expected, seen, f"{row.seconds:.1f}", "ok" if row.ok else "**NO**")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
