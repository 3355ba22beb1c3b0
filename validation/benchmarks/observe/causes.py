"""Alerts that can be made to fire here, each for its real cause, and how long that takes."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from alarms import Rule
from prom import Prometheus
from scraping import config
from stage import Stage
from users import crowd

from leanrag.core.progress import say

POLL = 2.0
# A value is seen by the next scrape, judged by the next evaluation, and told by the next poll.
LATENCY = 5.0 + 5.0 + POLL
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_CROWD, _LONG = 64, 512  # more than the engine's maxNumSeqs, longer than a poll


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong: `expects` is a pattern of alert names, one of which must fire; `fault` is the stack's."""

    name: str
    what: str
    expects: str
    make: Callable[[Stage], AbstractContextManager[None]]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """What was seen: seconds from the cause until each alert fired; `missing` is why it counts as not seen."""

    cause: str
    what: str
    alerts: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""


@contextmanager
def _queue(stage: Stage) -> Iterator[None]:
    with crowd(stage.plan, stage.stack, _CROWD, _LONG):
        yield


@contextmanager
def _unscraped(stage: Stage) -> Iterator[None]:
    """Take the engine's target away, as a label changed by mistake does: no series is left to compare."""
    engine = _job_of(stage, stage.stack.chat)
    stage.real.configure(config(stage.scrapes, without=[engine]))
    try:
        yield
    finally:
        stage.real.configure(config(stage.scrapes))


@contextmanager
def _killed(stage: Stage) -> Iterator[None]:
    """End the engine as a crash would; nothing starts it again, so this cause is the last of its stack."""
    stage.stack.kill(stage.stack.chat)
    yield


@contextmanager
def _given(stage: Stage) -> Iterator[None]:
    """The stack was started with the fault; people asking is all that is needed."""
    yield


def _job_of(stage: Stage, pod: str) -> str:
    return next(each.job for each in stage.scrapes if each.labels.get("pod") == pod)


# One stack for each fault, its causes in this order.
CAUSES: tuple[Cause, ...] = (
    Cause("queue", f"{_CROWD} long requests at once, all the time", r".*(Queue|Saturat|Backlog).*", _queue),
    Cause("scrape", "the engine is no longer scraped", r".*(Scrape|Metrics|Missing|Absent).*", _unscraped),
    Cause("engine", "the engine is killed", r".*(Engine|Model).*(Down|Unreachable|Dead).*", _killed),
    Cause("retrieval", "every vector search answers with no result", r".*Retrieval.*", _given, fault="empty-index"),
)


def silent(prometheus: Prometheus, ours: Iterable[str], deadline: float) -> bool:
    """Wait until none of our alerts fires."""
    names, end = set(ours), time.monotonic() + deadline
    while names & prometheus.firing().keys():
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def fire(stage: Stage, cause: Cause, names: Iterable[str], deadline: float) -> Fired:
    """Make one cause and wait for its alerts; every alert of `names` that fires meanwhile is noted."""
    known = set(names)
    expected = {name for name in known if re.fullmatch(cause.expects, name)}
    if not expected:
        return Fired(cause.name, cause.what, missing=f"no rule has a name like {cause.expects}")
    if not silent(stage.real, known, deadline):
        return Fired(cause.name, cause.what, missing="alerts fired before there was a cause")
    say(f"cause {cause.name}: {cause.what}; waiting for one of {', '.join(sorted(expected))}")
    with cause.make(stage):
        seen = _watch(stage.real, known, expected, deadline)
    missing = "" if expected & seen.keys() else f"none of {', '.join(sorted(expected))} in {deadline:.0f} s"
    return Fired(cause.name, cause.what, seen, missing)


def _watch(prometheus: Prometheus, known: set[str], expected: set[str], deadline: float) -> dict[str, float]:
    """Return when each alert was first seen to fire; ends a while after the first expected one, or at the deadline."""
    began, end = time.monotonic(), time.monotonic() + deadline
    seen: dict[str, float] = {}
    while time.monotonic() < end:
        for name in known & prometheus.firing().keys() - seen.keys():
            seen[name] = time.monotonic() - began
        if expected <= seen.keys():
            break
        if expected & seen.keys():
            end = min(end, began + 2 * max(seen.values()) + LATENCY)
        time.sleep(POLL)
    return seen


def watch_silence(prometheus: Prometheus, known: Iterable[str], seconds: float) -> dict[str, float]:
    """Return which alerts fired, and after how long, in a time in which none should."""
    return _watch(prometheus, set(known), {""}, seconds)  # no alert is called so: it waits to the end


def earliest(rule: Rule) -> float:
    """Return the seconds that a rule waits at least: its `for`."""
    return seconds(rule.wait)


def burn_seconds(window: float, factor: float, target: float, errors: float) -> float:
    """Return when a burn-rate alert can fire after errors began: the share of its window that fills the factor.

    `errors` is the share of bad requests since then. Google, The Site Reliability Workbook, chapter 5: detection time
    is (1 - target) / errors x window x factor; infinite where the window never fills so far.
    """
    if errors <= 0:
        return float("inf")
    found = (1 - target) / errors * window * factor
    return found if found <= window else float("inf")


def seconds(text: str) -> float:
    """Return a duration of Prometheus in seconds."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[smhdw])", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
