"""From an `slo:` block to the test of each promise: what will decide, with what errors, after how many requests."""

import math
from dataclasses import dataclass
from typing import Literal

from leanrag.slo.alpha import levels
from leanrag.slo.lines import Boundaries, Operating, operating
from leanrag.slo.objectives import Metric, Objective, Slo
from leanrag.slo.sequential import FIRST, boundaries, extended, fixed, fixed_n

# A run that takes four times the fixed number is over: correlation alone could ask for so many.
_MOST_FOLD = 4

# Their figures are of the whole run, not of single requests in the order they were sent.
_WHOLE_RUN: tuple[Metric, ...] = ("queue", "throughput")

Kind = Literal["sequential", "exact", "extended"]


@dataclass(frozen=True, slots=True)
class Planned:
    """The test of one promise: sequential (between the bounds of its zone), exact (one look) or extended (two)."""

    objective: Objective
    kind: Kind
    boundaries: Boundaries

    @property
    def earliest(self) -> int | None:
        """The fewest requests after which it can pass, when none breaks the promise; None when it never can."""
        return next((n for n, most in enumerate(self.boundaries.pass_at) if most >= 0), None)

    @property
    def ends(self) -> tuple[Operating, Operating] | None:
        """What it does at the good and at the bad end of the zone; None without one."""
        zone = self.boundaries.zone
        return (
            None
            if self.objective.zone is None
            else (
                operating(self.boundaries, zone.good),
                operating(self.boundaries, zone.bad),
            )
        )


def plan(slo: Slo, first: int = FIRST, every: int = 1) -> tuple[Planned, ...]:
    """Return the test of every promise that is about single requests, in the order they are written.

    A declared extension raises the cap of the sequential tests, whose errors count every look; the others look twice.
    Sequential tests look after `first` requests and then after each `every`. Raises InputError for a zone that no run
    can decide.
    """
    counted = [one for one in slo.objectives if one.metric not in _WHOLE_RUN]
    return tuple(_planned(one, slo, len(slo.objectives), first, every) for one in counted)


def _planned(one: Objective, slo: Slo, promises: int, first: int, every: int) -> Planned:
    share, n = levels(one.confidence, promises, slo.share_alpha), slo.traffic.requests
    more = math.floor(n * slo.extension + 1e-9)
    if slo.decision == "sequential" and one.zone:
        errors = share.false_pass, share.false_block
        cap = min(n + more, _MOST_FOLD * fixed_n(one.zone, *errors)[0])
        return Planned(one, "sequential", boundaries(one.allowed, one.zone, *errors, cap, first, every))
    if more:
        return Planned(one, "extended", extended(one.allowed, one.confidence, n, more))
    return Planned(one, "exact", fixed(one.allowed, one.confidence, n))
