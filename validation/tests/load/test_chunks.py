"""A run in chunks: declared before it, stopped by a decision or by a drowning service, and read chunk by chunk."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.load import chunks, health, kept
from leanrag.load.chunks import Chunk, run_chunks, saturated, sizes
from leanrag.load.report import Counts, Report, Row, Stage
from leanrag.load.warmup import Cut
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Shape

OPEN = Traffic("constant", 300, 64, 16, 10.0, 10, 100.0, rate=4.0)
CLOSED = Traffic("concurrent", 300, 64, 16, 10.0, 10, 100.0, streams=4)


def rows(count: int, wait: float = 0.1, growth: float = 0.0) -> tuple[Row, ...]:
    return tuple(
        Row("successful", 100 + i / 4, 100 + i / 4 + wait + growth * i, i / 4, ttft=wait + growth * i)
        for i in range(count)
    )


def stage(listed: tuple[Row, ...], **more: Any) -> Stage:
    counts = Counts(len(listed), 0, 0)
    return Stage("constant", 4.0, None, 1, 0.0, 999.0, counts, listed, ("max_requests",), None, (), **more)


def report(*stages: Stage) -> Report:
    return Report("x.json", "guidellm 0.8.1", "m", "http://m", 1, stages)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Replace GuideLLM: every chunk is answered in a tenth of a second, and what was asked is kept."""
    calls: list[dict[str, Any]] = []

    def run_load(url: str, model: str, traffic: Traffic, seed: int, out: Path, *_: Any, **named: Any) -> StepResult:
        calls.append({"traffic": traffic, "seed": seed, "out": out, **named})
        return StepResult("load", Outcome.PASS, "", 0.0, facts={"report": str(out / "guidellm.json.gz")})

    monkeypatch.setattr(chunks, "run_load", run_load)
    monkeypatch.setattr(kept, "read", lambda _path: report(stage(rows(calls[-1]["traffic"].sent))))
    return calls


def go(decide: Any = lambda _: "", traffic: Traffic = OPEN, **named: Any) -> chunks.ChunkedRun:
    return run_chunks("http://m", "m", traffic, 7, Path("/out"), Path("guidellm"), decide, **named)


def test_the_chunks_are_known_before_the_run_and_about_as_long_as_each_other() -> None:
    assert sizes(OPEN) == (100, 100, 100) and sizes(CLOSED) == (50,) * 6
    assert sizes(OPEN, 140) == (100, 100, 100) and sizes(replace(OPEN, requests=301), 101) == (101, 100, 100)
    assert sizes(replace(OPEN, requests=7)) == (7,)
    assert all(sum(sizes(replace(OPEN, requests=n))) == n for n in range(1, 500))


def test_without_a_decision_everything_is_sent_and_every_chunk_is_new(sent: list[dict[str, Any]]) -> None:
    done = go(shape=Shape("poisson"))
    assert done.outcome is Outcome.PASS and "all 3 chunks" in done.reason
    assert [call["traffic"].sent for call in sent] == [110, 110, 110] and len(done.rows) == 300
    assert len({call["seed"] for call in sent}) == 3 == len({call["out"] for call in sent})
    asked = [ask.prompt for call in sent for ask in call["asks"]]
    assert len(set(asked)) == 330 and all(call["enforce"] for call in sent)


def test_the_decision_ends_it(sent: list[dict[str, Any]]) -> None:
    done = go(lambda seen: "decided" if sum(len(one.rows) for one in seen) >= 200 else "")
    assert len(sent) == 2 and done.reason == "decided, after chunk 2 of 3"


def test_a_closed_loop_is_not_ended_for_growing_queues(sent: list[dict[str, Any]]) -> None:
    go(traffic=CLOSED)
    assert not any(call["enforce"] for call in sent)


def test_no_chunk_begins_that_could_not_end_in_time(sent: list[dict[str, Any]]) -> None:
    done = go(seconds=90.0)
    assert sent == [] and done.reason == "there was time for 0 of 3 chunks" and done.rows == ()


def test_a_chunk_has_its_share_of_the_time_and_no_less_than_a_timeout() -> None:
    assert chunks.part_of(OPEN, 145).max_duration_seconds == pytest.approx(50.0)
    assert chunks.part_of(OPEN, 5).max_duration_seconds == 10.0


def test_a_chunk_that_left_no_report_is_no_answer(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    refused = StepResult("load", Outcome.INCONCLUSIVE, "GuideLLM wrote no report (exit 1)", 0.0)
    monkeypatch.setattr(chunks, "run_load", lambda *_, **__: refused)
    done = go()
    assert done.outcome is Outcome.INCONCLUSIVE and done.reason == "chunk 1: GuideLLM wrote no report (exit 1)"


def test_a_report_of_two_stages_is_no_chunk() -> None:
    said = chunks.chunk(report(stage(rows(9)), stage(rows(9))), OPEN, 1, Path("x"))
    assert said == "the report holds 2 stages, not one"


def test_the_warm_up_is_left_out_declared_or_not() -> None:
    slow = tuple(replace(row, ttft=2.0 + i / 100) for i, row in enumerate(rows(110)[:30])) + rows(110)[30:]
    found = chunks.chunk(report(stage(slow)), replace(OPEN, requests=100), 1, Path("x"))
    assert isinstance(found, Chunk) and found.cut.discard == 20 and len(found.rows) == 80
    uneven = chunks.chunk(report(stage(slow)), replace(OPEN, requests=100), 1, Path("x"), Shape("ramp", ramp_to=8.0))
    assert isinstance(uneven, Chunk) and len(uneven.rows) == 100


def test_a_lost_request_of_a_chunk_counts_as_failed() -> None:
    found = chunks.chunk(
        report(
            stage(
                rows(109),
            )
        ),
        replace(OPEN, requests=100),
        1,
        Path("x"),
    )
    assert isinstance(found, Chunk) and len(found.rows) == 99
    lost = replace(stage(rows(109)), stopped_by=())
    found = chunks.chunk(report(lost), replace(OPEN, requests=100), 1, Path("x"))
    assert isinstance(found, Chunk) and [row.status for row in found.rows[-2:]] == ["successful", "errored"]


def drowning(growth: float = 0.3, **more: Any) -> Chunk:
    listed = rows(100, growth=growth)
    return Chunk(stage(listed, **more), listed, Cut(0, True, ""), 1, Path("x"))


def test_two_chunks_that_only_grew_end_the_run(sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "read", lambda _path: report(stage(rows(110, growth=0.3))))
    done = go()
    assert len(sent) == 2 and done.outcome is Outcome.INCONCLUSIVE and done.saturated
    assert "constant 4/s is above the service's capacity: 2 chunks in a row" in done.reason


def test_one_chunk_that_grew_is_no_witness_and_a_ramp_is_none_at_all() -> None:
    assert saturated([drowning()]) == "" == saturated([drowning(), drowning(growth=0.0)])
    assert saturated([drowning(), drowning()]) and not saturated([drowning()] * 2, Shape("ramp", ramp_to=8.0))
    closed = drowning()
    closed = replace(closed, stage=replace(closed.stage, rate=None, streams=4))
    assert not saturated([closed, closed])


def test_what_guidellm_saw_needs_no_second_witness() -> None:
    seen = drowning(growth=0.0)
    assert "GuideLLM saw" in saturated([replace(seen, stage=replace(seen.stage, saturated=True))], STEADY)


def test_a_report_of_ours_says_what_was_declared_and_how_its_client_was(tmp_path: Path) -> None:
    source = Path(__file__).parent / "reports" / "constant-good.json.gz"
    plain = kept.read(source)
    assert plain.stages[0].client is None and plain.stages[0].shape == ""
    own = json.loads(gzip.decompress(source.read_bytes()))
    own["config"]["metadata"] = {"labels": {"leanrag/shape": "poisson", "leanrag/rate": "5"}}
    own["benchmarks"][0]["config"]["strategy"] = {"type_": "trace", "worker_count": 2}
    path = tmp_path / "guidellm.json"
    path.write_text(json.dumps(own))
    first, last = plain.stages[0].rows[0].start, plain.stages[0].rows[-1].start
    health.keep(tmp_path / health.FILE, [health.Sample(first + 1, last - 1, 0.25, 0.5)])
    found = kept.read(path).stages[0]
    assert (found.kind, found.rate, found.name) == ("constant", 5.0, "poisson 5/s")
    assert found.client is not None and found.client.cpu_share == 0.5
    assert found.client.achieved == pytest.approx(1.0, abs=0.01)
