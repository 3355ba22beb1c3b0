"""What a gate does to services of every quality, beside the naive rule and the test that looks once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from leanrag.slo.binomial import at_most
from leanrag.slo.lines import Boundaries, Operating, operating
from leanrag.slo.objectives import Zone
from leanrag.slo.sequential import fixed


@dataclass(frozen=True, slots=True)
class Point:
    """One true share of violations: what the test does, the chance that the naive rule passes, and the exact test.

    Both others take `cap` requests. Naive: the percentile of the sample is at or under the limit.
    """

    share: float
    test: Operating
    naive: float
    exact: Operating


def characteristic(boundaries: Boundaries, shares: Sequence[float]) -> tuple[Point, ...]:
    """Return the operating characteristic at these shares, exact for independent requests."""
    once = fixed(boundaries.allowed, 1.0 - max(boundaries.alpha, boundaries.beta), boundaries.cap)
    return tuple(
        Point(
            share,
            operating(boundaries, share),
            naive(boundaries.allowed, boundaries.cap, share),
            operating(once, share),
        )
        for share in shares
    )


def naive(allowed: float, n: int, share: float) -> float:
    """Return the chance that at most the allowed share of n requests is slow: "the sample's p95 is under the limit"."""
    return at_most(math.floor(allowed * n + 1e-9), n, share)


def lognormal_share(allowed: float, ratio: float, sigma: float) -> float:
    """Return the share beyond the limit of lognormal latencies whose promised percentile is `ratio` times the limit."""
    normal = NormalDist()
    return 1.0 - normal.cdf(normal.inv_cdf(1.0 - allowed) - math.log(ratio) / sigma)


def notable(allowed: float, zone: Zone | None) -> tuple[float, ...]:
    """Return the shares that a reader asks about: far better, good, between, bad, far worse."""
    good, bad = (zone.good, zone.bad) if zone else (allowed / 2, min(2 * allowed, 0.99))
    between = (good + allowed) / 2, allowed, (allowed + bad) / 2
    return (good / 2, good, *between, bad, *(share for share in (1.5 * bad, 2 * bad) if share < 1.0))
