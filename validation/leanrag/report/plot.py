"""The arithmetic of the plots, without markup: positions are shares of the width or height, 0 to 1."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# A range wider than this is shown on a log scale: on a linear one everything but the outliers would be one line.
LOG_FROM = 12.0
WIDTH = 1000
HEIGHT = 1000


def budget_position(share: float, allowed: float) -> float:
    """Return where a violation share lies on the budget scale: 0 at none, 0.5 at what is allowed, 1 at all requests.

    The left half is linear, so that half the budget is half the way; the right half is logarithmic, because what is
    over the limit may be over it by a little or by everything.
    """
    share, allowed = min(max(share, 0.0), 1.0), min(max(allowed, 0.0), 1.0)
    if allowed <= 0.0:
        return 0.5 if share <= 0.0 else 1.0
    if share <= allowed:
        return 0.5 * share / allowed
    return 0.5 + 0.5 * math.log(share / allowed) / math.log(1.0 / allowed)


@dataclass(frozen=True, slots=True)
class Axis:
    """A value axis from `low` to `high`, in the metric's unit."""

    low: float
    high: float
    log: bool

    def at(self, value: float) -> float:
        """Return where a value lies, 0 to 1, clipped at both ends."""
        if self.log:
            value = max(value, self.low)
            place = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            place = (value - self.low) / (self.high - self.low)
        return min(max(place, 0.0), 1.0)


def axis(values: Sequence[float], limit: float | None) -> Axis:
    """Return an axis that shows every value and the limit, with some room; logarithmic when the range is wide."""
    shown = [value for value in (*values, *(() if limit is None else (limit,))) if value > 0]
    if not shown:
        return Axis(0.0, 1.0, False)
    low, high = min(shown), max(shown)
    if high / low > LOG_FROM:
        return Axis(low / 1.15, high * 1.15, True)
    return Axis(0.0, high * 1.06, False)


def ticks(scale: Axis) -> tuple[float, ...]:
    """Return three to seven round values on an axis."""
    return tuple(_log_ticks(scale)) if scale.log else tuple(_linear_ticks(scale))


def _linear_ticks(scale: Axis) -> Iterable[float]:
    rough = (scale.high - scale.low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough)
    count = math.floor(scale.high / step)
    return (round(step * index, 12) for index in range(math.ceil(scale.low / step), count + 1))


def _log_ticks(scale: Axis) -> Iterable[float]:
    decades = range(math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high)) + 1)
    wide = math.log10(scale.high / scale.low) > 2
    for decade in decades:
        for factor in (1,) if wide else (1, 2, 5):
            if scale.low <= (value := factor * 10.0**decade) <= scale.high:
                yield value


def ecdf_path(values: Sequence[float], scale: Axis) -> str:
    """Return the SVG path of the share of values at or below each value, on a 1000 × 1000 field, origin top left."""
    if not values:
        return ""
    parts = [f"M0 {HEIGHT}"]
    for index, value in enumerate(sorted(values), start=1):
        parts.append(f"H{_whole(scale.at(value) * WIDTH)}V{_whole(HEIGHT * (1 - index / len(values)))}")
    return "".join((*parts, f"H{WIDTH}"))


def _whole(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that at least `percent` % of the values do not exceed; None for no values."""
    if not values:
        return None
    rank = math.ceil(len(values) * percent / 100 - 1e-9)
    return sorted(values)[max(rank, 1) - 1]


def share_within(values: Sequence[float], limit: float) -> float:
    """Return the share of values at or below a limit; nothing within nothing is 0."""
    return sum(value <= limit for value in values) / len(values) if values else 0.0
