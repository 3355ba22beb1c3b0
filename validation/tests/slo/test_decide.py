"""PASS and FAIL are proofs; everything else is INCONCLUSIVE."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.core.outcome import Outcome
from leanrag.slo.decide import Observation, decide
from leanrag.slo.objectives import Objective

TTFT = Objective("ttft", 500, "ms", 0.95, 95)
RANK = {Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2}


def test_59_good_requests_pass_and_58_do_not() -> None:
    assert decide(TTFT, Observation(59, 0, 0, 100.0)).outcome is Outcome.PASS
    found = decide(TTFT, Observation(58, 0, 0, 100.0))
    assert (found.outcome, found.required) == (Outcome.INCONCLUSIVE, 59)
    assert "1 more needed" in found.reason


def test_a_sample_percentile_under_the_limit_is_no_proof() -> None:
    assert decide(TTFT, Observation(200, 10, 0, 499.0)).outcome is Outcome.INCONCLUSIVE


def test_a_proven_violation_says_how_much_at_least() -> None:
    found = decide(TTFT, Observation(100, 20, 0, 700.0))
    assert found.outcome is Outcome.FAIL
    assert "20 of 100 did not; at 95 % confidence at least 13.7 % break it, 5 % allowed" in found.reason


@pytest.mark.parametrize("estimate", [None, nan, inf, -inf, 0.0, -3.0])
def test_a_latency_that_is_no_figure_never_passes(estimate: float | None) -> None:
    found = decide(TTFT, Observation(1000, 0, 0, estimate))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.entry("m")["estimate"] in (None, 0.0, -3.0)


@pytest.mark.parametrize("seen", [(0, 0, 0), (-5, 0, 0), (10, -1, 0), (10, 11, 0), (10, 6, 5), (10, 0, -1)])
def test_empty_and_impossible_counts_never_pass(seen: tuple[int, int, int]) -> None:
    assert decide(TTFT, Observation(*seen, estimate=10.0)).outcome is Outcome.INCONCLUSIVE


@given(n=st.integers(1, 500), data=st.data(), p=st.sampled_from([50, 90, 95, 99]), c=st.sampled_from([0.8, 0.95, 0.99]))
@settings(deadline=None)
def test_more_violations_never_improve_the_outcome(n: int, data: st.DataObject, p: float, c: float) -> None:
    objective = Objective("ttft", 500, "ms", c, p)
    k = data.draw(st.integers(0, n - 1))
    unknown = data.draw(st.integers(0, n - k - 1))
    better = decide(objective, Observation(n, k, unknown, 10.0)).outcome
    assert RANK[better] <= RANK[decide(objective, Observation(n, k + 1, unknown, 10.0)).outcome]


@given(n=st.integers(1, 300), data=st.data())
@settings(deadline=None)
def test_what_nobody_can_tell_decides_nothing(n: int, data: st.DataObject) -> None:
    """However the unknown requests turn out, no decision taken before is contradicted."""
    k = data.draw(st.integers(0, n))
    unknown = data.draw(st.integers(0, n - k))
    before = decide(TTFT, Observation(n, k, unknown, 10.0)).outcome
    best, worst = (decide(TTFT, Observation(n, k + turned, 0, 10.0)).outcome for turned in (0, unknown))
    if before is Outcome.PASS:
        assert worst is Outcome.PASS
    if before is Outcome.FAIL:
        assert best is Outcome.FAIL


@pytest.mark.parametrize(
    ("objective", "allowed", "words"),
    [
        (TTFT, 0.05, "95 % of requests have time to first token <= 500 ms"),
        (Objective("errorRate", 0.01, "share", 0.95), 0.01, "at most 1 % of requests end in an error"),
        (Objective("availability", 0.99, "share", 0.95), 0.01, "99 % of requests are answered completely"),
        (Objective("goodput", 0.95, "share", 0.95), 0.05, "95 % of requests succeed within every promised latency"),
        (Objective("throughput", 200, "tokens/s", 0.95), 0.5, "the service gives at least 200 output tokens a second"),
        (Objective("throughput", 2, "requests/s", 0.95), 0.5, "gives at least 2 complete answers a second"),
        (Objective("tpot", 50, "ms", 0.95, 90), 0.1, "90 % of requests have time per output token after the first <="),
        (Objective("queue", 1, "s", 0.95, 90), 0.1, "90 % of requests have time in the engine's queue <= 1 s"),
    ],
)
def test_the_verdicts_entry_holds_every_field(objective: Objective, allowed: float, words: str) -> None:
    entry = decide(objective, Observation(400, 1, 0, 0.5)).entry("granite")
    fields = "model name metric unit percentile limit confidence n required violations estimate allowed interval"
    assert set(entry) == {*fields.split(), "outcome", "reason"}
    assert entry["allowed"] == allowed and words in str(entry["reason"])


RATE = Objective("throughput", 200, "tokens/s", 0.95)


def test_five_parts_that_all_reach_the_throughput_prove_it_and_four_do_not() -> None:
    assert decide(RATE, Observation(5, 0, 0, 250.0)).outcome is Outcome.PASS
    assert decide(RATE, Observation(4, 0, 0, 250.0)).outcome is Outcome.INCONCLUSIVE


def test_a_throughput_is_proven_only_when_the_whole_run_agrees_with_its_parts() -> None:
    assert decide(RATE, Observation(20, 2, 0, 199.0)).outcome is Outcome.INCONCLUSIVE
    assert decide(RATE, Observation(20, 18, 0, 201.0)).outcome is Outcome.INCONCLUSIVE
    assert decide(RATE, Observation(20, 18, 0, 150.0)).outcome is Outcome.FAIL


@pytest.mark.parametrize("estimate", [None, nan, inf, -inf, 0.0, -3.0])
def test_a_throughput_that_is_no_figure_never_passes(estimate: float | None) -> None:
    assert decide(RATE, Observation(20, 0, 0, estimate)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [
        (TTFT, Objective("ttft", 600, "ms", 0.95, 95), True),
        (TTFT, Objective("ttft", 0.4, "s", 0.95, 95), False),
        (TTFT, Objective("ttft", 500, "ms", 0.95, 90), True),
        (RATE, Objective("throughput", 100, "tokens/s", 0.95), True),
        (RATE, Objective("throughput", 300, "tokens/s", 0.95), False),
        (Objective("goodput", 0.95, "share", 0.95), Objective("goodput", 0.9, "share", 0.95), True),
        (Objective("errorRate", 0.01, "share", 0.95), Objective("errorRate", 0.005, "share", 0.95), False),
    ],
)
def test_a_promise_that_allows_more_is_looser(old: Objective, new: Objective, looser: bool) -> None:
    assert new.looser_than(old) is looser
