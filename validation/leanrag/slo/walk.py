"""One run against the boundaries: request by request, until a decision that nothing unknown could change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from leanrag.core.outcome import Outcome
from leanrag.slo.lines import Boundaries

# The autocorrelation time, in requests, of the first n requests of which these are the violations.
Time = Callable[[Sequence[bool]], float]


@dataclass(frozen=True, slots=True)
class Walk:
    """What the test says of a run that used `n` requests; `more` may follow when there is no decision (0: it is over).

    `time` is the autocorrelation time in requests that was reckoned with: n / time of them count as independent.
    """

    decision: Outcome
    n: int
    more: int
    why: str
    time: float = 1.0


@dataclass(frozen=True, slots=True)
class _End:
    outcome: Outcome
    n: int
    violations: int
    time: float
    over: bool


def _independent(flags: Sequence[bool]) -> float:
    return 1.0


def walk(boundaries: Boundaries, outcomes: Sequence[bool | None], time: Time = _independent) -> Walk:
    """Return the decision of a run in the order its requests were sent: True broke the promise, None cannot be told.

    PASS stands when it would if every unknown one were a violation, FAIL when it would if none were: so the errors hold
    whatever the unknown ones are. What the test for independent requests says first is the only decision there can be;
    `time` can delay or withhold it, never turn it, so under independence its errors are a limit whatever is measured.
    """
    worst = _follow(boundaries, [one is not False for one in outcomes], time)
    best = _follow(boundaries, [one is True for one in outcomes], time) if None in outcomes else worst
    if worst.outcome is Outcome.PASS:
        return _told(boundaries, worst)
    if best.outcome is Outcome.FAIL:
        return _told(boundaries, best)
    n = min(len(outcomes), boundaries.cap)
    if not (worst.over and best.over):
        return Walk(Outcome.INCONCLUSIVE, n, boundaries.cap - n, f"no decision after {n} requests", worst.time)
    return Walk(Outcome.INCONCLUSIVE, max(worst.n, best.n), 0, _open(worst, best), worst.time)


def _follow(boundaries: Boundaries, flags: Sequence[bool], time: Time) -> _End:
    first: Outcome | None = None
    n = violations = 0
    spread = 1.0
    for n, violations in enumerate(accumulate(flags[: boundaries.cap]), 1):
        first = first or boundaries.at(n, violations)
        if first is None or boundaries.at(n, violations) is None:
            continue
        spread = time(flags[:n])
        if found := boundaries.at(n, violations, spread):
            return _End(found if found is first else Outcome.INCONCLUSIVE, n, violations, spread, True)
    return _End(Outcome.INCONCLUSIVE, n, violations, spread, n >= boundaries.cap)


def _told(boundaries: Boundaries, end: _End) -> Walk:
    low, high = boundaries.limits(end.n, end.time)
    limit = f"at most {low} is a PASS" if end.outcome is Outcome.PASS else f"at least {high} is a FAIL"
    effective = f" (worth {end.n / end.time:.0f} independent ones)" if end.time > 1.0 else ""
    why = f"{end.violations} of {end.n} requests{effective} broke it; here {limit}"
    return Walk(end.outcome, end.n, 0, why, end.time)


def _open(worst: _End, best: _End) -> str:
    seen = f"{worst.violations}" if worst.violations == best.violations else f"{best.violations} to {worst.violations}"
    effective = f" (worth {worst.n / worst.time:.0f} independent ones)" if worst.time > 1.0 else ""
    return f"{seen} of {worst.n} requests{effective} broke it: between the two answers"
