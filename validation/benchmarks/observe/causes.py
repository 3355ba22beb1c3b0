"""Alerts that can be made to fire here, each for its real cause, and how long that takes."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from alarms import Rule
from burning import note
from prom import Prometheus
from scraping import config
from stage import Stage
from users import crowd, seekers

from leanrag.core.progress import say
from leanrag.local.blueprint import blueprint

POLL = 2.0
# A value is seen by the next scrape, judged by the next evaluation, and told by the next poll.
LATENCY = 5.0 + 5.0 + POLL
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_CROWD, _LONG = 64, 256  # more than the engine's maxNumSeqs, longer than a poll


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong: `expects` are the alerts that must fire; `alone`: nobody else asks meanwhile."""

    name: str
    what: str
    expects: tuple[str, ...]
    make: Callable[[Stage], AbstractContextManager[None]]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Fired:
    """What was seen: seconds from the cause until each alert fired; `missing` is why it counts as not seen."""

    cause: str
    what: str
    alerts: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def _queue(stage: Stage) -> AbstractContextManager[None]:
    return crowd(stage.plan, stage.stack, _CROWD, _LONG)


@contextmanager
def _unscraped(stage: Stage) -> Iterator[None]:
    """Take the engine's target away, as a label changed by mistake does: no series is left to compare."""
    engine = next(each.job for each in stage.scrapes if each.labels.get("pod") == stage.stack.chat)
    stage.real.configure(config(stage.scrapes, without=[engine]))
    try:
        yield
    finally:
        stage.real.configure(config(stage.scrapes))


@contextmanager
def _killed(stage: Stage) -> Iterator[None]:
    """End the chat engine as a crash would; nothing starts it again, so it is the last cause of its stack."""
    _kill(stage, "chat")
    yield


@contextmanager
def _unembedded(stage: Stage) -> Iterator[None]:
    """End the embedding engine while somebody searches; the last cause of its stack too."""
    with seekers(stage.plan, stage.stack):
        _kill(stage, "embedding")
        yield


def _kill(stage: Stage, task: str) -> None:
    stage.stack.kill(blueprint(stage.plan.workloads, None).pod_of(task))


def _empty(stage: Stage) -> AbstractContextManager[None]:
    return seekers(stage.plan, stage.stack)


# One stack for those beside which people ask, one for the others; each in this order.
CAUSES: tuple[Cause, ...] = (
    Cause("queue", f"{_CROWD} long requests at once, all the time", ("EngineQueueGrows", "ObjectiveBurnsFast"), _queue),
    Cause("scrape", "the chat engine is no longer scraped", ("EngineNotScraped",), _unscraped),
    Cause("embedding", "the embedding engine is killed", ("EngineDown", "RetrievalFails"), _unembedded),
    Cause("retrieval", "the index is empty", ("RetrievalEmpty",), _empty, alone=True),
    Cause("engine", "the chat engine is killed", ("EngineDown", "TargetDown"), _killed, alone=True),
)


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
        return Fired(cause.name, cause.what, missing=f"no rule is called {', '.join(unknown)}")
    if not silent(stage.real, expected, deadline):
        return Fired(cause.name, cause.what, missing="its alerts fired before there was a cause")
    say(f"cause {cause.name}: {cause.what}; waiting for {', '.join(cause.expects)}")
    notes, began = dict[str, str](), time.time()
    with cause.make(stage):
        seen = watch(stage.real, known, expected, deadline, lambda name: notes.update(note(stage.real, name, began)))
    missing = sorted(expected - seen.keys())
    why = f"not in {deadline:.0f} s: {', '.join(missing)}" if missing else ""
    return Fired(cause.name, cause.what, seen, why, notes)


def watch(
    prometheus: Prometheus, names: Iterable[str], until: set[str], seconds: float, seen: Callable[[str], None]
) -> dict[str, float]:
    """Return after how many seconds each alert fired, and tell `seen` at once; ends early when all of `until` have."""
    began, found, known = time.monotonic(), dict[str, float](), set(names)
    old = prometheus.firing().keys()  # of the cause before
    while time.monotonic() < began + seconds and not (until and until <= found.keys()):
        for name in (known & prometheus.firing().keys()) - found.keys() - old:
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
