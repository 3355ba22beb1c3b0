"""One outcome and one sentence from many parts: the worst required part decides, and the first cause is named."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item, StepResult
from leanrag.gate.decide import overall, reason, required_steps, sentence
from leanrag.gate.verdict import Cause, Change, Evidence, Interval, Objective

P, F, UNSURE, N = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_RUN
MET = Objective("m", "ttft p95", "ttft", "ms", 95, 2000, 0.95, 200, 59, 1, 900.0, 0.05, Interval(0, 0.03), P, "met")
STEPS = tuple(StepResult(name, P, "", 0.0) for name in required_steps("local", "full"))
REQUIRED = required_steps("local", "full")


def decided(steps=STEPS, objectives=(MET,), evidence=()):
    outcome = overall(steps, objectives, evidence, REQUIRED)
    return outcome, reason(outcome, steps, objectives, evidence, REQUIRED)


@pytest.mark.parametrize("scope", ["local", "cluster"])
@pytest.mark.parametrize("mode", ["full", "smoke", "observe"])
def test_only_a_cluster_requires_converge_and_every_mode_requires_smoke(scope, mode):
    required = required_steps(scope, mode)
    assert ("converge" in required) == (scope == "cluster")
    assert {"check", "smoke", "verdict"} <= set(required)


def test_nothing_at_all_is_inconclusive():
    assert overall((), (), (), ()) is UNSURE


@pytest.mark.parametrize("outcome", [F, UNSURE])
@pytest.mark.parametrize("kind", ["objectives", "evidence"])
def test_the_worst_part_decides(outcome, kind):
    part = replace(MET, outcome=outcome) if kind == "objectives" else Evidence("totals", outcome, "3 of 9 counted")
    assert decided(**{kind: (part,)})[0] is outcome


def test_an_objective_that_does_not_apply_decides_nothing():
    assert decided(objectives=(MET, replace(MET, outcome=N)))[0] is P


def test_a_pass_names_the_latency_that_came_closest_to_its_limit():
    near = replace(MET, metric="e2e", name="e2e p95", estimate=9.25, limit=10, unit="s")
    assert decided(objectives=(MET, near))[1] == (
        "All 2 objectives are met with 95 % confidence; the closest is end-to-end p95, 9.25 of 10 s."
    )


def test_the_first_cause_in_the_order_of_the_steps_is_named():
    broken = tuple(replace(s, outcome=F, reason=f"{s.name} broke") if s.name in ("smoke", "load") else s for s in STEPS)
    assert decided(steps=broken)[1] == "smoke: smoke broke"


def test_several_causes_in_one_step_are_counted():
    items = tuple(Item(f"case-{n}", F, f"got {n}") for n in range(3))
    broken = tuple(replace(s, outcome=F, items=items) if s.name == "smoke" else s for s in STEPS)
    assert decided(steps=broken)[1] == "smoke: case-0: got 0 (and 2 more)"


def test_evidence_is_named_before_objectives():
    late, gone = replace(MET, outcome=F, violations=61), Evidence("totals", F, "9 of 9 requests failed")
    assert decided(objectives=(late,), evidence=(gone,))[1] == "totals: 9 of 9 requests failed"


def test_with_two_models_the_sentence_names_the_model():
    late = replace(MET, model="big", outcome=F, violations=61)
    assert decided(objectives=(MET, late))[1].startswith("big: TTFT p95: 61 of 200")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"outcome": F, "violations": 61}, "61 of 200 requests slower than 2,000 ms; at most 5 % may be"),
        (
            {"outcome": F, "metric": "errorRate", "limit": 0.01, "allowed": 0.01, "violations": 9},
            "9 of 200 requests ended in an error; at most 1 % may",
        ),
        (
            {"outcome": F, "metric": "availability", "limit": 0.99, "allowed": 0.01, "violations": 9},
            "9 of 200 requests were not answered completely; at most 1 % may be",
        ),
        (
            {"outcome": UNSURE, "n": 40, "violations": 1, "required": 93},
            "1 of 40 requests slower than 2,000 ms; a PASS needs 93 requests with no more than that",
        ),
        ({"outcome": UNSURE, "reason": "nan is no latency"}, "nan is no latency"),
        (
            {"outcome": UNSURE, "n": 0, "violations": 0, "reason": "no request to judge it by"},
            "no request to judge it by",
        ),
    ],
)
def test_the_sentence_of_an_objective_has_its_numbers(changes, told):
    assert sentence(replace(MET, **changes)) == told


@pytest.mark.parametrize(("outcome", "told"), [(F, True), (UNSURE, False)])
def test_a_failed_objective_comes_with_the_value_to_change_next(outcome, told):
    broken = replace(MET, outcome=outcome, violations=60, n=200)
    steps = tuple(replace(s, outcome=outcome) if s.name == "judge" else s for s in STEPS)
    then = Change("capacity.maxNumSeqs", "8", "16", "more had to wait")
    known = (Cause("m", "", None, None, None, (), None), Cause("m", "slow", "queueing", "late", 1.0, (), then))
    said = reason(outcome, steps, (broken,), (), REQUIRED, known)
    assert said.endswith("; queueing: change capacity.maxNumSeqs from 8 to 16") is told
    others = tuple(replace(each, model="other") for each in known)
    assert "change" not in reason(outcome, steps, (broken,), (), REQUIRED, others)
