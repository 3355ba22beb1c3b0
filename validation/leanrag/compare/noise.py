"""How much the same code differs from itself, run by run: what no bootstrap within a run can see.

On a shared GPU whole runs swing by 13 % while requests inside one agree within 1 %, so a claim needs both.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.compare import student

# Five runs of the same code; with fewer, Student's t asks for more than a margin ever gives.
LEAST_DF = 4
MARGIN_FACTOR = 2.0


@dataclass(frozen=True, slots=True)
class Noise:
    """The standard deviation between two sides of the same code, on a measure's scale, and how well it is known."""

    sd: float
    df: int

    def above(self, distance: float) -> float:
        """Return the p-value of "the figure is above a limit that lies `distance` below it"."""
        if self.sd == 0:
            return 0.0 if distance > 0 else 1.0
        return student.above(distance / self.sd, self.df)

    def half(self, alpha: float) -> float:
        """Return how far a bound at confidence 1 - alpha lies from the figure."""
        return student.quantile(1 - alpha, self.df) * self.sd

    @property
    def least_margin(self) -> float:
        """The smallest margin that means anything, on the measure's scale."""
        return MARGIN_FACTOR * self.sd

    @property
    def easy_margin(self) -> float:
        """The margin that the same code keeps in about nine comparisons of ten."""
        return (student.quantile(0.95, self.df) + student.quantile(0.9, self.df)) * self.sd


def noise(groups: Sequence[Sequence[float]], base: int, new: int) -> Noise | None:
    """Return the noise between sides of so many runs each, from groups of runs of the same code, one figure a run.

    None when it is not known: too few runs, or one without a figure.
    """
    df = sum(len(group) - 1 for group in groups if group)
    if df < LEAST_DF or any(not math.isfinite(value) for group in groups for value in group):
        return None
    squares = math.fsum((value - math.fsum(group) / len(group)) ** 2 for group in groups for value in group)
    return Noise(math.sqrt(squares / df * (1 / base + 1 / new)), df)
