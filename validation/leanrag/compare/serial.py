"""How far one request tells of the next: the correlation time of a run, and the block that a bootstrap must keep whole.

Politis and White (Econometric Reviews 23, 2004, 53-70; correction of 2009): flat-top lag window, optimal length of the
circular block bootstrap. Ranks, not seconds: one outlier must not hide that neighbours are alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_LEAST_LAGS = 5
_THRESHOLD = 2.0


@dataclass(frozen=True, slots=True)
class Serial:
    """`tau`: requests that weigh as one independent one, at least 1; `block`: in requests; `lag1`: -1 to 1."""

    tau: float
    block: int
    lag1: float


def serial(values: Sequence[float]) -> Serial:
    """Return the correlation of a series in the order in which it was measured; infinite values rank highest."""
    n = len(values)
    ranks = _ranks(values)
    spread = math.fsum(r * r for r in ranks) / n if n else 0.0
    if n < 2 * _LEAST_LAGS or spread == 0.0:
        return Serial(1.0, 1, 0.0)
    most = min(n - 1, math.ceil(math.sqrt(n)) + _LEAST_LAGS)
    lags = [math.fsum(a * b for a, b in zip(ranks, ranks[k:], strict=False)) / n / spread for k in range(most + 1)]
    window = min(2 * max(1, _last_seen(lags, n)), most)
    weights = [_flat_top(k / window) for k in range(window + 1)]
    level = 1 + 2 * math.fsum(w * r for w, r in zip(weights[1:], lags[1:], strict=False))
    slope = 2 * math.fsum(k * weights[k] * lags[k] for k in range(1, window + 1))
    # Negative correlation makes a mean more certain than independence would; nobody gets credit for that.
    tau = max(1.0, level)
    wanted = (1.5 * slope * slope / (tau * tau)) ** (1 / 3) * n ** (1 / 3)
    longest = max(1.0, min(3 * math.sqrt(n), n / 3))
    return Serial(tau, max(1, math.ceil(min(wanted, longest))) if tau > 1 else 1, lags[1])


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks less their mean; equal values share one, so that ties in the clock are no correlation."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, middle, first = [0.0] * len(values), (len(values) - 1) / 2, 0
    for place in range(1, len(order) + 1):
        if place == len(order) or values[order[place]] != values[order[first]]:
            for each in order[first:place]:
                ranks[each] = (first + place - 1) / 2 - middle
            first = place
    return ranks


def _last_seen(lags: Sequence[float], n: int) -> int:
    """The lag after which five in a row are no more than chance."""
    noise = _THRESHOLD * math.sqrt(math.log10(n) / n)
    for lag in range(len(lags)):
        if all(abs(r) < noise for r in lags[lag + 1 : lag + 1 + _LEAST_LAGS]):
            return lag
    return len(lags) - 1


def _flat_top(share: float) -> float:
    return 1.0 if share <= 0.5 else max(0.0, 2 * (1 - share))
