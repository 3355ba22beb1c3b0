"""The difference of two shares that may both be zero: Newcombe's interval, on as many requests as are independent.

Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10. A bootstrap of no failures shows no failure for ever.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()
_FAR = 9.0
_HALVINGS = 60


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` among `n` requests that weigh as independent ones; neither need be whole."""

    hits: float
    n: float

    @property
    def value(self) -> float:
        """The share seen, 0 to 1."""
        return self.hits / self.n

    def wilson(self, z: float) -> tuple[float, float]:
        """Return the score interval at z standard deviations."""
        middle = (self.hits + z * z / 2) / (self.n + z * z)
        # Rounding must not make a share of none a little less than none.
        inside = max(0.0, self.value * (1 - self.value) / self.n + z * z / (4 * self.n * self.n))
        half = z * math.sqrt(inside) / (1 + z * z / self.n)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Difference:
    """`left` less `right`, and how sure one can be of it."""

    left: Share
    right: Share

    def interval(self, z: float) -> tuple[float, float]:
        """Return Newcombe's interval at z standard deviations."""
        (low, high), (under, over) = self.left.wilson(z), self.right.wilson(z)
        seen = self.left.value - self.right.value
        return (
            seen - math.hypot(self.left.value - low, over - self.right.value),
            seen + math.hypot(high - self.left.value, self.right.value - under),
        )

    def above(self, limit: float) -> float:
        """Return the p-value of "the difference is above the limit": the alpha at which its bound gets there."""
        return self._reaches(limit, 0, 1)

    def below(self, limit: float) -> float:
        """Return the p-value of "the difference is below the limit"."""
        return self._reaches(limit, 1, -1)

    def _reaches(self, limit: float, side: int, sign: int) -> float:
        if sign * (self.left.value - self.right.value - limit) <= 0:
            return 1.0
        low, high = 0.0, _FAR
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            if sign * (self.interval(middle)[side] - limit) > 0:
                low = middle
            else:
                high = middle
        return 1 - _NORMAL.cdf(low)

    def bounds(self, alpha: float) -> tuple[float, float]:
        """Return the lower and the upper bound, each at confidence 1 - alpha."""
        return self.interval(_NORMAL.inv_cdf(1 - alpha))
