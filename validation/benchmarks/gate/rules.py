"""Other rules as boundaries, so that their errors can be summed exactly; and the least that any rule takes."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from leanrag.slo.binomial import proves_within
from leanrag.slo.lines import Boundaries, drawn
from leanrag.slo.objectives import Zone


def sprt(allowed: float, zone: Zone, error: float, cap: int, passes: int) -> Boundaries:
    """Wald's own test after every request; at the cap it passes up to so many violations and fails all others."""
    rise = math.log(zone.bad * (1 - zone.good) / (zone.good * (1 - zone.bad)))
    away = math.log((1 - error) / error) / rise
    slope = math.log((1 - zone.good) / (1 - zone.bad)) / rise
    looks = frozenset(range(1, cap + 1))
    return drawn(allowed, zone, (error, error), (slope, away, away), (passes, passes + 1), looks)


def mlperf(allowed: float, confidence: float, cap: int) -> Boundaries:
    """The exact test for a PASS, repeated after every request as if each were the only look; it never fails."""
    most, found = -1, [-1]
    for n in range(1, cap + 1):
        while proves_within(most + 1, n, allowed, confidence):
            most += 1
        found.append(most)
    return _counted(allowed, 1 - confidence, found, list(range(1, cap + 2)))


def evalue(allowed: float, error: float, cap: int, a: float, b: float) -> Boundaries:
    """Betting against "at the limit" with a Beta(a, b) prior cut off at the limit, one bet for either side."""
    whole, needed = _incomplete(allowed, a, b), -math.log(error)
    start = _log_beta(a, b)

    def log_e(k: int, n: int, below: bool) -> float:
        inside = _incomplete(allowed, a + k, b + n - k)
        mass = inside / whole if below else (1 - inside) / (1 - whole)
        if mass <= 0.0:
            return -math.inf
        fair = k * math.log(allowed) + (n - k) * math.log1p(-allowed)
        return math.log(mass) + _log_beta(a + k, b + n - k) - start - fair

    low, high, passes, fails = -1, 1, [-1], [1]
    for n in range(1, cap + 1):
        while log_e(low + 1, n, True) >= needed:
            low += 1
        while high <= n and log_e(high, n, False) < needed:
            high += 1
        passes.append(low)
        fails.append(high)
    return _counted(allowed, error, passes, fails)


def _counted(allowed: float, error: float, passes: list[int], fails: list[int]) -> Boundaries:
    ends = (passes[-1], fails[-1])
    nowhere = (allowed, math.inf, math.inf)
    return Boundaries(allowed, Zone(allowed, allowed), error, error, *nowhere, ends, tuple(passes), tuple(fails))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


@lru_cache(maxsize=1)
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(200)


def _incomplete(x: float, a: float, b: float) -> float:
    """The share of Beta(a, b) at or below x, by quadrature in the square root of the variable (a may be 1/2)."""
    nodes, weights = _nodes()
    root = math.sqrt(x)
    u = root * (nodes + 1) / 2
    density = (2 * a - 1) * np.log(u) + (b - 1) * np.log1p(-u * u) - _log_beta(a, b)
    return min(1.0, float(root * np.sum(weights * np.exp(density))))


def least(zone: Zone, cap: int, errors: float, undecided: tuple[float, float]) -> float:
    """Return a mean number of requests, over both ends of the zone, that no test goes below.

    Of all tests that take at most `cap` requests, err at most so often and leave these shares undecided. By Lagrangian
    duality: for any prices of the errors, the cheapest test (backward induction) bounds what each of them must take.
    """

    def bound(prices: np.ndarray) -> float:
        wrong_pass, wrong_block, none = np.exp(prices)
        paid = wrong_pass * errors + wrong_block * errors + none * sum(undecided)
        return float(_cheapest(zone, cap, wrong_pass, wrong_block, none) - paid)

    return _climb(bound, np.log([1000.0, 1000.0, 100.0]))


def _cheapest(zone: Zone, cap: int, wrong_pass: float, wrong_block: float, none: float) -> float:
    value = np.zeros(0)
    for n in range(cap, -1, -1):
        k = np.arange(n + 1)
        good, bad = (np.exp(k * math.log(p) + (n - k) * math.log1p(-p)) for p in (zone.good, zone.bad))
        stop = np.minimum(np.minimum(wrong_pass * bad, wrong_block * good), none * (good + bad))
        value = stop if n == cap else np.minimum(stop, (good + bad) / 2 + value[1:] + value[:-1])
    return float(value[0])


def _climb(bound: Callable[[np.ndarray], float], at: np.ndarray) -> float:
    """Coordinate ascent on a concave function of three prices."""
    best, step = bound(at), 1.0
    while step > 0.01:
        tried = [at + sign * step * unit for unit in np.eye(len(at)) for sign in (1, -1)]
        values = [bound(one) for one in tried]
        if max(values) > best:
            best = max(values)
            at = tried[values.index(best)]
        else:
            step /= 2
    return best
