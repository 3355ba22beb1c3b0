"""The statistics of a comparison, against published figures and against numbers drawn from a known law."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.compare import student
from leanrag.compare.bootstrap import Drawn, log_ratio, quantile, resamples
from leanrag.compare.holm import adjusted
from leanrag.compare.serial import serial
from leanrag.compare.shares import Difference, Share

TAIL_OF_95 = {1: 6.314, 2: 2.920, 4: 2.132, 5: 2.015, 8: 1.860, 10: 1.812, 30: 1.697, 120: 1.658}


@pytest.mark.parametrize(("df", "t"), TAIL_OF_95.items())
def test_students_quantiles_are_those_of_the_tables(df: int, t: float) -> None:
    assert student.quantile(0.95, df) == pytest.approx(t, abs=6e-4)
    assert student.above(t, df) == pytest.approx(0.05, abs=5e-5)
    assert student.above(-t, df) == pytest.approx(0.95, abs=5e-5)


def test_newcombes_interval_is_the_published_one() -> None:
    # Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/20.
    for left, right, low, high in (
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0),
    ):
        assert Difference(left, right).interval(1.959964) == pytest.approx((low, high), abs=2e-4)


def test_the_p_value_of_a_share_is_where_its_bound_gets_there() -> None:
    seen = Difference(Share(12, 200), Share(3, 200))
    low, high = seen.bounds(0.05)
    assert seen.above(low) == pytest.approx(0.05, abs=1e-6)
    assert seen.below(high) == pytest.approx(0.05, abs=1e-6)
    assert seen.above(0.2) == 1.0


def test_no_failure_in_few_requests_proves_little() -> None:
    assert Difference(Share(0, 20), Share(0, 20)).below(0.02) > 0.1
    assert Difference(Share(0, 2000), Share(0, 2000)).below(0.02) < 0.001


def test_holm_keeps_the_order_and_is_never_milder_than_the_single_test() -> None:
    assert adjusted((0.01, 0.04, 0.03)) == pytest.approx((0.03, 0.06, 0.06))
    assert adjusted(()) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_is_between_the_single_test_and_bonferroni(values: list[float]) -> None:
    for before, after in zip(values, adjusted(values), strict=True):
        assert before <= after <= min(1.0, len(values) * before) or after == pytest.approx(max(adjusted(values)))


def _ar(n: int, rho: float, seed: int) -> list[float]:
    draw, x, found = random.Random(seed), 0.0, []
    for _ in range(n):
        x = rho * x + math.sqrt(1 - rho * rho) * draw.gauss(0, 1)
        found.append(math.exp(0.5 * x))
    return found


def test_independent_requests_need_no_blocks() -> None:
    found = [serial(_ar(400, 0.0, seed)) for seed in range(20)]
    assert sum(one.block for one in found) / 20 < 4
    assert sum(one.tau for one in found) / 20 < 1.25


def test_the_correlation_time_is_that_of_the_series() -> None:
    # Ranks of an AR(1) with 0.8: tau (1 + 0.8) / (1 - 0.8) = 9 for the normal scores, a little less for ranks.
    found = [serial(_ar(2000, 0.8, seed)) for seed in range(20)]
    assert 6.5 < sum(one.tau for one in found) / 20 < 10
    assert 15 < sum(one.block for one in found) / 20 < 60
    assert found[0].lag1 == pytest.approx(0.78, abs=0.06)


def test_equal_and_infinite_values_are_a_series_too() -> None:
    assert serial([1.0] * 50).block == 1
    assert serial([]).tau == 1.0
    assert serial([math.inf, 1.0] * 100).tau == 1.0  # alternating: no credit


def test_a_resample_keeps_neighbours_together_and_the_length() -> None:
    seen: list[list[int]] = []

    def keep(sample: list[int]) -> float:
        seen.append(sample)
        return 0.0

    resamples([range(100)], [10], keep, seed=1, draws=50)
    assert all(len(sample) == 100 for sample in seen)
    breaks = [sum((b - a) % 100 != 1 for a, b in pairwise(s)) for s in seen]
    assert max(breaks) <= 9


def test_runs_are_resampled_each_by_itself() -> None:
    found = resamples([[0.0] * 30, [1.0] * 10], [1, 1], lambda s: sum(s) / len(s), seed=1, draws=20)
    assert set(found) == {0.25}


def test_a_failed_request_is_slower_than_all_and_two_of_them_cannot_be_compared() -> None:
    assert quantile([1.0, math.inf], 0.95) == math.inf
    assert log_ratio(math.inf, 1.0) == math.inf
    assert log_ratio(1.0, math.inf) == -math.inf
    for over, under in ((math.inf, math.inf), (0.0, 1.0), (1.0, 0.0), (-1.0, 1.0)):
        assert math.isnan(log_ratio(over, under))


def test_a_draw_that_cannot_be_told_counts_against_every_claim() -> None:
    drawn = Drawn.of([1.0] * 50 + [math.nan] * 50)
    assert drawn.above(0.0) > 0.5
    assert drawn.below(2.0) > 0.5
    assert drawn.bounds(0.05) == (-math.inf, math.inf)


def test_draws_prove_no_more_than_their_number() -> None:
    assert Drawn.of([1.0] * 99).above(0.0) == pytest.approx(0.01)
