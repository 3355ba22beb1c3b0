"""How often a comparison is wrong, on services of known latency: at most one in twenty, come what may."""

from collections.abc import Sequence

import pytest

from leanrag.compare.evidence import ALPHA, Evidence, evidence
from leanrag.compare.measures import Measure
from leanrag.compare.sample import Sample, sample
from leanrag.compare.sides import Side

from .sides import side

RUNS, TIMES = 3, 200
# Of 200 comparisons at 5 %, more than 19 are seen once in 370 times (binomial).
MOST = 19
TTFT = Measure("ttft", 95.0)
MARGIN = 0.18232155679395462  # ln 1.2


def samples(one: Side) -> Sequence[Sample]:
    return [sample(stage, 0) for run in one.runs for stage in run.stages.values()]


def seen(at: int, factor: float, rho: float, between: float) -> Evidence:
    first = 1000 * at
    base = samples(side("base", range(first, first + RUNS), 200, 1.0, rho, between))
    new = samples(side("new", range(first + 500, first + 500 + RUNS), 200, factor, rho, between))
    return evidence(TTFT, "load", (base, new), (), at, draws=200)


CASES = pytest.mark.parametrize(("rho", "between"), [(0.0, 0.0), (0.5, 0.0), (0.8, 0.0), (0.0, 0.05)])


@pytest.mark.long
@CASES
def test_the_same_service_is_rarely_called_worse_or_better(rho: float, between: float) -> None:
    found = [seen(at, 1.0, rho, between) for at in range(TIMES)]
    assert sum(one.above(0.0) <= ALPHA for one in found) <= MOST
    assert sum(one.below(0.0) <= ALPHA for one in found) <= MOST


@pytest.mark.long
@CASES
def test_a_service_at_the_margin_is_rarely_said_to_be_within_it(rho: float, between: float) -> None:
    found = [seen(at, 1.2, rho, between) for at in range(TIMES)]
    assert sum(one.below(MARGIN) <= ALPHA for one in found) <= MOST
