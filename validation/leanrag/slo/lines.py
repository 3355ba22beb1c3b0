"""Boundaries of a sequential test in whole violations, and what they do at one true share, summed exactly."""

import math
from dataclasses import dataclass
from itertools import pairwise

from leanrag.core.outcome import Outcome
from leanrag.slo.objectives import Zone

# 12 * (1 / 4) may come out as 2.9999999999999996; a threshold must not depend on it.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Boundaries:
    """When to stop: after n requests PASS at or under `pass_at[n]` violations, FAIL at or over `fail_at[n]`.

    Where it does not look they are -1 and n + 1, which no count reaches. `slope` is in violations a request; `back` and
    `ahead` are how far the lines lie from it, in violations (infinite: it decides by the cuts only). `cuts` are the
    thresholds at the cap. alpha: the most that `zone.bad` passes; beta: the most that `zone.good` fails.
    """

    allowed: float
    zone: Zone
    alpha: float
    beta: float
    slope: float
    back: float
    ahead: float
    cuts: tuple[int, int]
    pass_at: tuple[int, ...]
    fail_at: tuple[int, ...]

    @property
    def cap(self) -> int:
        """The most requests it takes."""
        return len(self.pass_at) - 1

    def limits(self, n: int, time: float = 1.0) -> tuple[int, int]:
        """Return how many violations of n requests are at most a PASS and at least a FAIL.

        `time` is the autocorrelation time in requests, 1 for independent ones. The variance of a count is `time` times
        as large, so the lines stand `time` times as far away and the cuts keep their distance in standard errors.
        """
        exact = (self.pass_at[n], self.fail_at[n])
        if time <= 1.0 or exact == silent(n):
            return exact
        centres = self.zone.bad * self.cap, self.zone.good * self.cap
        passing, failing = (
            centre + math.sqrt(time) * (cut - centre) for centre, cut in zip(centres, self.cuts, strict=True)
        )
        return thresholds(n, self.cap, self.slope, (self.back * time, self.ahead * time), (passing, failing))

    def at(self, n: int, violations: int, time: float = 1.0) -> Outcome | None:
        """Return PASS or FAIL for this many violations of n requests; None: no decision here."""
        low, high = self.limits(n, time)
        return Outcome.PASS if violations <= low else Outcome.FAIL if violations >= high else None


@dataclass(frozen=True, slots=True)
class Operating:
    """What a test does at one true share: probabilities that sum to 1, and the requests it takes on average."""

    passed: float
    failed: float
    undecided: float
    mean_n: float


def thresholds(n: int, cap: int, slope: float, away: tuple[float, float], cuts: tuple[float, float]) -> tuple[int, int]:
    """Return the PASS and FAIL thresholds after n requests, in whole violations.

    Curtailed: what every possible rest of the run would say at the cap need not be waited for.
    """
    low = max(slope * n - away[0], cuts[0] - (cap - n))
    high = min(slope * n + away[1], cuts[1])
    return max(-1, math.floor(low + _ROUNDING)), min(n + 1, math.ceil(high - _ROUNDING))


def drawn(
    allowed: float,
    zone: Zone,
    errors: tuple[float, float],
    line: tuple[float, float, float],
    cuts: tuple[int, int],
    looks: frozenset[int],
) -> Boundaries:
    """Return boundaries from (slope, back, ahead), the cuts at the cap and the numbers of requests it looks after."""
    cap, (slope, back, ahead) = max(looks), line
    both = [thresholds(n, cap, slope, (back, ahead), cuts) if n in looks else silent(n) for n in range(cap + 1)]
    low, high = zip(*both, strict=True)
    return Boundaries(allowed, zone, *errors, slope, back, ahead, cuts, low, high)


def silent(n: int) -> tuple[int, int]:
    """Return the thresholds after n requests where it does not look: no count reaches them."""
    return -1, n + 1


def operating(boundaries: Boundaries, share: float) -> Operating:
    """Return what the test does when this share of requests breaks the promise, independently of each other.

    Exact up to rounding: the probability of every count that is still undecided is carried from request to request.
    """
    alive, fewest = [1.0], 0
    passed = failed = mean = 0.0
    for n in range(1, boundaries.cap + 1):
        alive = _next(alive, share)
        below = min(len(alive), max(0, boundaries.pass_at[n] - fewest + 1))
        above = max(below, min(len(alive), boundaries.fail_at[n] - fewest))
        ended_well, ended_badly = sum(alive[:below]), sum(alive[above:])
        passed, failed, mean = passed + ended_well, failed + ended_badly, mean + n * (ended_well + ended_badly)
        alive, fewest = alive[below:above], fewest + below
        if not alive:
            break
    undecided = sum(alive)
    return Operating(passed, failed, undecided, mean + boundaries.cap * undecided)


def _next(alive: list[float], share: float) -> list[float]:
    rest = 1.0 - share
    return [
        rest * alive[0],
        *[rest * here + share * before for before, here in pairwise(alive)],
        share * alive[-1],
    ]
