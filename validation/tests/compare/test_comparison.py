"""What two sides may be told of each other: better, worse, no different, or nothing for want of proof."""

import math
from dataclasses import replace

import pytest

from leanrag.compare.answer import Answer
from leanrag.compare.comparison import Comparison, compare
from leanrag.compare.contrast import Margins
from leanrag.core.outcome import Outcome
from leanrag.load.report import Row, Stage
from leanrag.slo.objectives import Objective, Slo, Traffic

from . import sides
from .comparing import BASE, QUICK, failing, staged
from .sides import side


def answers(found: Comparison) -> dict[str, Answer]:
    return {one.evidence.measure.name: one.answer for one in found.contrasts}


def test_the_same_service_is_indistinguishable() -> None:
    found = compare(BASE, side("new", range(10, 14)), asked=QUICK)
    assert found.answer is Answer.INDISTINGUISHABLE
    assert found.answer.outcome is Outcome.PASS
    assert set(answers(found)) == {"ttft p95", "itl p95", "e2e p95", "throughput", "errorRate"}


def test_a_slower_candidate_is_worse_and_a_faster_one_better() -> None:
    slow = compare(BASE, side("new", range(10, 14), factor=1.4), asked=QUICK)
    fast = compare(side("base", range(4), factor=1.4), side("new", range(10, 14)), asked=QUICK)
    assert (slow.answer, slow.answer.outcome.exit_code) == (Answer.WORSE, 1)
    assert answers(slow)["ttft p95"] is Answer.WORSE
    assert answers(slow)["throughput"] is Answer.WORSE  # fewer tokens a second: harm, though the ratio is below 1
    assert answers(slow)["itl p95"] is Answer.INDISTINGUISHABLE
    assert (fast.answer, fast.answer.outcome.exit_code) == (Answer.BETTER, 0)


def test_the_interval_holds_the_true_ratio() -> None:
    found = compare(BASE, side("new", range(10, 14), factor=1.4), asked=QUICK)
    ttft = found.contrasts[0]
    assert ttft.lower is not None and ttft.upper is not None
    assert ttft.lower < 1.4 < ttft.upper


def test_one_run_a_side_proves_nothing_for_nobody_knows_the_noise() -> None:
    found = compare(side("base", [1]), side("new", [2], factor=3), asked=QUICK)
    assert found.answer is Answer.UNDECIDED
    assert "same code" in found.reason
    assert found.contrasts[0].change == pytest.approx(3, rel=0.3)  # shown all the same


def test_runs_of_the_same_code_tell_the_noise_of_single_runs() -> None:
    found = compare(side("base", [1]), side("new", [2], factor=1.0), side("same", range(20, 26)), QUICK)
    assert all(one.evidence.noise and one.evidence.noise.df == 5 for one in found.contrasts)
    assert answers(found)["itl p95"] is Answer.INDISTINGUISHABLE


def test_whole_runs_that_swing_hide_what_requests_within_them_seem_to_prove() -> None:
    new = side("new", range(40, 44), factor=1.12, between=0.15)
    found = compare(side("base", range(4), between=0.15), new, asked=QUICK)
    ttft = found.contrasts[0]
    assert ttft.evidence.noise is not None
    assert ttft.evidence.noise.sd > 0.05
    assert ttft.answer is Answer.UNDECIDED


def test_a_margin_below_twice_the_noise_is_refused() -> None:
    found = compare(BASE, side("new", range(10, 14)), asked=replace(QUICK, margins=Margins(ratio=0.01)))
    ttft = found.contrasts[0]
    assert ttft.answer is Answer.UNDECIDED
    assert "twice the same-code noise" in ttft.reason
    assert ttft.within == 1.0
    assert found.answer.outcome is Outcome.INCONCLUSIVE


def test_a_refused_margin_does_not_hide_what_is_worse() -> None:
    slow = side("new", range(10, 14), factor=1.6)
    found = compare(BASE, slow, asked=replace(QUICK, margins=Margins(ratio=0.01)))
    assert answers(found)["ttft p95"] is Answer.WORSE


def test_too_few_requests_for_a_percentile_are_no_answer() -> None:
    found = compare(side("base", range(4), n=20), side("new", range(10, 14), n=20), asked=QUICK)
    assert answers(found)["ttft p95"] is Answer.UNDECIDED
    assert "needs 100 requests a side" in found.contrasts[0].reason


def test_requests_that_are_alike_over_long_stretches_are_no_answer() -> None:
    found = compare(side("base", range(2), n=100, rho=0.97), side("new", range(10, 12), n=100, rho=0.97), asked=QUICK)
    assert "independent blocks" in found.contrasts[0].reason


def test_failures_are_worse_however_fast_the_rest_is() -> None:
    found = compare(BASE, failing(side("new", range(10, 14), factor=0.5), 12), asked=QUICK)
    assert answers(found)["errorRate"] is Answer.WORSE
    assert answers(found)["ttft p95"] is Answer.UNDECIDED  # more failed than p95 leaves room for
    assert found.answer is Answer.WORSE


def test_requests_still_running_at_the_end_do_not_make_a_side_fast() -> None:
    new = side("new", range(10, 14), factor=1.4)

    def given_up(stage: Stage) -> Stage:
        # Of the last 40 requests, the load tool gave up all that would have taken more than half a second.
        late = stage.rows[-40:]
        rows = tuple(
            Row("incomplete", r.start, r.start + 0.3, prompt_tokens=64) if (r.e2e or 0) > 0.5 else r for r in late
        )
        return replace(stage, rows=(*stage.rows[:-40], *rows))

    cut = staged(new, given_up)
    whole, found = compare(BASE, new, asked=QUICK), compare(BASE, cut, asked=QUICK)
    assert found.contrasts[0].change == pytest.approx(whole.contrasts[0].change, rel=0.06)
    assert answers(found)["errorRate"] is Answer.INDISTINGUISHABLE


def test_a_request_that_never_ends_counts_as_failed() -> None:
    new = side("new", range(10, 14))

    def hang(stage: Stage) -> Stage:
        rows = tuple(Row("incomplete", r.start, r.start + 60) if i % 10 == 0 else r for i, r in enumerate(stage.rows))
        return replace(stage, rows=rows)

    hung = staged(new, hang)
    assert answers(compare(BASE, hung, asked=QUICK))["errorRate"] is Answer.WORSE


SLO = Slo(
    (Objective("ttft", 600, "ms", 0.95, 90), Objective("errorRate", 0.01, "share", 0.95)),
    Traffic("concurrent", 300, 64, 32, 5, 0, 60, streams=sides.STREAMS),
)


def test_what_is_promised_is_what_is_compared_goodput_included() -> None:
    asked = replace(QUICK, slo=SLO)
    found = compare(BASE, side("new", range(10, 14)), asked=asked)
    assert set(answers(found)) == {"ttft p90", "goodput", "throughput", "errorRate"}
    slow = compare(BASE, side("new", range(10, 14), factor=2), asked=asked)
    goodput = next(one for one in slow.contrasts if one.evidence.measure.metric == "goodput")
    assert goodput.answer is Answer.WORSE
    assert goodput.change is not None and goodput.change < -0.05
    assert goodput.evidence.sides[0] is not None and goodput.evidence.sides[0] > 0.95


def test_the_same_comparison_gives_the_same_figures() -> None:
    new = side("new", range(10, 14))
    assert compare(BASE, new, asked=QUICK) == compare(BASE, new, asked=QUICK)


def test_zero_and_negative_latencies_are_no_figures() -> None:
    def zero(stage: Stage) -> Stage:
        return replace(stage, rows=tuple(replace(row, ttft=0.0) for row in stage.rows))

    new = side("new", range(10, 14))
    broken = staged(new, zero)
    found = compare(BASE, broken, asked=QUICK)
    assert answers(found)["ttft p95"] is Answer.UNDECIDED
    assert found.contrasts[0].evidence.sides == (None, None)
    assert all(one.change is None or math.isfinite(one.change) for one in found.contrasts)
