"""How far the requests of one run hang together, and how many independent ones they are worth.

Requests share batches and queues, so slow ones come in company and a count of them spreads more widely than a binomial
one: its variance is the autocorrelation time as large (central limit theorem for stationary series). Violations are too
few to measure that by. Latencies are not: their ranks, as normal scores, give the correlation at every lag, and a
Gaussian copula turns that into the correlation of being beyond any limit. Violations that come together although the
latencies do not are found by the exact distribution of runs. What neither can see: bursts so rare that none has
happened yet, and a drift slower than the run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import NormalDist, fmean

from leanrag.core.outcome import Outcome
from leanrag.slo.decide import Observation
from leanrag.slo.lines import Boundaries
from leanrag.slo.walk import Walk, walk

# Where a violation is followed by another more often than not, counting them says nothing: no PASS.
LIMIT = 0.5
# Fewer latencies tell no correlation from none.
FEWEST = 30
_LAGS = 20
_REMEASURED = 10
_CLUMPED = 0.01
_CLOSEST = 0.99
_GRID = 100


@dataclass(frozen=True, slots=True)
class Correlation:
    """What was measured of one promise: both lag-1 autocorrelations (None: no figure) and what follows from them.

    `time` is the autocorrelation time of the violations in requests, 1 for independent ones. `following` is the
    correlation of a violation with the next request's, the larger of what latencies imply and what violations show.
    """

    n: int
    latencies: float | None
    violations: float | None
    following: float
    time: float

    @property
    def effective(self) -> float:
        """How many independent requests these are worth."""
        return self.n / self.time

    @property
    def refused(self) -> bool:
        """Whether the requests hang together too closely for a PASS."""
        return self.following > LIMIT


def lag1(values: Sequence[float]) -> float | None:
    """Return the autocorrelation of a series at lag 1; None for fewer than three values or constant ones."""
    return _lag(values, 1) if len(values) > 2 else None


def _lag(values: Sequence[float], lag: int) -> float | None:
    mean = fmean(values)
    away = [value - mean for value in values]
    spread = math.fsum(one * one for one in away)
    # Rounding leaves a little spread of equal values.
    if spread <= 1e-18 * len(values) * (1.0 + mean * mean):
        return None
    return math.fsum(one * other for one, other in zip(away, away[lag:], strict=False)) / spread


def autocorrelation_time(values: Sequence[float], share: float) -> float:
    """Return the autocorrelation time, in requests, of the worst `share` of these latencies; at least 1.

    The larger of two sums over lags: of the correlations measured, up to the first that is not positive, and of the
    powers of the first, as when each request depends on the one before it.
    """
    if len(values) < FEWEST:
        return 1.0
    scores = normal_scores(values)
    first = _lag(scores, 1) or 0.0
    measured, lag, seen = 0.0, 1, first
    while seen > 0.0 and lag <= _LAGS:
        measured, lag = measured + implied(seen, share), lag + 1
        seen = _lag(scores, lag) or 0.0
    return 1.0 + 2.0 * max(measured, _powers(max(0.0, first), share))


def _powers(first: float, share: float) -> float:
    total, power = 0.0, min(first, _CLOSEST)
    while (one := implied(power, share)) > 1e-4:
        total, power = total + one, power * min(first, _CLOSEST)
    return total


def normal_scores(values: Sequence[float]) -> list[float]:
    """Return what each value's rank is in a normal distribution (van der Waerden); equal values share their mean."""
    order = sorted(range(len(values)), key=values.__getitem__)
    table, scores, start = _normal_table(len(values)), [0.0] * len(values), 0
    while start < len(order):
        end = start + 1
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            scores[place] = fmean(table[start:end])
        start = end
    return scores


@lru_cache(maxsize=64)
def _normal_table(n: int) -> tuple[float, ...]:
    normal = NormalDist()
    return tuple(normal.inv_cdf((rank + 0.5) / n) for rank in range(n))


def implied(correlation: float, share: float) -> float:
    """Return the correlation of "is among the worst `share`" of two normal values with this correlation (0 to 0.99)."""
    place = min(max(correlation, 0.0), _CLOSEST) * _GRID
    table, below = _implied_table(share), min(int(place), _GRID - 2)
    return table[below] + (place - below) * (table[below + 1] - table[below])


@lru_cache(maxsize=64)
def _implied_table(share: float) -> tuple[float, ...]:
    # d P[both beyond] / d correlation is the bivariate normal density at the limit (Plackett, Biometrika 41, 1954).
    limit = NormalDist().inv_cdf(1.0 - share)

    def density(r: float) -> float:
        return math.exp(-limit * limit / (1.0 + r)) / (2.0 * math.pi * math.sqrt(1.0 - r * r))

    found, step = [0.0], 1.0 / _GRID
    for place in range(_GRID - 1):
        r = place * step
        area = step / 6.0 * (density(r) + 4.0 * density(r + step / 2.0) + density(r + step))
        found.append(found[-1] + area / (share * (1.0 - share)))
    return tuple(found)


def clumping(flags: Sequence[bool]) -> float:
    """Return the lag-1 correlation of violations when more of them follow each other than chance does once in 100 runs.

    Else 0: the few violations of a run give a figure of their own by chance.
    """
    violations, pairs = sum(flags), sum(one and other for one, other in pairwise(flags))
    if pairs and chance_of_pairs(len(flags), violations, pairs) < _CLUMPED:
        return min(max(lag1([float(flag) for flag in flags]) or 0.0, 0.0), _CLOSEST)
    return 0.0


def chance_of_pairs(n: int, violations: int, pairs: int) -> float:
    """Return P[at least so many violations follow directly on another] when their places among n are drawn by lot.

    Exact: pairs = violations - runs, and the number of runs is hypergeometric (Wald and Wolfowitz, 1940).
    """
    total = _log_choose(n, violations)
    return math.fsum(
        math.exp(_log_choose(violations - 1, runs - 1) + _log_choose(n - violations + 1, runs) - total)
        for runs in range(1, violations - pairs + 1)
        if runs <= n - violations + 1
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def measure(flags: Sequence[bool], values: Sequence[float | None], share: float) -> Correlation:
    """Return how closely requests hang together, in the order they were sent: violations, and latencies where known.

    `share` is what the promise allows. Latencies are compared by rank only, so their unit does not matter.
    """
    known = [value for value in values if value is not None and math.isfinite(value)]
    scores = normal_scores(known) if len(known) >= FEWEST else []
    latencies, clumped = lag1(scores), clumping(flags)
    # A violation that brings on the next one with this correlation: a two-state Markov chain.
    time = max(autocorrelation_time(known, share), (1.0 + clumped) / (1.0 - clumped))
    following = max(clumped, implied(latencies or 0.0, share))
    return Correlation(len(flags), latencies, lag1([float(flag) for flag in flags]), following, time)


def guarded(boundaries: Boundaries, outcomes: Sequence[bool | None], values: Sequence[float | None]) -> Walk:
    """Return the decision of a run whose requests may hang together; see `walk` for `outcomes`.

    `values` are the latencies in the same order; none at all when the promise has none. Measured anew every ten
    requests, and only where a decision is near. Correlation delays a decision, and at the cap leaves it open.
    """
    times: dict[int, float] = {}

    def time(flags: Sequence[bool]) -> float:
        n = max(FEWEST, len(flags) // _REMEASURED * _REMEASURED)
        if n not in times:
            known = [value for value in values[:n] if value is not None and math.isfinite(value)]
            times[n] = autocorrelation_time(known, boundaries.allowed)
        clumped = clumping(flags)
        return max(times[n], (1.0 + clumped) / (1.0 - clumped))

    found = walk(boundaries, outcomes, time)
    if found.decision is not Outcome.PASS:
        return found
    seen = measure([one is True for one in outcomes[: found.n]], values[: found.n], boundaries.allowed)
    if not seen.refused:
        return found
    why = f"violations follow each other too often to be counted (correlation {seen.following:.2f}, at most {LIMIT:g})"
    return Walk(Outcome.INCONCLUSIVE, found.n, 0, why, found.time)


def effective(seen: Observation, time: float) -> Observation:
    """Return what was seen as that many independent requests, for the test that looks once; rounding decides nothing.

    The effective sample size in exact bounds: Korn and Graubard, Survey Methodology 24 (1998).
    """
    n = math.floor(seen.n / time)
    surely = min(n, math.floor(seen.violations / time))
    perhaps = min(n, math.ceil((seen.violations + seen.undetermined) / time))
    return Observation(n, surely, perhaps - surely, seen.estimate)
