"""Exact binomial tails, Clopper-Pearson bounds and required sample sizes, without SciPy.

Every bound is one-sided at the given confidence. Terms are summed in log space: with n up to a million the absolute
error stays below 1e-8, far under any confidence that a gate can use.
"""

import math
from functools import lru_cache
from statistics import NormalDist

# A gate never sends more; the bisection for the required number ends here.
MOST = 10_000_000
_HALVINGS = 60


def at_most(k: int, n: int, p: float) -> float:
    """Return P[X <= k] for X ~ Binomial(n, p)."""
    if k < 0:
        return 0.0
    if k >= n or p <= 0.0:
        return 1.0
    if p >= 1.0:
        return 0.0
    if k > n // 2:
        return max(0.0, 1.0 - _sum(n - k - 1, n, 1.0 - p))
    return min(1.0, _sum(k, n, p))


def at_least(k: int, n: int, p: float) -> float:
    """Return P[X >= k] for X ~ Binomial(n, p)."""
    return at_most(n - k, n, 1.0 - p)


def _sum(k: int, n: int, p: float) -> float:
    log_p, log_q, log_n = math.log(p), math.log1p(-p), math.lgamma(n + 1)
    return math.fsum(
        math.exp(log_n - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * log_p + (n - i) * log_q)
        for i in range(k + 1)
    )


def upper_bound(violations: int, n: int, confidence: float) -> float:
    """Return the share that the true one does not exceed, at this confidence (1.0 when nothing is known)."""
    if violations >= n:
        return 1.0
    low, high = violations / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if at_most(violations, n, middle) <= 1.0 - confidence:
            high = middle
        else:
            low = middle
    return high


def lower_bound(violations: int, n: int, confidence: float) -> float:
    """Return the share that the true one does not fall below, at this confidence (0.0 when nothing is known)."""
    return 1.0 - upper_bound(n - violations, n, confidence) if n else 0.0


def proves_within(violations: int, n: int, allowed: float, confidence: float) -> bool:
    """Whether the upper bound of the violation share is at or under `allowed`: what PASS means."""
    return n > 0 and at_most(violations, n, allowed) <= _alpha(confidence)


def proves_beyond(violations: int, n: int, allowed: float, confidence: float) -> bool:
    """Whether the lower bound of the violation share is above `allowed`: what FAIL means."""
    return n > 0 and at_least(violations, n, allowed) < _alpha(confidence)


def _alpha(confidence: float) -> float:
    # 1 - 0.95 is 0.05 plus rounding; a boundary case must not depend on which side the rounding fell.
    return round(1.0 - confidence, 12)


@lru_cache(maxsize=512)
def required(allowed: float, confidence: float, violations: int = 0) -> int | None:
    """Return the smallest n that can PASS with this many violations; None when more than ten million.

    p95 at 95 % and none: 59; p99 at 99 % and none, one: 459, 662, as MLPerf LoadGen's early_stopping.cc.
    """
    if not 0.0 < allowed < 1.0:
        return None
    low, high = violations, max(16, 2 * violations)
    while not proves_within(violations, high, allowed, confidence):
        if high > MOST:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if proves_within(violations, middle, allowed, confidence):
            high = middle
        else:
            low = middle
    return high


def required_at(share: float, allowed: float, confidence: float) -> int | None:
    """Return about how many requests PASS needs if violations keep coming at this share; None when they never do.

    By the normal approximation: near the allowed share the exact figure costs seconds and would be no truer a forecast.
    """
    if share >= allowed:
        return None
    distance = NormalDist().inv_cdf(confidence) / (allowed - share)
    return math.ceil(allowed * (1.0 - allowed) * distance**2)


def certain_failure(n: int, allowed: float, confidence: float) -> int:
    """Return the fewest violations of n that FAIL whatever the other requests do (n + 1 when none do)."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        if proves_beyond(middle, n, allowed, confidence):
            high = middle
        else:
            low = middle
    return high
