"""The search finds the rate at which a service stops keeping its promises; no end is claimed that was not confirmed."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.capacity.commands import Measure, find
from leanrag.capacity.search import Plan, Probe, Step, conclude, next_step
from leanrag.core.outcome import Outcome

PLAN = Plan(start=1.0, least=0.1, most=150.0)


def oracle(limit: float, blur: float = 1.0, error: float = 0.0, seed: int = 0) -> Measure:
    """Measure a service that holds below `limit` and fails above `limit * blur`; between them nobody can tell."""
    draw = random.Random(seed)

    def measured(step: Step, index: int) -> Probe:
        said = (
            Outcome.PASS if step.rate <= limit else Outcome.FAIL if step.rate > limit * blur else Outcome.INCONCLUSIVE
        )
        if draw.random() < error and said is not Outcome.INCONCLUSIVE:
            said = Outcome.FAIL if said is Outcome.PASS else Outcome.PASS
        return Probe(step, said, 100, "as told")

    return measured


@given(st.floats(0.2, 120.0))
@settings(max_examples=60, deadline=None)
def test_without_errors_the_capacity_lies_between_the_ends_and_they_are_near(limit: float) -> None:
    found = find(PLAN, oracle(limit), 0.05)
    assert found.outcome is Outcome.PASS
    assert found.low is not None
    assert found.high is not None
    assert found.low <= limit <= found.high
    assert found.high / found.low <= PLAN.step * 1.02


@given(st.floats(0.2, 100.0), st.floats(1.05, 2.0))
@settings(max_examples=60, deadline=None)
def test_rates_that_nobody_can_decide_stay_between_the_ends(limit: float, blur: float) -> None:
    found = find(PLAN, oracle(limit, blur), 0.05)
    assert found.low is not None
    assert found.low <= limit
    assert found.high is None or found.high >= limit * blur


def test_each_end_was_measured_again_after_the_search_chose_it() -> None:
    found = find(PLAN, oracle(7.0), 0.05)
    purposes = [probe.step.purpose for probe in found.probes]
    assert purposes[-2:] == ["confirm low", "confirm high"]
    assert [probe.rate for probe in found.probes[-2:]] == [found.low, found.high]


def test_an_end_that_is_not_confirmed_is_not_claimed() -> None:
    def measured(step: Step, index: int) -> Probe:
        passes = step.purpose == "search" and step.rate < 7
        return Probe(step, Outcome.PASS if passes else Outcome.FAIL, 100, "as told")

    found = find(PLAN, measured, 0.05)
    assert (found.low, sum(probe.step.purpose == "confirm low" for probe in found.probes)) == (None, 3)


def test_a_service_that_fails_at_the_least_rate_is_a_fail() -> None:
    found = find(PLAN, oracle(0.01), 0.05)
    assert (found.outcome, found.high) == (Outcome.FAIL, PLAN.least)


def test_a_service_that_holds_at_the_most_is_at_least_that() -> None:
    found = find(PLAN, oracle(1e9), 0.05)
    assert (found.outcome, found.low, found.high) == (Outcome.PASS, PLAN.most, None)


def test_what_the_client_could_not_send_is_not_asked_again_nor_more() -> None:
    def measured(step: Step, index: int) -> Probe:
        unsent = step.rate >= 40
        return Probe(step, Outcome.INCONCLUSIVE if unsent else Outcome.PASS, 100, "as told", client=unsent)

    found = find(PLAN, measured, 0.05)
    assert sum(probe.rate >= 40 for probe in found.probes) == 1
    assert found.low is not None
    assert found.low < 40


def test_a_search_that_runs_out_of_time_says_so() -> None:
    def measured(step: Step, index: int) -> Probe:
        return Probe(step, Outcome.INCONCLUSIVE, 0, "the time for this search is over")

    found = find(PLAN, measured, 0.05)
    assert (found.outcome, found.low) == (Outcome.INCONCLUSIVE, None)
    assert "time" in found.reason


def test_confirmed_ends_that_contradict_each_other_are_no_answer() -> None:
    probes = (
        Probe(Step(5.0, "confirm low"), Outcome.PASS, 100, ""),
        Probe(Step(4.0, "confirm high"), Outcome.FAIL, 100, "ttft"),
    )
    found = conclude(PLAN, probes, 0.05)
    assert (found.outcome, found.low, found.high) == (Outcome.INCONCLUSIVE, None, None)


@pytest.mark.parametrize("seed", range(20))
def test_a_search_that_errs_now_and_then_ends_all_the_same(seed: int) -> None:
    plan = replace(PLAN, probes=10)
    found = find(plan, oracle(9.0, error=0.3, seed=seed), 0.05)
    assert len(found.probes) <= plan.probes + 6
    assert next_step(plan, found.probes) is None
