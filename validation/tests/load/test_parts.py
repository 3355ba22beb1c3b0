"""A run in parts is judged by all its requests, and its client by each part."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.judge import Judgement, judge_parts, judge_slo
from leanrag.load.parts import Part, decided
from leanrag.load.report import Counts, Report, Row, Stage
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone
from leanrag.slo.shape import Recorded, Shape

TRAFFIC = Traffic("constant", 400, 64, 32, 10.0, 0, 120.0, rate=10.0)
ZONE = Zone(0.0318, 0.0729)
TTFT = Objective("ttft", 500, "ms", 0.95, 95, ZONE)
GOODPUT = Objective("goodput", 0.95, "share", 0.95, zone=ZONE)
RATE = Objective("throughput", 200, "tokens/s", 0.95)
SLO = Slo((TTFT, GOODPUT), TRAFFIC, decision="sequential")


def rows(count: int, begin: float, ttft: float = 0.1) -> tuple[Row, ...]:
    # Latencies that differ without an order: equal ones would tell nothing of how requests hang together.
    def one(index: int) -> Row:
        start = begin + index * 0.1
        seen = ttft + (index * 7919 % 101) / 10_000
        return Row("successful", start, start + 0.4, start, seen, 0.0097, 0.4, 64, 32)

    return tuple(one(index) for index in range(count))


def part(count: int, begin: float = 1000.0, ttft: float = 0.1) -> Part:
    sent = rows(count, begin, ttft)
    counts, end = Counts(count, 0, 0), begin + count / 10
    stage = Stage("constant", 10.0, None, 1, begin, end, counts, sent, ("max_requests",), False, ())
    return Part(stage, sent, replace(TRAFFIC, requests=count))


def judged(*parts: Part, slo: Slo = SLO, engine: EngineFigures | None = None) -> Judgement:
    report = Report("r", "guidellm 0.8.1", "tiny", "http://m", 1, tuple(one.stage for one in parts))
    return judge_parts(report, parts, slo, "tiny", engine)


def item(found: Judgement, name: str) -> str:
    return next(f"{one.outcome.value}: {one.reason}" for one in found.evidence if one.name == name)


def test_a_run_that_stopped_early_passes_by_fewer_requests_than_the_exact_test_needs() -> None:
    found = judged(part(50), part(40, 1100.0))
    assert found.outcome is Outcome.PASS, found.reason
    assert all(50 < one.n <= 90 for one in found.objectives)


def test_the_same_requests_in_one_part_and_in_two_decide_alike() -> None:
    one, two = part(80), part(40)
    later = part(40, 1004.0)
    split = replace(later, rows=one.rows[40:], stage=replace(later.stage, rows=one.rows[40:]))
    results = [found.objectives for found in (judged(one), judged(replace(two, rows=one.rows[:40]), split))]
    assert results[0] == results[1]


def test_one_part_whose_client_was_late_takes_the_pass_away() -> None:
    late = part(50, 1100.0)
    slow = tuple(replace(row, targeted=row.start - 0.5) for row in late.rows)
    found = judged(part(50), replace(late, rows=slow, stage=replace(late.stage, rows=slow)))
    assert found.outcome is Outcome.INCONCLUSIVE
    assert item(found, "client").startswith("INCONCLUSIVE: part 2 of 2: the client was the bottleneck")


def test_pauses_between_parts_are_no_slower_pace() -> None:
    assert item(judged(part(50), part(50, 5000.0)), "pace").startswith("PASS")


def test_a_part_that_lacks_requests_is_found_in_the_whole() -> None:
    short = part(50, 1100.0)
    short = replace(short, stage=replace(short.stage, rows=short.stage.rows[1:]))
    assert item(judged(part(50), short), "rows").startswith("INCONCLUSIVE")


def test_no_part_is_no_answer() -> None:
    found = judged()
    assert found.outcome is Outcome.INCONCLUSIVE
    assert [one.outcome for one in found.objectives] == [Outcome.INCONCLUSIVE] * 2


def test_throughput_is_of_the_parts_and_not_of_the_pauses() -> None:
    found = judged(part(50), part(50, 5000.0), slo=replace(SLO, objectives=(TTFT, RATE)))
    throughput = found.objectives[1]
    assert throughput.outcome is Outcome.PASS and throughput.estimate == pytest.approx(320, rel=0.1)


def test_a_part_too_short_for_a_throughput_adds_nothing_and_one_without_counts_holds_back() -> None:
    slo = replace(SLO, objectives=(TTFT, RATE))
    assert decided((part(50), part(1, 5000.0)), slo)[1].outcome is Outcome.PASS
    blind = part(50, 5000.0)
    rows_ = tuple(replace(row, output_tokens=None) for row in blind.rows)
    uncounted = replace(blind, rows=rows_, stage=replace(blind.stage, rows=rows_))
    assert decided((part(50), uncounted), slo)[1].outcome is Outcome.INCONCLUSIVE


def test_a_sequential_run_says_how_far_its_requests_hang_together() -> None:
    said = item(judged(part(100)), "independence")
    assert said.startswith("PASS: ttft p95: lag-1 ") and "100 are worth" in said and "goodput: lag-1" in said


def test_latencies_that_follow_each_other_delay_the_decision() -> None:
    one = part(400)
    waves = tuple(replace(row, ttft=0.1 + 0.3 * ((index // 40) % 2)) for index, row in enumerate(one.rows))
    slow = judged(replace(one, rows=waves, stage=replace(one.stage, rows=waves)))
    assert slow.objectives[0].n > judged(one).objectives[0].n


def test_traffic_of_another_shape_than_declared_proves_nothing() -> None:
    poisson = replace(SLO, shape=Shape("poisson"))
    assert item(judged(part(100), slo=poisson), "shape") == "INCONCLUSIVE: even distances measured, poisson declared"
    one = part(100)
    listed = replace(one, stage=replace(one.stage, shape="poisson"))
    assert item(judged(listed, slo=poisson), "shape").startswith("PASS")
    assert "shape" not in {one.name for one in judged(part(100)).evidence}


def lengths(*tokens: int) -> Part:
    one = part(100)
    mixed = tuple(replace(row, output_tokens=tokens[i % len(tokens)]) for i, row in enumerate(one.rows))
    return replace(one, rows=mixed, stage=replace(one.stage, rows=mixed))


def test_answers_of_mixed_length_are_held_to_their_mean() -> None:
    mixed = replace(SLO, shape=Shape(spread=0.5))
    assert item(judged(lengths(16, 48), slo=mixed), "output length").startswith("PASS: answers have 32 tokens")
    assert item(judged(lengths(16, 48)), "output length").startswith("INCONCLUSIVE")
    assert item(judged(lengths(4, 40), slo=mixed), "output length").startswith("INCONCLUSIVE")


def test_a_recording_is_held_to_its_own_lengths() -> None:
    recording = tuple(Recorded(float(i), 64, 100) for i in range(400))
    replay = replace(SLO, shape=Shape("replay", recording=recording))
    assert item(judged(part(100), slo=replay), "output length").startswith("INCONCLUSIVE: answers have 32 tokens")
    assert item(judged(lengths(100), slo=replay), "output length").startswith("PASS")


def test_a_part_that_changed_in_its_middle_was_not_steady() -> None:
    one = part(100)
    late = tuple(replace(row, ttft=(row.ttft or 0) + (0.3 if index > 60 else 0)) for index, row in enumerate(one.rows))
    found = judged(part(100), replace(one, rows=late, stage=replace(one.stage, rows=late)))
    assert item(found, "steady").startswith("INCONCLUSIVE: part 2 of 2: ")


FIGURES = EngineFigures(1, 2, 10.0, finished=100.0)


@pytest.mark.parametrize(
    ("engine", "outcome"),
    [
        (FIGURES, Outcome.PASS),
        (replace(FIGURES, finished=300.0), Outcome.INCONCLUSIVE),
        (replace(FIGURES, problems=("the engine started again",)), Outcome.INCONCLUSIVE),
    ],
)
def test_an_engine_that_contradicts_its_client_holds_the_pass_back(engine: EngineFigures, outcome: Outcome) -> None:
    assert judged(part(100), engine=engine).outcome is outcome


def test_the_exact_decision_is_the_default_and_looks_once() -> None:
    report = Report("r", "g", "tiny", "u", 1, (part(58).stage,))
    slo = Slo((replace(TTFT, zone=None),), TRAFFIC)
    found = judge_slo(report, slo, "tiny")
    assert found.objectives[0].outcome is Outcome.INCONCLUSIVE and found.objectives[0].required == 59
    assert item(found, "independence").startswith("NOT_RUN")
