"""What each request says about each promise, and what nobody can say."""

from dataclasses import replace
from math import inf, nan

import pytest

from leanrag.core.outcome import Outcome
from leanrag.engine.histogram import Histogram
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.flow import throughput
from leanrag.load.judge import judge_slo
from leanrag.load.observe import distributions, observe
from leanrag.load.report import Counts, Report, Row, Stage
from leanrag.load.waiting import waited
from leanrag.slo.decide import Observation, decide
from leanrag.slo.objectives import Metric, Objective, Slo, Traffic, Unit

TRAFFIC = Traffic("constant", 100, 64, 11, 10.0, 0, 60.0, rate=10.0)
TTFT = Objective("ttft", 200, "ms", 0.95, 95)
E2E = Objective("e2e", 1, "s", 0.95, 95)
GOODPUT = Objective("goodput", 0.95, "share", 0.95)
QUEUE = Objective("queue", 0.5, "s", 0.95, 95)
GOOD = Row("successful", 0.0, 0.6, 0.0, 0.1, 0.05, 0.6, 64, 11)


def tpot(limit: float) -> Objective:
    return Objective("tpot", limit, "ms", 0.95, 95)


def run(count: int = 100, every: float = 0.1, tokens: int | None = 11) -> tuple[Row, ...]:
    rows = (
        replace(GOOD, start=1000 + i * every, end=1000.6 + i * every, targeted=1000 + i * every) for i in range(count)
    )
    return tuple(replace(row, output_tokens=tokens) for row in rows)


def stage(rows: tuple[Row, ...]) -> Stage:
    return Stage("constant", 10.0, None, 1, 1000.0, 1020.0, Counts(len(rows), 0, 0), rows, ("max_requests",), False, ())


def test_time_per_output_token_leaves_the_first_token_out() -> None:
    """0.5 s for the ten tokens after the first: 50 ms, whatever the tool reports under a similar name."""
    assert observe(tpot(50.0001), [GOOD], TRAFFIC).violations == 0
    assert observe(tpot(49.9999), [replace(GOOD, itl=0.001)], TRAFFIC).violations == 1
    assert observe(tpot(60), [GOOD], TRAFFIC).estimate == pytest.approx(50)


@pytest.mark.parametrize(
    "row", [replace(GOOD, output_tokens=1), replace(GOOD, output_tokens=None), replace(GOOD, ttft=None)]
)
def test_a_request_without_two_tokens_has_no_time_per_token(row: Row) -> None:
    seen = observe(tpot(60), [row], TRAFFIC)
    assert (seen.violations, seen.undetermined) == (0, 1)


def test_a_request_given_up_breaks_a_time_that_its_age_exceeds_and_no_other() -> None:
    old = replace(GOOD, status="incomplete", ttft=None, itl=None, e2e=None, end=5.0)
    objectives = (TTFT, E2E, tpot(60), Objective("itl", 60, "ms", 0.95, 95))
    assert [observe(one, [old], TRAFFIC).violations for one in objectives] == [1, 1, 0, 0]
    assert observe(GOODPUT, [old], TRAFFIC, objectives).violations == 1


def goodput(row: Row) -> Observation:
    return observe(GOODPUT, [row], TRAFFIC, (TTFT, E2E, GOODPUT, QUEUE))


def test_goodput_counts_requests_that_keep_every_latency_and_succeed() -> None:
    assert goodput(GOOD).violations == 0 and goodput(GOOD).estimate == 1
    assert goodput(replace(GOOD, ttft=0.3)).violations == 1
    assert goodput(replace(GOOD, e2e=1.1)).violations == 1
    assert goodput(replace(GOOD, status="errored")).violations == 1


def test_goodput_of_a_request_without_a_figure_cannot_be_told_unless_another_is_broken() -> None:
    assert goodput(replace(GOOD, ttft=None)).undetermined == 1
    assert goodput(replace(GOOD, ttft=None, e2e=1.1)).violations == 1
    assert observe(GOODPUT, [GOOD], TRAFFIC, ()).undetermined == 1


def rate(limit: float, unit: Unit = "tokens/s") -> Objective:
    return Objective("throughput", limit, unit, 0.95)


def test_throughput_is_that_of_the_time_in_which_requests_were_sent() -> None:
    rows = run()
    seen = throughput(rate(100), stage(rows), rows)
    assert seen.n == 16 and seen.estimate == pytest.approx(110, rel=0.05)
    answers = throughput(rate(9, "requests/s"), stage(rows), rows)
    assert answers.estimate == pytest.approx(10, rel=0.07)


def test_a_service_that_stalls_is_seen_in_its_parts() -> None:
    early, late = run(50), run(50)
    rows = (*early, *(replace(row, start=row.start + 30, end=row.end + 30) for row in late))
    seen = throughput(rate(100), stage(rows), rows)
    assert seen.n == 20 and seen.violations >= 12
    assert decide(rate(100), seen).outcome is not Outcome.PASS


@pytest.mark.parametrize("rows", [(), run(1), run(40, every=0.0)])
def test_a_run_without_length_has_no_throughput(rows: tuple[Row, ...]) -> None:
    assert decide(rate(1), throughput(rate(1), stage(rows), rows)).outcome is Outcome.INCONCLUSIVE


def test_throughput_of_answers_that_nobody_counted_cannot_be_told() -> None:
    rows = (*run(99), replace(GOOD, start=1010, end=1010.6, output_tokens=None))
    seen = throughput(rate(1), stage(rows), rows)
    assert seen.n == seen.undetermined > 0
    assert throughput(rate(1, "requests/s"), stage(rows), rows).undetermined == 0


def test_a_run_of_few_requests_that_overlap_has_too_few_parts() -> None:
    rows = tuple(replace(row, end=row.start + 4, e2e=4.0) for row in run())
    seen = throughput(rate(1), stage(rows), rows)
    assert seen.n == 2 and decide(rate(1), seen).outcome is Outcome.INCONCLUSIVE


def histogram(*held: float) -> Histogram:
    return Histogram(tuple(zip((0.3, 0.5, 0.8, inf), held, strict=True)), held[-1], 1.0)


def test_queue_time_is_exact_at_an_edge_of_the_engines_histogram() -> None:
    seen = waited(QUEUE, histogram(90, 97, 99, 100), 100)
    assert (seen.n, seen.violations, seen.undetermined, seen.estimate) == (100, 3, 0, 0.5)


def test_a_queue_limit_between_two_edges_leaves_that_bucket_untold() -> None:
    seen = waited(replace(QUEUE, limit=600, unit="ms"), histogram(90, 97, 99, 100), 100)
    assert (seen.violations, seen.undetermined) == (1, 2)


def test_requests_that_the_engine_never_counted_may_still_wait() -> None:
    assert waited(QUEUE, histogram(80, 80, 80, 80), 100).undetermined == 20


@pytest.mark.parametrize("seen", [None, histogram(0, 0, 0, 0)])
def test_queue_time_without_an_engine_to_ask_decides_nothing(seen: Histogram | None) -> None:
    assert decide(QUEUE, waited(QUEUE, seen, 1000)).outcome is Outcome.INCONCLUSIVE


def judged(*objectives: Objective, queue: Histogram | None = None) -> dict[Metric, Outcome]:
    report = Report("r", "g", "tiny", "u", 1, (stage(run()),))
    engine = EngineFigures(1, 2, 10.0, finished=100.0, latencies={"queue": queue}) if queue else None
    found = judge_slo(report, Slo(objectives, TRAFFIC), "tiny", engine)
    return {one.objective.metric: one.outcome for one in found.objectives}


def test_a_run_is_judged_by_all_nine_objectives_at_once() -> None:
    shares = (Objective("errorRate", 0.05, "share", 0.95), Objective("availability", 0.95, "share", 0.95), GOODPUT)
    latencies = (TTFT, Objective("itl", 60, "ms", 0.95, 95), tpot(60), E2E, QUEUE)
    found = judged(*latencies, *shares, rate(90), queue=histogram(100, 100, 100, 100))
    assert len(found) == 9 and set(found.values()) == {Outcome.PASS}


def test_a_queue_objective_holds_a_pass_back_while_nobody_asked_the_engine() -> None:
    assert judged(TTFT, QUEUE) == {"ttft": Outcome.PASS, "queue": Outcome.INCONCLUSIVE}


@pytest.mark.parametrize("value", [nan, inf, 0.0, -1.0])
def test_no_figure_of_a_request_is_ever_a_good_one(value: float) -> None:
    seen = goodput(replace(GOOD, ttft=value))
    assert (seen.violations, seen.undetermined) == (0, 1)


def test_what_is_not_promised_is_plotted_only_when_every_answer_shows_it() -> None:
    assert [one.metric for one in distributions(run(), ())] == ["ttft", "itl", "e2e"]
    assert [one.metric for one in distributions(run(), (tpot(60),))] == ["ttft", "itl", "tpot", "e2e"]
