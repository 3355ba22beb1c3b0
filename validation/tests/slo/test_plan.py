"""The tests of a whole slo: block: what they cost and how they err is known before a request is sent."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.slo.binomial import at_most
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone
from leanrag.slo.oc import characteristic, lognormal_share, naive, notable
from leanrag.slo.plan import plan
from leanrag.slo.sequential import boundaries, extended, operating, walk

ZONE = Zone(0.0318, 0.0729)
TTFT = Objective("ttft", 500, "ms", 0.95, 95, ZONE)
ERRORS = Objective("errorRate", 0.05, "share", 0.95)
SPEED = Objective("throughput", 100, "tokens/s", 0.95)
WAIT = Objective("queue", 50, "ms", 0.95, 95)
TRAFFIC = Traffic("constant", 400, 128, 16, 10.0, 8, 600.0, rate=2.0)
SLO = Slo((TTFT, ERRORS, SPEED, WAIT), TRAFFIC, 0.95, "sequential")


def test_a_zone_is_decided_on_the_way_and_the_rest_at_the_declared_number() -> None:
    ttft, errors = plan(SLO)
    assert (ttft.kind, ttft.boundaries.cap, ttft.earliest) == ("sequential", 400, 72)
    assert (errors.kind, errors.boundaries.cap, errors.ends) == ("exact", 400, None)


def test_figures_of_the_whole_run_have_no_test_on_the_way() -> None:
    assert [one.objective for one in plan(SLO)] == [TTFT, ERRORS]


def test_the_decision_of_today_looks_once() -> None:
    assert [one.kind for one in plan(replace(SLO, decision="exact"))] == ["exact", "exact"]


def test_an_extension_is_one_more_look_and_is_paid_for() -> None:
    ttft, errors = plan(replace(SLO, extension=0.5))
    assert ttft.boundaries.cap == errors.boundaries.cap == 600
    assert operating(ttft.boundaries, ZONE.bad).passed <= 0.05
    assert errors.kind == "extended"
    assert errors.boundaries.pass_at[400] >= 0 and errors.boundaries.pass_at[399] == -1


@pytest.mark.parametrize(("allowed", "n", "more"), [(0.05, 100, 50), (0.01, 500, 500), (0.5, 20, 5)])
def test_two_looks_err_no_more_often_than_one(allowed: float, n: int, more: int) -> None:
    test = extended(allowed, 0.95, n, more)
    at_the_limit = operating(test, allowed)
    assert max(at_the_limit.passed, at_the_limit.failed) <= 0.05
    assert n <= at_the_limit.mean_n <= n + more


def test_an_extension_counts_the_first_run_too() -> None:
    test = extended(0.05, 0.95, 100, 60)
    run = [n % 30 == 0 for n in range(160)]
    assert walk(test, run[:100]).more == 60
    assert walk(test, run).n == 160
    assert walk(test, [False] * 160).decision is Outcome.PASS
    assert walk(test, [False] * 160).n == 100


def test_sharing_makes_a_block_harder_and_a_pass_no_easier() -> None:
    alone, shared = plan(SLO)[0].boundaries, plan(replace(SLO, share_alpha="holm"))[0].boundaries
    assert (alone.alpha, alone.beta) == (0.05, 0.05)
    each = pytest.approx(0.05 / len(SLO.objectives))
    assert (shared.alpha, shared.beta) == (0.05, each)
    assert operating(shared, ZONE.bad).passed <= 0.05
    assert operating(shared, ZONE.good).failed <= shared.beta


def test_a_long_run_does_not_make_a_longer_test_than_is_ever_used() -> None:
    assert plan(replace(SLO, traffic=replace(TRAFFIC, requests=90_000)))[0].boundaries.cap < 4 * 320


@pytest.mark.parametrize(
    ("ratio", "share"),
    [(0.8, 0.0183), (0.9, 0.0318), (0.95, 0.0403), (1.0, 0.05), (1.05, 0.0609), (1.1, 0.0729), (1.3, 0.1313)],
)
def test_a_latency_ratio_is_the_published_share(ratio: float, share: float) -> None:
    assert lognormal_share(0.05, ratio, 0.5) == pytest.approx(share, abs=5e-5)


def test_the_naive_rule_is_a_binomial_count() -> None:
    assert naive(0.05, 20, 0.10) == at_most(1, 20, 0.10) == pytest.approx(0.39, abs=0.005)


def test_the_characteristic_is_a_distribution_at_every_share() -> None:
    test = boundaries(0.05, ZONE, 0.05, 0.05)
    for point in characteristic(test, notable(0.05, ZONE)):
        for seen in (point.test, point.exact):
            assert seen.passed + seen.failed + seen.undecided == pytest.approx(1.0)
        assert point.test.mean_n <= point.exact.mean_n
