"""A histogram of an engine, read as what it is: counts between edges, so every answer is a range, rarely a point."""

import math
from collections import defaultdict
from dataclasses import dataclass

from leanrag.engine.snapshot import Samples, wire

# Increases are differences of floats; a count is whole.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure lies: `low` and `high` are the same where an edge of the histogram makes it exact."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether nothing is left open."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Histogram:
    """`buckets` are (upper edge, observations at or below it), by edge, the last edge infinite; `sum` of all values."""

    buckets: tuple[tuple[float, float], ...]
    count: float
    sum: float

    @property
    def mean(self) -> float | None:
        """The mean, exact; None of nothing."""
        return self.sum / self.count if self.count else None

    def share_above(self, limit: float) -> Range | None:
        """Return the share of observations above a limit; None of nothing. Exact where the limit is an edge."""
        if not self.count:
            return None
        surely = max((held for edge, held in self.buckets if edge <= limit), default=0.0)
        perhaps = min((held for edge, held in self.buckets if edge >= limit), default=self.count)
        return Range(1 - perhaps / self.count, 1 - surely / self.count)

    def quantile(self, q: float) -> Range | None:
        """Return the edges of the bucket that holds a quantile (0 to 1): nothing finer is known. None of nothing.

        The first bucket begins at 0, as every metric of an engine does; the last has no end.
        """
        low = 0.0
        for edge, held in self.buckets:
            if self.count and held + _ROUNDING >= q * self.count and held > 0:
                return Range(low, edge)
            low = edge
        return None


def histogram(samples: Samples, name: str, **labels: str) -> Histogram | None:
    """Return a histogram of a snapshot (since the engine's start) or a delta, summed over all series with these labels.

    None when it is absent, or says what no histogram can: figures that are no numbers, counts that fall. Series of
    different edges are added at the edges that all have.
    """
    edges: dict[float, list[float]] = defaultdict(list)
    for each, value in samples.items():
        if each.name in wire(name, "_bucket") and each.has(labels):
            edges[_edge(each.label("le"))].append(value)
    counts = _values(samples, wire(name, "_count"), labels)
    sums = _values(samples, wire(name, "_sum"), labels)
    common = {edge: math.fsum(held) for edge, held in edges.items() if len(held) == len(counts)}
    found = Histogram(tuple(sorted(common.items())), math.fsum(counts), math.fsum(sums))
    return found if counts and _sound(found) else None


def _values(samples: Samples, names: frozenset[str], labels: dict[str, str]) -> list[float]:
    return [value for each, value in samples.items() if each.name in names and each.has(labels)]


def _edge(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _sound(found: Histogram) -> bool:
    edges, held = [edge for edge, _ in found.buckets], [count for _, count in found.buckets]
    if not edges or edges[-1] != math.inf or any(math.isnan(edge) for edge in edges):
        return False
    numbers = all(math.isfinite(value) for value in (*held, found.count, found.sum))
    return numbers and held[0] >= 0 and held == sorted(held) and abs(held[-1] - found.count) <= _ROUNDING
