"""Correlation is measured rightly, and makes a verdict harder, never easier."""

import math
import random
from collections.abc import Sequence
from itertools import combinations, pairwise
from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.core.outcome import Outcome
from leanrag.slo.correlation import (
    autocorrelation_time,
    chance_of_pairs,
    clumping,
    effective,
    guarded,
    implied,
    lag1,
    measure,
    normal_scores,
)
from leanrag.slo.decide import Observation
from leanrag.slo.objectives import Zone
from leanrag.slo.sequential import boundaries, walk

ZONE = Zone(0.031757104290457194, 0.07294082233783894)
P95 = boundaries(0.05, ZONE, 0.05, 0.05)


def chained(rho: float, n: int, seed: int) -> list[float]:
    """Standard normal values of which each depends on the one before it."""
    draw, values = random.Random(seed), [0.0]
    for _ in range(n + 50):
        values.append(rho * values[-1] + math.sqrt(1 - rho * rho) * draw.gauss(0, 1))
    return values[-n:]


def judged(values: Sequence[float], ratio: float) -> tuple[list[bool], list[float | None]]:
    limit = NormalDist().inv_cdf(0.95) - math.log(ratio) / 0.5
    return [value > limit for value in values], [math.exp(0.5 * value) for value in values]


def test_lag_1_of_known_series() -> None:
    assert lag1([1.0, -1.0] * 500) == pytest.approx(-1.0, abs=0.01)
    assert lag1(chained(0.6, 20_000, 1)) == pytest.approx(0.6, abs=0.02)
    assert lag1([0.3] * 10) is None and lag1([]) is None and lag1([1.0, 2.0]) is None


def test_ranks_do_not_care_for_the_unit_and_share_ties() -> None:
    values = chained(0.5, 100, 2)
    assert normal_scores(values) == normal_scores([math.exp(value) for value in values])
    assert normal_scores([5.0, 5.0, 5.0, 5.0]) == pytest.approx([0.0] * 4)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
@pytest.mark.parametrize("rho", [0.2, 0.5, 0.8, 0.95])
def test_the_implied_correlation_is_the_orthant_probability(rho: float, share: float) -> None:
    """Checked by another integral: over the first value's normal density beyond the limit."""
    normal, steps = NormalDist(), 4000
    limit = normal.inv_cdf(1 - share)
    width = (9.0 - limit) / steps
    both = width * math.fsum(
        normal.pdf(x) * normal.cdf((rho * x - limit) / math.sqrt(1 - rho * rho))
        for x in (limit + (i + 0.5) * width for i in range(steps))
    )
    assert implied(rho, share) == pytest.approx((both - share**2) / (share * (1 - share)), abs=2e-4)


@pytest.mark.parametrize(("rho", "wanted"), [(0.0, 1.0), (0.5, 1.686), (0.8, 4.2)])
def test_the_autocorrelation_time_of_a_long_series_is_the_true_one(rho: float, wanted: float) -> None:
    assert autocorrelation_time(chained(rho, 8000, 3), 0.05) == pytest.approx(wanted, rel=0.08)


def test_the_true_time_is_the_spread_of_counts() -> None:
    """The variance of the number of violations, over that of independent ones, is the time for which the lines move."""
    n, runs = 200, 3000
    counts = [sum(judged(chained(0.5, n, seed), 1.0)[0]) for seed in range(runs)]
    mean = sum(counts) / runs
    spread = sum((count - mean) ** 2 for count in counts) / runs
    assert spread / (n * 0.05 * 0.95) == pytest.approx(1.686, rel=0.1)


@pytest.mark.parametrize(("n", "violations"), [(9, 4), (8, 2), (7, 6), (6, 6)])
def test_the_chance_of_violations_in_company_is_that_of_every_arrangement(n: int, violations: int) -> None:
    pairs = [sum(b - a == 1 for a, b in pairwise(places)) for places in combinations(range(n), violations)]
    for most in range(1, violations):
        assert chance_of_pairs(n, violations, most) == pytest.approx(sum(p >= most for p in pairs) / len(pairs))


def test_violations_that_come_together_are_noticed_although_latencies_do_not() -> None:
    flags = [n % 50 < 4 for n in range(200)]
    assert clumping(flags) > 0.6
    assert clumping([n % 13 == 0 for n in range(200)]) == 0.0
    found = measure(flags, chained(0.0, 200, 4), 0.05)
    assert found.refused and found.time > 4 and found.effective < 50


def test_independent_requests_count_nearly_in_full() -> None:
    times = [measure(*judged(chained(0.0, 200, seed), 0.9), 0.05).time for seed in range(100)]
    assert sum(times) / 100 < 1.08


@given(
    flags=st.lists(st.sampled_from([True, False, False, None]), max_size=330),
    seed=st.integers(0, 99),
    rho=st.sampled_from([0.0, 0.5, 0.9]),
)
@settings(max_examples=60, deadline=None)
def test_the_guard_never_turns_a_decision(flags: list[bool | None], seed: int, rho: float) -> None:
    values = chained(rho, len(flags), seed)
    assert guarded(P95, flags, values).decision in (walk(P95, flags).decision, Outcome.INCONCLUSIVE)


def test_requests_that_hang_together_need_more_of_them() -> None:
    flags = [False] * 313
    alone, together = chained(0.0, 313, 5), chained(0.7, 313, 5)
    assert guarded(P95, flags, alone).n < 85
    found = guarded(P95, flags, together)
    assert (found.decision, found.time > 1.5) == (Outcome.PASS, True)
    assert found.n > 110


def test_a_slow_service_fails_however_its_requests_hang_together() -> None:
    ramp = [0.1 * n for n in range(313)]
    assert guarded(P95, [True] * 313, ramp).decision is Outcome.FAIL


def test_no_pass_where_requests_hang_together_beyond_the_limit() -> None:
    long = boundaries(0.05, ZONE, 0.05, 0.05, cap=5000)
    found = guarded(long, [False] * 5000, chained(0.97, 5000, 6))
    assert (found.decision, found.more) == (Outcome.INCONCLUSIVE, 0)
    assert "too often" in found.why


def test_promises_without_a_latency_are_guarded_by_their_violations() -> None:
    flags = [n % 100 in (40, 41, 42) for n in range(313)]
    assert walk(P95, flags).decision is Outcome.PASS
    assert guarded(P95, flags, []).decision is Outcome.INCONCLUSIVE


@given(n=st.integers(0, 500), data=st.data(), time=st.floats(1.0, 30.0))
@settings(deadline=None)
def test_effective_counts_are_possible_and_round_against_any_decision(n: int, data: st.DataObject, time: float) -> None:
    violations = data.draw(st.integers(0, n))
    undetermined = data.draw(st.integers(0, n - violations))
    found = effective(Observation(n, violations, undetermined, 1.0), time)
    assert 0 <= found.violations <= found.violations + found.undetermined <= found.n <= n / time
    assert found.violations <= violations / time
    assert found.violations + found.undetermined >= min((violations + undetermined) / time, found.n)


def test_counts_of_independent_requests_stay_as_they_are() -> None:
    assert effective(Observation(100, 7, 2, 3.0), 1.0) == Observation(100, 7, 2, 3.0)
