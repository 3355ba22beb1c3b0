"""Prove dashboards and alerts: `python validation/benchmarks/observe [--only PARTS] [--minutes N] [--write]`.

Exit 1 when a query is empty, a panel stands on another, an alert stays away or one fires while all is well. What was
found is kept in the cache, and the page is written from all that is there.
"""

import argparse
import shutil
import signal
import sys
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

import firing
import prove
from boards import overlaps
from causes import CAUSES, SMALL, TIME, Cause, Place
from kept import folder, keep, kept
from observability_page import page
from photograph import NARROW, WIDE, photograph
from preview import draw, tall
from preview import page as drawing
from stage import Plan, Stage, plan, stage
from users import users

from leanrag.cli.gate import run_and_report
from leanrag.core.errors import InputError, LeanragError, ToolError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.local.stack import CLUSTER

PAGE, PICTURES = Path("docs") / "observability.md", Path("docs") / "pictures"
# Subqueries look every five minutes, at full ones; by then everybody has asked too.
_SETTLE, _AGAIN, _SHOWN = 330.0, 20.0, 900.0
_DEADLINE = 1800.0
PARTS = ("queries", "pictures", "silence", "alerts")
_EVERY = tuple(each.name for each in CAUSES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What this run was told: `minutes` of silence, seconds until an alert counts as missing, which causes to make."""

    parts: tuple[str, ...]
    minutes: float
    deadline: float
    causes: tuple[str, ...]

    def chosen(self, place: Place) -> tuple[Cause, ...]:
        """The causes of one stack."""
        given = self.causes if "alerts" in self.parts else ()
        return tuple(each for each in CAUSES if each.name in given and each.place == place)


def main() -> int:
    """Run what was asked for; print what is wrong, and write the page when told to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between; 'none' only writes")
    parser.add_argument("--causes", default=",".join(_EVERY), help="of alerts; the others stay as they were seen")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long nothing is broken (silence)")
    parser.add_argument("--deadline", type=float, default=_DEADLINE, help="seconds to wait for an alert")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE} and the pictures")
    given = parser.parse_args()
    names = [] if given.only == "none" else given.only.split(",")
    for told, known, what in ((names, PARTS, "part"), (given.causes.split(","), _EVERY, "cause")):
        if unknown := sorted(set(told) - set(known)):
            raise InputError(f"no {what} {', '.join(unknown)}", hint=f"{what}s are {', '.join(known)}")
    asked = Asked(tuple(names), given.minutes, given.deadline, tuple(given.causes.split(",")))
    faults = _run(plan(Path()), asked) if names else []
    if given.write:
        expected = {each.name: (each.what, each.expects) for each in CAUSES}
        write_atomic(PAGE, page({part: kept(part) for part in PARTS}, firing.LATENCY, expected))
    for fault in faults:
        print(fault)
    say(f"{len(faults)} faults")
    return 1 if faults else 0


def _run(found: Plan, asked: Asked) -> list[str]:
    """Bring the stack up as often as causes need it: once for all that breaks nothing or can be undone."""
    if not found.boards and not found.rules:
        raise ToolError("no dashboard and no rule is here", hint="python -m leanrag.dashboards --write")
    faults = [f"{board.title}: {one!r} stands on {two!r}" for board in found.boards for one, two in overlaps(board)]
    if set(asked.parts) != {"alerts"} or asked.chosen("shared"):
        with _fresh(found) as here:
            faults += _whole(here, asked)
    if asked.chosen("alone"):
        with _fresh(found) as here:
            faults += _causes(here, asked, "alone")
    if asked.chosen("small"):
        with _fresh(plan(Path(), SMALL)) as here:
            faults += _causes(here, asked, "small")
    return faults


def _fresh(found: Plan) -> AbstractContextManager[Stage]:
    work = folder() / "work"
    shutil.rmtree(work, ignore_errors=True)
    return stage(found, work, folder() / "gate")


def _whole(here: Stage, asked: Asked) -> list[str]:
    """Do all beside which people ask: what breaks nothing, then causes."""
    faults: list[str] = []
    run_and_report(Path(), CLUSTER, folder() / "gate")
    with users(here.plan, here.stack):
        if {"silence", "pictures"} & set(asked.parts):
            time.sleep(_SETTLE)
        faults += _queries(here) if "queries" in asked.parts else []
        faults += _silence(here, asked.minutes * 60) if "silence" in asked.parts else []
        faults += _pictures(here) if "pictures" in asked.parts else []
        return faults + _causes(here, asked, "shared")


def _queries(here: Stage) -> list[str]:
    end, proofs = time.monotonic() + _SETTLE, _asked(here)
    while prove.empty(proofs) and time.monotonic() < end:
        time.sleep(_AGAIN)
        proofs = _asked(here)
    keep("queries", proofs)
    down = [f"{url}: {error}" for url, error in here.real.healthy().items() if error]
    wrong = [f"{name}: {error}" for name, error in here.mixed.rule_errors().items()]
    faults = [f"{each.place}: {each.part}: {each.problem}: {each.text}" for each in prove.empty(proofs)]
    faults += [f"{each.place}: {each.part} needs {each.needs}" for each in prove.unmarked(proofs, here.plan.boards)]
    return [*down, *wrong, *faults]


def _asked(here: Stage) -> tuple[prove.Proof, ...]:
    found = here.plan
    boards = [query for board in found.boards for query in prove.of_board(board, here.mixed.values)]
    proofs = prove.proofs([*boards, *prove.of_rules(found.rules)], found.world, here.real, here.mixed)
    say(f"queries: {prove.summary(proofs)}")
    return proofs


def _silence(here: Stage, seconds: float) -> list[str]:
    names = here.plan.possible
    fired = firing.watch(here.real, names, set(), seconds, say)
    keep("silence", {"seconds": seconds, "alerts": len(names), "fired": fired})
    return [f"{name} fired while all was well, after {after:.0f} s" for name, after in fired.items()]


def _causes(here: Stage, asked: Asked, place: Place) -> list[str]:
    names = here.plan.possible
    waits = {rule.alert: firing.earliest(rule) for rule in here.plan.rules if rule.alert in names}
    faults = []
    for each in asked.chosen(place):
        one = firing.fire(here, each, names, asked.deadline)
        faults += [f"cause {one.cause}: {one.missing}"] if one.missing else []
        known = {old["cause"]: old for old in (kept("alerts") or {}).get("fired", [])} | {one.cause: asdict(one)}
        told = [known[name] for name in _EVERY if name in known]
        keep("alerts", {"fired": told, "waits": waits, "elsewhere": {**here.plan.elsewhere, **TIME}})
    return faults


def _pictures(here: Stage) -> list[str]:
    told = []
    for board in here.plan.boards:
        drawn = draw(board, here.real, here.mixed, _SHOWN)
        names = {"title": board.title}
        for theme in ("light", "dark"):
            for prefix, width in (("", WIDE), ("narrow-", NARROW)):
                file = f"{Path(board.file).stem}-{prefix}{theme}.png"
                photograph(drawing(board, drawn, theme, width), PICTURES / file, width, tall(board, bool(prefix)))
                names[f"{prefix}{theme}"] = f"pictures/{file}"
        told.append(names)
    keep("pictures", told)
    return []


def _stop(number: int, frame: object) -> None:
    # The stack and both Prometheis end with the proof.
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
