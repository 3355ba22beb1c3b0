"""The errors of the sequential test are what is computed, and no unknown request can break them."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.slo.binomial import at_least, at_most
from leanrag.slo.decide import Observation, decide
from leanrag.slo.objectives import Objective, Zone
from leanrag.slo.sequential import Boundaries, boundaries, fixed, fixed_n, operating, walk

# Lognormal latency of sigma 0.5 whose p95 is 0.9 and 1.1 times the limit: the shares beyond the limit.
ZONE = Zone(0.031757104290457194, 0.07294082233783894)
P95 = boundaries(0.05, ZONE, 0.05, 0.05)
outcomes = st.lists(st.sampled_from([True, False, False, False, None]), max_size=40)


@st.composite
def small(draw: st.DrawFn, most: int = 10) -> Boundaries:
    good, bad = draw(st.floats(0.02, 0.4)), draw(st.floats(0.45, 0.95))
    errors = draw(st.floats(0.01, 0.3)), draw(st.floats(0.01, 0.3))
    cap = draw(st.integers(1, most))
    return boundaries(0.42, Zone(good, bad), *errors, cap, draw(st.integers(1, 4)), draw(st.integers(1, 3)))


@given(test=small(), share=st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_the_operating_characteristic_is_that_of_every_course_of_a_run(test: Boundaries, share: float) -> None:
    chances = dict.fromkeys(Outcome, 0.0)
    mean = 0.0
    for course in product([True, False], repeat=test.cap):
        chance = share ** sum(course) * (1 - share) ** (test.cap - sum(course))
        end = walk(test, course)
        chances[end.decision] += chance
        mean += chance * end.n
    found = operating(test, share)
    wanted = [chances[Outcome.PASS], chances[Outcome.FAIL], chances[Outcome.INCONCLUSIVE], mean]
    assert [found.passed, found.failed, found.undecided, found.mean_n] == pytest.approx(wanted, abs=1e-9)


@given(
    allowed=st.sampled_from([0.01, 0.05, 0.1, 0.5]),
    good=st.floats(0.3, 0.85),
    bad=st.floats(1.2, 1.9),
    alpha=st.sampled_from([0.01, 0.05, 0.1]),
    beta=st.sampled_from([0.01, 0.05, 0.2]),
    every=st.sampled_from([1, 25]),
)
@settings(max_examples=25, deadline=None)
def test_no_share_outside_the_zone_errs_more_often_than_stated(
    allowed: float, good: float, bad: float, alpha: float, beta: float, every: int
) -> None:
    zone = Zone(allowed * good, allowed * bad)
    test = boundaries(allowed, zone, alpha, beta, cap=200, every=every)
    for factor in (1.0, 1.3, 2.0):
        assert operating(test, min(0.99, zone.bad * factor)).passed <= alpha
        assert operating(test, zone.good / factor).failed <= beta


@given(test=small(40), share=st.floats(0.01, 0.9))
@settings(max_examples=60, deadline=None)
def test_a_worse_service_never_passes_more_often(test: Boundaries, share: float) -> None:
    assert operating(test, share).passed >= operating(test, share * 1.1).passed - 1e-12
    assert operating(test, share).failed <= operating(test, share * 1.1).failed + 1e-12


def test_p95_between_nine_and_eleven_tenths_is_decided_by_60_percent_of_the_fixed_number() -> None:
    assert fixed_n(ZONE, 0.05, 0.05) == (313, 15)
    good, bad = operating(P95, ZONE.good), operating(P95, ZONE.bad)
    assert P95.cap == 313
    assert bad.passed <= 0.05 and good.failed <= 0.05
    assert max(good.mean_n, bad.mean_n) <= 0.6 * 313
    assert max(good.undecided, bad.undecided) <= 0.06


def test_the_errors_are_used_up_not_only_kept() -> None:
    assert operating(P95, ZONE.bad).passed > 0.048
    assert operating(P95, ZONE.good).failed > 0.048


@pytest.mark.parametrize("zone", [ZONE, Zone(0.2, 0.4), Zone(0.005, 0.03)])
def test_the_fixed_number_is_the_smallest(zone: Zone) -> None:
    n, passes = fixed_n(zone, 0.05, 0.1)

    def fits(n: int) -> bool:
        return any(at_most(k, n, zone.bad) <= 0.05 and at_least(k + 1, n, zone.good) <= 0.1 for k in range(n))

    assert at_most(passes, n, zone.bad) <= 0.05 and at_least(passes + 1, n, zone.good) <= 0.1
    assert not any(fits(less) for less in range(1, n))


@given(allowed=st.sampled_from([0.05, 0.1, 0.3]), c=st.sampled_from([0.8, 0.95]), cap=st.integers(1, 90), d=st.data())
@settings(max_examples=60, deadline=None)
def test_the_fixed_test_says_what_the_exact_decision_says(allowed: float, c: float, cap: int, d: st.DataObject) -> None:
    k = d.draw(st.integers(0, cap))
    course = d.draw(st.permutations([True] * k + [False] * (cap - k)))
    wanted = decide(Objective("errorRate", allowed, "share", c), Observation(cap, k)).outcome
    assert walk(fixed(allowed, c, cap), course).decision is wanted


@given(test=small(14), seen=outcomes, fill=st.lists(st.booleans(), min_size=40, max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_decision_stands_whatever_the_unknown_requests_were(
    test: Boundaries, seen: Sequence[bool | None], fill: Sequence[bool]
) -> None:
    found = walk(test, seen)
    assume(found.decision is not Outcome.INCONCLUSIVE)
    assert (
        walk(test, [f if one is None else one for one, f in zip(seen, fill, strict=False)]).decision is found.decision
    )


@given(test=small(14), seen=outcomes, times=st.lists(st.floats(1.0, 5.0), min_size=20, max_size=20))
@settings(max_examples=200, deadline=None)
def test_correlation_withholds_a_decision_and_never_turns_it(
    test: Boundaries, seen: Sequence[bool | None], times: Sequence[float]
) -> None:
    found = walk(test, seen, lambda flags: times[len(flags)])
    assert found.decision in (walk(test, seen).decision, Outcome.INCONCLUSIVE)


@given(n=st.integers(50, 313), time=st.floats(1.0, 20.0))
@settings(deadline=None)
def test_correlated_requests_never_make_a_decision_easier(n: int, time: float) -> None:
    (low, high), (low_now, high_now) = P95.limits(n), P95.limits(n, time)
    assert low_now <= low and high_now >= high


def test_an_undecided_run_says_how_many_requests_may_follow() -> None:
    assert walk(P95, [False] * 60).more == 253
    assert walk(P95, []).more == 313
    end = walk(P95, [n % 21 == 0 for n in range(400)])
    assert (end.decision, end.n, end.more) == (Outcome.INCONCLUSIVE, 313, 0)


def test_seventy_two_good_requests_pass_and_fifty_bad_ones_fail() -> None:
    assert (walk(P95, [False] * 313).decision, walk(P95, [False] * 313).n) == (Outcome.PASS, 72)
    assert (walk(P95, [True] * 313).decision, walk(P95, [True] * 313).n) == (Outcome.FAIL, 50)
    assert walk(P95, [None] * 313).decision is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("zone", "alpha", "cap"),
    [
        (Zone(0.06, 0.07), 0.05, None),
        (Zone(0.03, 0.05), 0.05, None),
        (Zone(0.0, 0.07), 0.05, None),
        (Zone(0.03, 1.0), 0.05, None),
        (Zone(float("nan"), 0.07), 0.05, None),
        (Zone(0.03, 0.07), 0.0, None),
        (Zone(0.03, 0.07), 0.5, None),
        (Zone(0.03, 0.07), float("nan"), None),
        (Zone(0.03, 0.07), 0.05, 0),
        (Zone(0.04999999, 0.05000001), 0.05, None),
    ],
)
def test_a_zone_or_an_error_that_is_none_is_refused(zone: Zone, alpha: float, cap: int | None) -> None:
    with pytest.raises(InputError, match=r"zone|errors|cap"):
        boundaries(0.05, zone, alpha, 0.05, cap)
