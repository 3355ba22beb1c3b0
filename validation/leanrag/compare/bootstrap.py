"""Circular block bootstrap: what a figure would be in other runs of the same service, neighbours kept together."""

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

T = TypeVar("T")
DRAWS = 2000


def resamples(
    runs: Sequence[Sequence[T]],
    blocks: Sequence[int],
    statistic: Callable[[list[T]], float],
    seed: int,
    draws: int = DRAWS,
) -> list[float]:
    """Return the statistic of `draws` resamples; each run is resampled by itself, in blocks of its own length."""
    draw = random.Random(seed)
    around = [(len(run), [*run, *run[: block - 1]], block) for run, block in zip(runs, blocks, strict=True)]
    return [statistic(_resample(around, draw)) for _ in range(draws)]


def _resample(around: Sequence[tuple[int, list[T], int]], draw: random.Random) -> list[T]:
    found: list[T] = []
    for n, run, block in around:
        if block == 1:
            found += draw.choices(run, k=n)
            continue
        starts = draw.choices(range(n), k=math.ceil(n / block))
        found += list(chain.from_iterable(run[start : start + block] for start in starts))[:n]
    return found


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


def log_ratio(over: float, under: float) -> float:
    """Return ln(over / under); two that are not finite or not positive cannot be compared: NaN."""
    if (math.isinf(over) and math.isinf(under)) or over <= 0 or under <= 0:
        return math.nan
    return math.inf if math.isinf(over) else -math.inf if math.isinf(under) else math.log(over / under)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Resampled values of one figure, sorted; `lost` of them could not be told and count against every claim."""

    values: tuple[float, ...]
    lost: int = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Drawn":
        """Sort them, NaN apart."""
        known = tuple(sorted(value for value in values if not math.isnan(value)))
        return cls(known, len(values) - len(known))

    def above(self, limit: float) -> float:
        """Return the p-value of "the figure is above the limit"; never 0, for no number of draws proves that."""
        return self._share(bisect_right(self.values, limit))

    def below(self, limit: float) -> float:
        """Return the p-value of "the figure is below the limit"."""
        return self._share(len(self.values) - bisect_left(self.values, limit))

    def _share(self, against: int) -> float:
        return (against + self.lost + 1) / (len(self.values) + self.lost + 1)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each at confidence 1 - alpha; infinite where too few are known."""
        least = [-math.inf] * self.lost + list(self.values)
        most = list(self.values) + [math.inf] * self.lost
        return quantile(least, alpha), quantile(most, 1 - alpha)
