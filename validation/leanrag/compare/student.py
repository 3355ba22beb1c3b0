"""Student's t for whole degrees of freedom, in closed form (Abramowitz and Stegun 26.7.3 and 26.7.4), without SciPy."""

import math
from functools import lru_cache

_HALVINGS = 80


def above(t: float, df: int) -> float:
    """Return P[T > t] with `df` degrees of freedom, at least 1."""
    if math.isinf(t):
        return 0.0 if t > 0 else 1.0
    half = _within(abs(t), df) / 2
    return 0.5 - half if t >= 0 else 0.5 + half


def _within(t: float, df: int) -> float:
    """P[|T| <= t]: a finite series in the cosine of the angle whose tangent is t / sqrt(df)."""
    angle = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    first = 1 if df % 2 else 0
    term, total = (cosine, 0.0) if first else (1.0, 0.0)
    for power in range(first, df - 1, 2):
        total += term
        term *= cosine * cosine * (power + 1) / (power + 2)
    return 2 / math.pi * (angle + sine * total) if first else sine * total


@lru_cache(maxsize=256)
def quantile(confidence: float, df: int) -> float:
    """Return the t that T does not exceed with this probability, 0.5 to 1."""
    low, high = 0.0, 1.0
    while above(high, df) > 1 - confidence:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if above(middle, df) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high
