"""When a run in chunks has seen enough, and what it proves when it could not go on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.core.outcome import Outcome
from leanrag.load.chunked import deciding, judge_run, longest, parts_of
from leanrag.load.chunks import Chunk, ChunkedRun
from leanrag.load.report import Counts, Row, Stage
from leanrag.load.warmup import Cut
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone

TRAFFIC = Traffic("constant", 400, 64, 32, 10.0, 0, 120.0, rate=10.0)
TTFT = Objective("ttft", 500, "ms", 0.95, 95, Zone(0.0318, 0.0729))
ERRORS = Objective("errorRate", 0.01, "share", 0.95)
SLO = Slo((TTFT,), TRAFFIC, decision="sequential")
EACH = 40


def chunk(number: int, slow: int = 0, failed: int = 0) -> Chunk:
    """Return a chunk of 40 requests: every `slow`-th too late, the first `failed` of them in error."""
    begin = 1000.0 + 100 * number
    rows = []
    for index in range(EACH):
        late = slow and (index * 7) % slow == 0
        seen, start = (0.6 if late else 0.1) + (index * 7919 % 101) / 10_000, begin + index * 0.1
        rows.append(Row("successful", start, start + 0.9, start, seen, 0.0097, 0.9, 64, 32))
    rows = [replace(row, status="errored", e2e=None) if i < failed else row for i, row in enumerate(rows)]
    made = Counts(EACH - failed, failed, 0)
    stage = Stage("constant", 10.0, None, 1, begin, begin + 4, made, tuple(rows), ("max_requests",), False, ())
    return Chunk(stage, tuple(rows), Cut(0, True, "steady"), number, Path("none"))


def chunks(count: int, **more: int) -> tuple[Chunk, ...]:
    return tuple(chunk(number, **more) for number in range(count))


def test_a_good_service_is_let_go_after_few_chunks_and_a_bad_one_too() -> None:
    why = deciding(SLO, EACH)
    assert [why(chunks(count)) for count in (1, 3)] == ["", "every promise is decided"]
    assert why(chunks(3, slow=4)) == "ttft p95 is broken"


def test_a_promise_without_a_zone_is_looked_at_when_all_was_sent() -> None:
    why = deciding(replace(SLO, objectives=(TTFT, ERRORS)), EACH)
    assert [why(chunks(count)) for count in (3, 9)] == ["", ""]
    assert why(chunks(10)) == "every promise is decided"
    assert why(chunks(3, slow=4)) == "ttft p95 is broken"


def test_without_a_decision_the_extension_is_sent_and_the_longest_run_has_its_end() -> None:
    slo = replace(SLO, objectives=(TTFT, ERRORS), extension=0.5)
    assert (longest(slo).requests, longest(slo).max_duration_seconds) == (600, 180.0)
    open_end = (chunk(0, failed=1), *chunks(9))
    assert deciding(slo, EACH)(open_end) == ""
    # 560 requests with one failure would do; but that is a look which nobody has paid for.
    assert deciding(slo, EACH)((*open_end, *chunks(4))) == ""
    assert deciding(slo, EACH)((*open_end, *chunks(5))) == "every promise is decided"


def test_an_exact_block_is_not_looked_at_before_its_end() -> None:
    slo = Slo((replace(TTFT, zone=None),), TRAFFIC)
    why = deciding(slo, EACH)
    assert [why(chunks(count)) for count in (2, 9, 10)] == ["", "", "every promise is decided"]
    assert why(chunks(9, slow=2)) == ""


def test_the_queue_waits_for_the_engine_and_does_not_keep_the_run_going() -> None:
    queue = Objective("queue", 1, "s", 0.95, 95)
    why = deciding(replace(SLO, objectives=(TTFT, queue)), EACH)
    assert [why(chunks(count)) for count in (3, 10)] == ["", "every promise is decided"]


def test_each_part_knows_what_its_client_was_told_to_send() -> None:
    assert [part.traffic.requests for part in parts_of(chunks(3), SLO, EACH)] == [EACH] * 3


def run(folder: Path, outcome: Outcome, reason: str = "", **more: int) -> ChunkedRun:
    return ChunkedRun(outcome, reason, tuple(replace(one, source=folder / "report.json") for one in chunks(3, **more)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the least that a report of GuideLLM is, for its model and target."""
    spec = {"backend": {"model": "tiny", "target": "http://m"}, "seed": {"value": 1}}
    report = {"metadata": {"version": 2, "guidellm_version": "0.8.1"}, "config": {"spec": spec}, "benchmarks": []}
    (tmp_path / "report.json").write_text(json.dumps(report))
    return tmp_path


def test_a_run_in_chunks_is_judged_by_all_of_them(folder: Path) -> None:
    found = judge_run(run(folder, Outcome.PASS), SLO, "tiny", each=EACH)
    assert found.outcome is Outcome.PASS, found.reason
    assert judge_run(run(folder, Outcome.PASS, slow=4), SLO, "tiny", each=EACH).outcome is Outcome.FAIL


def test_a_run_that_could_not_go_on_never_passes(folder: Path) -> None:
    found = judge_run(run(folder, Outcome.INCONCLUSIVE, "chunk 4: no report"), SLO, "tiny", each=EACH)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "chunk 4: no report")
    nothing = judge_run(ChunkedRun(Outcome.INCONCLUSIVE, "chunk 1: no report", ()), SLO, "tiny")
    assert (nothing.outcome, nothing.reason) == (Outcome.INCONCLUSIVE, "chunk 1: no report")
