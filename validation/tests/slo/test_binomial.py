"""The statistics are exact: checked against published tables, exact fractions and whole enumerations."""

from fractions import Fraction
from math import comb, inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.slo.binomial import (
    at_least,
    at_most,
    certain_failure,
    lower_bound,
    proves_beyond,
    proves_within,
    required,
    required_at,
    upper_bound,
)

SEEN = (0, 1, 2, 3, 5, 10)
# Smallest n that can claim PASS, by the number of slow requests seen; 459 and 662 are MLPerf LoadGen's.
TABLE = {
    (0.10, 0.90): (22, 38, 52, None, 91, None),
    (0.10, 0.95): (29, 46, 61, 76, 103, 167),
    (0.10, 0.99): (44, 64, 81, None, 127, None),
    (0.05, 0.90): (45, 77, 105, None, 184, None),
    (0.05, 0.95): (59, 93, 124, 153, 208, 336),
    (0.05, 0.99): (90, 130, 165, 198, 259, 398),
    (0.01, 0.90): (230, 388, 531, None, 926, None),
    (0.01, 0.95): (299, 473, 628, 773, 1049, 1693),
    (0.01, 0.99): (459, 662, 838, 1001, 1307, 2010),
}
ERROR_FREE = {
    0.95: {0.05: 59, 0.02: 149, 0.01: 299, 0.005: 598, 0.001: 2995},
    0.99: {0.05: 90, 0.02: 228, 0.01: 459, 0.005: 919, 0.001: 4603},
}
shares = st.fractions(min_value=Fraction(1, 1000), max_value=Fraction(999, 1000), max_denominator=1000)


def exactly(k: int, n: int, p: Fraction) -> Fraction:
    return sum((comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)), Fraction(0))


@pytest.mark.parametrize(("allowed", "confidence"), TABLE)
def test_the_required_number_of_requests_is_the_published_table(allowed: float, confidence: float) -> None:
    wanted = TABLE[allowed, confidence]
    found = tuple(required(allowed, confidence, k) if n else None for k, n in zip(SEEN, wanted, strict=True))
    assert found == wanted


@pytest.mark.parametrize("confidence", ERROR_FREE)
def test_error_free_runs_need_the_published_numbers(confidence: float) -> None:
    assert {rate: required(rate, confidence) for rate in ERROR_FREE[confidence]} == ERROR_FREE[confidence]


def test_twenty_good_answers_prove_an_error_rate_under_14_percent_and_no_more() -> None:
    assert upper_bound(0, 20, 0.95) == pytest.approx(1 - 0.05 ** (1 / 20)) == pytest.approx(0.1391, abs=1e-4)


@given(n=st.integers(1, 120), k=st.integers(-1, 121), p=shares)
@settings(max_examples=200, deadline=None)
def test_the_tails_are_exact(n: int, k: int, p: Fraction) -> None:
    k = min(k, n + 1)
    assert at_most(k, n, float(p)) == pytest.approx(float(exactly(min(k, n), n, p)), abs=1e-11)
    assert at_least(k, n, float(p)) == pytest.approx(float(1 - exactly(k - 1, n, p)), abs=1e-11)


@pytest.mark.parametrize("n", [1, 5, 20, 59, 60])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_the_bounds_cover_the_truth_at_least_as_often_as_stated(n: int, confidence: float) -> None:
    """Enumerate every outcome of n requests: the share of runs whose bound misses stays under 1 - confidence."""
    upper = [upper_bound(k, n, confidence) for k in range(n + 1)]
    lower = [lower_bound(k, n, confidence) for k in range(n + 1)]
    for percent in range(1, 100, 3):
        p = Fraction(percent, 100)
        chance = [float(comb(n, k) * p**k * (1 - p) ** (n - k)) for k in range(n + 1)]
        assert sum(c for c, u in zip(chance, upper, strict=True) if u < percent / 100 - 1e-9) <= 1 - confidence + 1e-9
        assert (
            sum(c for c, low in zip(chance, lower, strict=True) if low > percent / 100 + 1e-9) <= 1 - confidence + 1e-9
        )


@given(n=st.integers(1, 400), data=st.data(), allowed=st.floats(0.001, 0.5), confidence=st.floats(0.5, 0.999))
@settings(deadline=None)
def test_one_violation_more_never_helps(n: int, data: st.DataObject, allowed: float, confidence: float) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert upper_bound(k, n, confidence) <= upper_bound(k + 1, n, confidence)
    assert lower_bound(k, n, confidence) <= lower_bound(k + 1, n, confidence)
    assert proves_within(k, n, allowed, confidence) or not proves_within(k + 1, n, allowed, confidence)
    assert not proves_beyond(k, n, allowed, confidence) or proves_beyond(k + 1, n, allowed, confidence)
    assert not (proves_within(k, n, allowed, confidence) and proves_beyond(k, n, allowed, confidence))


@given(n=st.integers(1, 300), data=st.data(), allowed=st.sampled_from([0.01, 0.05, 0.1]))
@settings(deadline=None)
def test_bounds_and_proofs_say_the_same(n: int, data: st.DataObject, allowed: float) -> None:
    k = data.draw(st.integers(0, n))
    assert proves_within(k, n, allowed, 0.95) == (upper_bound(k, n, 0.95) <= allowed)
    assert proves_beyond(k, n, allowed, 0.95) == (lower_bound(k, n, 0.95) > allowed)


@given(k=st.integers(0, 40), allowed=st.sampled_from([0.01, 0.05, 0.1]), confidence=st.sampled_from([0.9, 0.95, 0.99]))
@settings(deadline=None)
def test_the_required_number_is_the_smallest(k: int, allowed: float, confidence: float) -> None:
    n = required(allowed, confidence, k)
    assert n is not None
    assert proves_within(k, n, allowed, confidence) and not proves_within(k, n - 1, allowed, confidence)


@pytest.mark.parametrize("allowed", [0.0, -0.1, 1.0, 1.5, inf])
def test_an_impossible_share_has_no_required_number(allowed: float) -> None:
    assert required(allowed, 0.95) is None


def test_violations_at_the_allowed_share_never_become_enough() -> None:
    assert required_at(0.05, 0.05, 0.95) is None
    forecast = required_at(0.02, 0.05, 0.95)
    assert forecast is not None
    assert proves_within(round(0.02 * 2 * forecast), 2 * forecast, 0.05, 0.95)


@pytest.mark.parametrize("n", [10, 120, 336])
def test_a_run_is_ended_only_when_its_failure_is_certain(n: int) -> None:
    count = certain_failure(n, 0.1, 0.999)
    assert proves_beyond(count, n, 0.1, 0.999) and not proves_beyond(count - 1, n, 0.1, 0.999)
