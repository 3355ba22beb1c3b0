"""Play the faults, level by level, and write docs/drill.md."""

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from leanrag.core.progress import say

from ..api import Api
from . import evidence_faults, git_faults
from .desk import Desk, Office, open_office, scratch
from .fault import Fault, Row, chosen, play
from .table import write_table

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "drill.md"
LEVELS = ("evidence", "git", "measuring", "cluster")


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line, read."""
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    parser.add_argument("--short", action="store_true", help="only the most dangerous faults")
    parser.add_argument("--only", default="", help="ids of faults, with commas")
    parser.add_argument("--level", default=",".join(LEVELS), help="levels, with commas")
    parser.add_argument("--kubeconfig", type=Path, help="API server to use; default: the running bench")
    parser.add_argument("--keep", action="store_true", help="leave the folder of the run behind")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page to write; /dev/null for none")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Play what was asked for; exit 0 only when nothing was promoted and every fault was seen as expected."""
    asked = options(arguments)
    only = [name for name in asked.only.split(",") if name]
    kubeconfig = asked.kubeconfig or _bench()
    folder = scratch()
    groups: list[tuple[str, Sequence[Row]]] = []
    good: list[str] = []
    levels = asked.level.split(",")
    try:
        office = open_office(Api(kubeconfig), kubeconfig, ROOT, folder)
        if {"evidence", "git"} & set(levels):
            good += [_control(office, "before")]
        if "evidence" in levels:
            groups.append(("Evidence", _at_desks(office, evidence_faults.FAULTS, asked.short, only)))
        if "git" in levels:
            groups.append(("Git and the promoter", _at_desks(office, git_faults.FAULTS, asked.short, only)))
        if {"evidence", "git"} & set(levels):
            good += [_control(office, "after")]
        office.remote.close()
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    return _end(asked.page, groups, good)


def _bench() -> Path:
    from leanrag.bench.up import up

    return up().kubeconfig


def _at_desks(office: Office, faults: Sequence[Fault[Desk]], short: bool, only: Sequence[str]) -> list[Row]:
    return [_told(_at_desk(office, fault)) for fault in chosen(faults, short, only)]


def _at_desk(office: Office, fault: Fault[Desk]) -> Row:
    desk = Desk(office, fault.id)
    try:
        return play(fault, desk)
    finally:
        desk.close()


def _told(row: Row) -> Row:
    mark = "ok  " if row.ok else "NO  "
    say(
        f"{mark}{row.id} {row.broken}: {row.seen} ({row.seconds:.1f} s)"
        + (f" PROMOTED {row.promoted}" if row.promoted else "")
    )
    return row


def _control(office: Office, when: str) -> str:
    """With nothing broken the same code must promote: staging by a push, then prod by a branch."""
    began = time.monotonic()
    desk = Desk(office, f"control-{when}")
    desk.passes()
    said = desk.promote()
    if desk.pin() != desk.new:
        raise SystemExit(f"{when} the faults: a whole and signed PASS was not promoted: {said[-1500:]}")
    desk.passes("staging")
    said = desk.promote()
    if not desk.person.branches("promote/prod/"):
        raise SystemExit(f"{when} the faults: prod's branch is missing: {said[-1500:]}")
    seconds = time.monotonic() - began
    line = f"{when} the faults: an honest PASS of dev pinned staging, one of staging asked for prod ({seconds:.1f} s)"
    say(line)
    return line


def _end(page: Path, groups: list[tuple[str, Sequence[Row]]], good: list[str]) -> int:
    rows = [row for _, some in groups for row in some]
    wrong = sum(bool(row.promoted) for row in rows)
    odd = [row.id for row in rows if not row.ok]
    if str(page) != "/dev/null":
        write_table(page, groups, good)
    print(f"{wrong} of {len(rows)} promoted" + (f"; not as expected: {', '.join(odd)}" if odd else ""))
    return 1 if wrong or odd or not rows else 0
