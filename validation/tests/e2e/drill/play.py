"""Play the faults, level by level, keep what was seen, and write docs/drill.md."""

import argparse
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leanrag.bench.up import up
from leanrag.core.process import run as process
from leanrag.core.progress import say

from ..api import Api
from ..genesis import WANTED, make_world
from . import cluster_faults, evidence_faults, git_faults, measuring_faults
from .desk import Desk
from .fault import Fault, Row, chosen, play
from .good import good_runs
from .kept import Kept
from .measuring_faults import Laboratory, Measured
from .office import Office, open_office, scratch
from .table import LEVELS, write_table
from .ward import Ward

ROOT = Path(__file__).resolve().parents[4]
PAGE = ROOT / "docs" / "drill.md"
GOOD = 20
KEPT = ROOT / "out" / "drill.json"


@dataclass(slots=True)
class Play:
    """One run of the drill: what was asked for, and what was seen so far."""

    asked: argparse.Namespace
    kept: Kept
    rows: list[Row] = field(default_factory=list)
    blocked: bool = False

    def level(self, faults: Sequence[Fault[Any]], stage: Callable[[Fault[Any]], Any]) -> None:
        """Play faults; `stage` gives each its stage, as a context manager."""
        for fault in chosen(faults, self.asked.short, self.asked.only):
            with stage(fault) as place:
                self.rows.append(play(fault, place))
                self.kept.row(self.rows[-1])
                _tell(self.rows[-1])

    def end(self) -> int:
        """Write the page, say the sum, and return the exit code."""
        wrong = sum(bool(row.promoted) for row in self.rows)
        odd = [row.id for row in self.rows if not row.ok]
        if not write_table(self.asked.page, self.kept):
            say(f"{self.asked.page} is written once every fault has been played (make drill)")
        print(f"{wrong} of {len(self.rows)} promoted" + (f"; not as expected: {', '.join(odd)}" if odd else ""))
        return 1 if wrong or odd or self.blocked else 0


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the command line, read."""
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    names = parser.add_argument
    names("--short", action="store_true", help="only the most dangerous faults")
    names("--only", type=lambda text: text.split(","), default=[], help="ids of faults, with commas")
    names("--level", type=lambda text: text.split(","), default=list(LEVELS), help=f"of {', '.join(LEVELS)}")
    names("--kubeconfig", type=Path, help="API server for the levels that need no more; default: the bench")
    names("--good", type=int, help="repetitions of the good story; default: 20 with the whole drill, else none")
    names("--page", type=Path, default=PAGE, help="the page to write when every fault has been played")
    asked = parser.parse_args(arguments)
    whole = not asked.short and not asked.only and set(asked.level) == set(LEVELS)
    asked.good = (GOOD if whole else 0) if asked.good is None else asked.good
    return asked


def main(arguments: Sequence[str]) -> int:
    """Play what was asked for; exit 0 only when nothing was promoted and every fault was seen as expected."""
    asked = options(arguments)
    run = Play(asked, Kept.open(KEPT, _commit()))
    if set(asked.level) - {"cluster"}:
        _at_desks(run)
    if "cluster" in asked.level or asked.good:
        _cluster(run)
    return run.end()


def _commit() -> str:
    return process(
        ["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"], what="git rev-parse", timeout=30
    ).stdout.strip()


def _at_desks(run: Play) -> None:
    asked = run.asked
    with _office(asked.kubeconfig) as office:
        before = control(office, "before")
        if "evidence" in asked.level:
            run.level(evidence_faults.FAULTS, lambda fault: desk(office, fault))
        if "git" in asked.level:
            run.level(git_faults.FAULTS, lambda fault: desk(office, fault))
        if "measuring" in asked.level:
            _measuring(run, office)
        run.kept.line("control", (before, control(office, "after")))


@contextmanager
def _office(kubeconfig: Path | None) -> Iterator[Office]:
    if kubeconfig is None:
        kubeconfig = up(WANTED).kubeconfig
    folder = scratch()
    office = open_office(Api(kubeconfig), kubeconfig, ROOT, folder)
    try:
        yield office
    finally:
        office.remote.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def desk(office: Office, fault: Fault[Any]) -> Iterator[Desk]:
    """Give a fault a desk of its own."""
    made = Desk(office, fault.id)
    try:
        yield made
    finally:
        made.close()


def _measuring(run: Play, office: Office) -> None:
    laboratory = Laboratory(office.folder / "laboratory")
    laboratory.folder.mkdir()

    @contextmanager
    def stage(fault: Fault[Any]) -> Iterator[Measured]:
        with desk(office, fault) as made:
            yield Measured(made, laboratory)

    try:
        run.level(measuring_faults.FAULTS, stage)
    finally:
        laboratory.close()


def _cluster(run: Play) -> None:
    world = make_world()
    world.expect("dev", world.operator.main(), "PASS", within=420)
    ward = Ward(world)

    @contextmanager
    def stage(_: Fault[Any]) -> Iterator[Ward]:
        ward.admit()
        yield ward
        ward.discharge()

    if run.asked.good:
        lines, fine = good_runs(world, run.asked.good)
        run.kept.line("good", lines)
        run.blocked = not fine
    if "cluster" in run.asked.level:
        run.level(cluster_faults.FAULTS, stage)


def _tell(row: Row) -> None:
    mark = "ok  " if row.ok else "NO  "
    promoted = f" PROMOTED: {', '.join(row.promoted)}" if row.promoted else ""
    say(f"{mark}{row.id} {row.broken}: {row.seen} ({row.seconds:.1f} s){promoted}")


def control(office: Office, when: str) -> str:
    """With nothing broken the same code must promote: staging by a push, then prod by a branch."""
    began = time.monotonic()
    place = Desk(office, f"control-{when}")
    place.passes()
    said = place.promote()
    if place.pin() != place.new:
        raise SystemExit(f"{when} the faults: a whole and signed PASS was not promoted: {said[-1500:]}")
    place.passes("staging")
    said = place.promote()
    if not place.person.branches("promote/prod/"):
        raise SystemExit(f"{when} the faults: prod's branch is missing: {said[-1500:]}")
    seconds = time.monotonic() - began
    line = f"{when} the faults: an honest PASS of dev pinned staging, one of staging asked for prod ({seconds:.1f} s)"
    say(line)
    return line
