"""The counter-proof: the good story again and again, and a slow engine now and then.

A gate that blocks everything would pass the drill. So dev, whose engine answers in half of what it promises, is
measured again N times; each must be a PASS of its own. Then its engine takes twice the limit, and none may be.
"""

import time

from leanrag.core.progress import say

from ..changes import everywhere, slower
from ..world import World

SLOW_RUNS = 3


def good_runs(world: World, count: int) -> tuple[list[str], bool]:
    """Return the lines for the page, and whether no good run was blocked and no slow one passed."""
    sha = world.operator.commit(everywhere(world), "drill: the good story")
    world.expect("dev", sha, "PASS", within=300)
    good, seconds = _measured(world, count)
    slow = world.operator.commit(slower(world, "dev", factor=2), "drill: the slow story")
    world.expect("dev", slow, "FAIL", within=300)
    bad, _ = _measured(world, SLOW_RUNS)
    back = world.operator.revert(slow)
    world.expect("dev", back, "PASS")
    blocked = sum(outcome != "PASS" for outcome in good)
    passed = sum(outcome == "PASS" for outcome in bad)
    lines = [
        f"**{blocked} of {count} repetitions of the good story were blocked** (engine at 0.5 of its limit; each "
        f"measured anew in the cluster, {seconds / max(count, 1):.0f} s a run): {_counted(good)}",
        f"{passed} of {SLOW_RUNS} repetitions of the slow one passed (engine at 2 times its limit): {_counted(bad)}",
    ]
    return lines, not blocked and not passed


def _measured(world: World, count: int) -> tuple[list[str], float]:
    """Measure what dev runs so many times; the pins that follow move main on the way."""
    began, outcomes = time.monotonic(), []
    for number in range(count):
        sha = world.operator.main()
        before = len(world.verdicts("dev", sha))
        world.leanrag("gate", "rerun", "dev", "--wait", check=False, within=600)
        found = world.verdicts("dev", sha)[before:]
        outcomes.append(found[-1].outcome if found and not found[-1].carried else "NOT_RUN")
        say(f"run {number + 1} of {count}: {outcomes[-1]}: {found[-1].sentence if found else ''}")
    return outcomes, time.monotonic() - began


def _counted(outcomes: list[str]) -> str:
    return ", ".join(f"{outcomes.count(one)} {one}" for one in sorted(set(outcomes))) or "none"
