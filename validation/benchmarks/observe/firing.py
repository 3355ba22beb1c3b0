"""Makes a cause and waits for its alerts."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from alarms import Rule
from burning import Reached, reached
from causes import Cause
from prom import Prometheus
from stage import Stage

from leanrag.core.progress import say

POLL = 2.0
# A value is seen by the next scrape, judged by the next evaluation, and told by the next poll.
LATENCY = 5.0 + 5.0 + POLL
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


@dataclass(frozen=True, slots=True)
class Fired:
    """What was seen: seconds from the cause until each alert fired; `missing` is why it counts as not seen."""

    cause: str
    alerts: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""
    burns: Sequence[Reached] = ()


def silent(prometheus: Prometheus, names: Iterable[str], deadline: float) -> bool:
    """Wait until none of these alerts fires."""
    ours, end = set(names), time.monotonic() + deadline
    while ours & prometheus.firing().keys():
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def fire(stage: Stage, cause: Cause, names: Iterable[str], deadline: float) -> Fired:
    """Make one cause and wait for its alerts; every alert of `names` that fires meanwhile is noted."""
    known, expected = set(names), set(cause.expects)
    if unknown := sorted(expected - known):
        return Fired(cause.name, missing=f"no rule is called {', '.join(unknown)}")
    if not silent(stage.real, expected, deadline):
        return Fired(cause.name, missing="its alerts fired before there was a cause")
    say(f"cause {cause.name}: {cause.what}; waiting for {', '.join(cause.expects)}")
    burns, began = list[Reached](), time.time()
    with cause.make(stage):
        known -= stage.real.firing().keys() - expected  # of the cause before
        found = partial(reached, stage.real, stage.plan.rules, began=began)
        seen = watch(stage.real, known, expected, deadline, lambda name: burns.extend(found(name)))
    missing = sorted(expected - seen.keys())
    why = f"not in {deadline:.0f} s: {', '.join(missing)}" if missing else ""
    return Fired(cause.name, seen, why, burns)


def watch(
    prometheus: Prometheus, names: Iterable[str], until: set[str], seconds: float, seen: Callable[[str], None]
) -> dict[str, float]:
    """Return after how many seconds each alert fired, and tell `seen` at once; ends early when all of `until` have.

    One that fires already is seen at once: after 0 seconds.
    """
    began, found, known = time.monotonic(), dict[str, float](), set(names)
    while time.monotonic() < began + seconds and not (until and until <= found.keys()):
        for name in (known & prometheus.firing().keys()) - found.keys():
            found[name] = time.monotonic() - began
            seen(name)
        time.sleep(POLL)
    return found


def earliest(rule: Rule) -> float:
    """Return the seconds that a rule waits at least: its `for`."""
    return seconds(rule.wait)


def seconds(text: str) -> float:
    """Return a duration of Prometheus in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
