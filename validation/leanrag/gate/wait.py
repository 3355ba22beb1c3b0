"""Wait until nothing is wrong, with growing pauses; what stays broken for long enough ends the wait early."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from leanrag.core.errors import UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.gate.problem import Cause, Problem, told

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 2.0, 15.0, 1.5
# Argo CD's health is that of its last look: one good answer may be the last one of the commit before.
SETTLE_SECONDS = 3.0
# A pod that crashes while its database starts makes an object Degraded for a while; a rollout that is lost stays so.
PATIENCE_SECONDS = 300.0
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Waited:
    """How a wait ended: PASS with nothing left, FAIL when `broken` lasted, INCONCLUSIVE at the deadline."""

    outcome: Outcome
    left: tuple[Problem, ...]
    broken: frozenset[Key]
    looks: int


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds that only grow, and a way to let them pass."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


def wait(look: Callable[[], Iterable[Problem]], deadline: float, clock: Clock) -> Waited:
    """Look until two looks in a row show no problem; `deadline` in seconds from now.

    A problem that is `broken` without a break for a third of the deadline, at most five minutes, is a FAIL.
    """
    began, patience = clock.now(), min(PATIENCE_SECONDS, deadline / 3)
    since: dict[Key, float] = {}
    pause, looks, clean, said = FIRST_PAUSE, 0, False, ""
    while True:
        found = _look(look)
        looks, now = looks + 1, clock.now()
        if not found and clean:
            return Waited(Outcome.PASS, (), frozenset(), looks)
        clean = not found
        since = {each.key: since.get(each.key, now) for each in found if each.broken}
        lost = frozenset(key for key, start in since.items() if now - start >= patience)
        if lost:
            return Waited(Outcome.FAIL, found, lost, looks)
        if now - began >= deadline:
            return Waited(Outcome.INCONCLUSIVE, found, frozenset(), looks)
        if found and (words := told(found)) != said:
            said = words
            say(f"converge: waiting for {said}")
        left = max(deadline - (now - began), 0.05)
        clock.sleep(min(SETTLE_SECONDS if clean else pause, left))
        pause = FIRST_PAUSE if clean else min(pause * GROWTH, LONGEST_PAUSE)


def _look(look: Callable[[], Iterable[Problem]]) -> tuple[Problem, ...]:
    try:
        return tuple(look())
    except UnreachableError as error:
        # A restart of the API server is no answer of the cluster.
        return (Problem(Cause.UNREACHABLE, "API server", error.message),)
