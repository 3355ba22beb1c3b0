"""One sequential test an objective: early answers, what they prove, and what only the end can tell."""

import random
from dataclasses import replace
from math import inf, nan

import pytest

from leanrag.core.outcome import Outcome
from leanrag.slo.alpha import Levels
from leanrag.slo.decide import ObjectiveResult, Observation, decide
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone
from leanrag.slo.settle import courses, errors, settle

TTFT = Objective("ttft", 500, "ms", 0.95, 95, Zone(0.0318, 0.0729))
ERRORS = Objective("errorRate", 0.01, "share", 0.95)
RATE = Objective("throughput", 100, "tokens/s", 0.95)
QUEUE = Objective("queue", 1, "s", 0.95, 95)
TRAFFIC = Traffic("constant", 320, 256, 64, 30.0, 16, 120.0, rate=4.0)
SLO = Slo((TTFT, ERRORS, QUEUE, RATE), TRAFFIC, decision="sequential")
GOOD, SLOW = False, True


def settled(*outcomes: bool | None, slo: Slo = SLO) -> ObjectiveResult:
    return settle(TTFT, courses(slo)["ttft"], outcomes, (), 100.0)


def mixed(every: int, count: int = 320) -> tuple[bool, ...]:
    """Return a run in which one of `every` requests is slow, at places drawn by lot."""
    found = [index % every == 0 for index in range(count)]
    random.Random(7).shuffle(found)
    return tuple(found)


def test_a_good_service_passes_long_before_the_exact_test_could() -> None:
    found = settled(*[GOOD] * 320)
    assert found.outcome is Outcome.PASS and found.n < 100
    assert (found.lower, found.upper) == (0.0, 0.0729)
    assert "where 7.29 % break it, at most 5 % of runs pass" in found.reason


def test_a_bad_service_fails_early_and_the_result_says_what_is_proven() -> None:
    found = settled(*mixed(5))
    assert found.outcome is Outcome.FAIL and found.n < 150
    assert (found.lower, found.upper) == (0.0318, 1.0)
    assert "where 3.18 % break it, at most 5 % of runs fail" in found.reason


def test_before_the_first_look_nothing_is_decided_and_the_way_on_is_said() -> None:
    found = settled(*[GOOD] * 49)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.required and found.required > 49
    assert "up to 271 more may decide" in found.reason


def test_nothing_sent_is_nothing_decided() -> None:
    found = settled()
    assert (found.outcome, found.n, found.lower, found.upper) == (Outcome.INCONCLUSIVE, 0, 0.0, 1.0)


def test_the_result_is_the_same_however_many_requests_follow_the_decision() -> None:
    short, long = settled(*[GOOD] * 150), settled(*[GOOD] * 150, *[SLOW] * 100)
    assert short == long


def test_requests_that_nobody_can_tell_only_hold_back() -> None:
    assert settled(*[None] * 320).outcome is Outcome.INCONCLUSIVE
    early = settled(*[GOOD] * 60, *[None] * 4, *[GOOD] * 250)
    assert early.n > settled(*[GOOD] * 320).n


def test_slow_requests_that_come_in_company_count_for_less() -> None:
    scattered = settled(*mixed(40))
    together = settled(*[GOOD] * 30, *[SLOW] * 8, *[GOOD] * 282)
    assert scattered.outcome is Outcome.PASS
    assert together.outcome is not Outcome.PASS or together.n > scattered.n


def test_an_objective_without_a_zone_is_not_looked_at_on_the_way_nor_one_of_the_whole_run() -> None:
    assert list(courses(SLO)) == ["ttft"]
    assert courses(replace(SLO, decision="exact")) == {}


def test_a_declared_extension_is_a_second_look_with_half_of_the_errors_each() -> None:
    assert errors(ERRORS, SLO) == Levels(0.05, 0.05)
    assert errors(ERRORS, replace(SLO, extension=0.5)) == Levels(0.025, 0.025)


def test_shared_errors_make_a_block_harder_and_a_pass_no_easier() -> None:
    """Every promise must hold, so a false pass needs one test to err; any block is enough, so blocks add up."""
    shared = errors(ERRORS, replace(SLO, share_alpha="bonferroni"))
    assert shared == Levels(0.05, 0.0125)
    found = [decide(ERRORS, Observation(100, 4), one) for one in (None, shared)]
    assert [one.outcome for one in found] == [Outcome.FAIL, Outcome.INCONCLUSIVE]
    assert decide(ERRORS, Observation(320, 0), shared).outcome is Outcome.PASS


def test_the_extension_belongs_to_the_same_test() -> None:
    """A longer cap that was declared moves the lines of the whole run, so that its looks cost no error."""
    longer = replace(SLO, extension=0.5)
    assert courses(SLO)["ttft"].cap == 320 and courses(longer)["ttft"].cap == 480
    open_end = settled(*mixed(20, 320))
    assert open_end.outcome is Outcome.INCONCLUSIVE
    assert "more may decide" in settled(*mixed(20, 320), slo=longer).reason


@pytest.mark.parametrize("estimate", [None, nan, inf, -inf, 0.0, -1.0])
def test_a_latency_that_is_no_figure_never_passes(estimate: float | None) -> None:
    found = settle(TTFT, courses(SLO)["ttft"], [GOOD] * 320, (), estimate)
    assert found.outcome is Outcome.INCONCLUSIVE and "is no latency" in found.reason


def test_the_verdicts_entry_keeps_its_fields() -> None:
    entry = settled(*[GOOD] * 320).entry("granite")
    assert entry["interval"] == {"lower": 0.0, "upper": 0.0729} and entry["allowed"] == 0.05
    assert entry["n"] == entry["required"]
