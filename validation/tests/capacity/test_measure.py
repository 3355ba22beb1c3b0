"""One rate is measured in chunks that stop when its tests have an answer; what proves nothing is said."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from leanrag.capacity import commands
from leanrag.capacity.commands import Service, measure, probe
from leanrag.capacity.judge import Said
from leanrag.capacity.search import Plan, Probe, Step
from leanrag.cli.capacity import capacity_verb
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.load.chunks import Chunk, ChunkedRun
from leanrag.load.report import Counts, Row, Stage
from leanrag.load.warmup import Cut
from leanrag.slo.objectives import Objective, Slo, Traffic

SLO = Slo(
    (Objective("ttft", 1.0, "s", 0.95, 95),),
    Traffic("constant", 320, 64, 8, 30.0, 16, 600.0, rate=2.0),
)
STEP = Step(4.0, "search")
FAST = Said(Outcome.PASS, 100, "all 1 promises hold")


def chunk(ttft: float = 0.1, count: int = 80, stretched: float = 1.0) -> Chunk:
    rows = tuple(
        Row("successful", i / 4 * stretched, i / 4 * stretched + ttft, i / 4, ttft + i % 9 / 1000, 0.01, 1.0, 64, 8)
        for i in range(count)
    )
    stage = Stage("constant", 4.0, None, 1, 0.0, count / 4, Counts(count, 0, 0), rows, ("max_requests",), False, ())
    return Chunk(stage, rows, Cut(0, True, ""), 1, Path("r"))


def service(folder: Path) -> Service:
    return Service("http://127.0.0.1:9", "tiny", SLO, folder / "guidellm", folder, 1, 0.05)


def sending(sent: list[Chunk], one: Chunk) -> Callable[..., ChunkedRun]:
    """A stand-in for the load tool: ten chunks of this kind, or as many as are wanted."""

    def run_chunks(*given: Any, **options: Any) -> ChunkedRun:
        decide: Callable[[Sequence[Chunk]], str] = given[6]
        for _ in range(10):
            sent.append(one)
            if why := decide(tuple(sent)):
                return ChunkedRun(Outcome.PASS, why, tuple(sent))
        return ChunkedRun(Outcome.PASS, "all were sent", tuple(sent))

    return run_chunks


@pytest.mark.parametrize(("ttft", "outcome"), [(0.1, Outcome.PASS), (2.0, Outcome.FAIL)])
def test_no_chunk_is_sent_after_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ttft: float, outcome: Outcome
) -> None:
    sent: list[Chunk] = []
    monkeypatch.setattr(commands, "run_chunks", sending(sent, chunk(ttft)))
    found = measure(service(tmp_path), STEP, 0, math.inf)
    assert found.outcome is outcome
    assert len(sent) < 4
    assert found.n == 80 * len(sent)


def test_a_service_that_drowns_fails_the_rate(tmp_path: Path) -> None:
    run = ChunkedRun(Outcome.INCONCLUSIVE, "chunk 2", (chunk(),), saturated="2 chunks in a row")
    assert probe(STEP, run, FAST, 1.0).outcome is Outcome.FAIL


def test_a_load_that_could_not_be_read_proves_nothing(tmp_path: Path) -> None:
    run = ChunkedRun(Outcome.INCONCLUSIVE, "chunk 1: GuideLLM wrote no report", (chunk(),))
    found = probe(STEP, run, FAST, 1.0)
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "chunk 1: GuideLLM wrote no report")


def test_a_client_that_fell_behind_proves_nothing_of_the_service(tmp_path: Path) -> None:
    found = probe(STEP, ChunkedRun(Outcome.PASS, "", (chunk(stretched=1.5),)), FAST, 1.0)
    assert (found.outcome, found.client) == (Outcome.INCONCLUSIVE, True)
    assert "67%" in found.reason


def test_no_rate_is_begun_when_the_time_is_over(tmp_path: Path) -> None:
    found = measure(service(tmp_path), STEP, 0, 1.0)
    assert (found.outcome, found.n) == (Outcome.INCONCLUSIVE, 0)


def test_promises_that_are_not_about_requests_have_no_capacity(tmp_path: Path) -> None:
    floor = Slo((Objective("throughput", 100.0, "tokens/s", 0.95),), SLO.traffic)
    given = Service("http://127.0.0.1:9", "tiny", floor, tmp_path, tmp_path, 1, 0.05)
    with pytest.raises(InputError, match="no promise is about single requests"):
        commands.capacity(given, Plan(1.0, 0.1, 10.0))


TEXT = """
slo:
  confidence: 0.95
  objectives:
    ttft: {percentile: 95, limit: 300, unit: ms}
  traffic: {profile: constant, rate: 4, requests: 200, promptTokens: 20, outputTokens: 8, timeoutSeconds: 30,
            warmupRequests: 0, maxDurationSeconds: 600}
"""


def test_the_verb_prints_one_document_and_only_the_answer_decides_its_exit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(given: Service, step: Step, index: int, seconds: float) -> Probe:
        return Probe(step, Outcome.PASS if step.rate < 10 else Outcome.FAIL, 100, "as told")

    monkeypatch.setattr(commands, "measure", measured)
    (tmp_path / "slo.yaml").write_text(TEXT)
    asked = ["http://127.0.0.1:9/v1", "--model", "tiny", "--slo", str(tmp_path / "slo.yaml"), "--guidellm", "g"]
    assert capacity_verb.main([*asked, "--format", "json"], standalone_mode=False) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "leanrag.io/capacity/v1"
    assert found["requestsPerSecond"]["low"] < 10 <= found["requestsPerSecond"]["high"]
    assert found["probes"][0]["rate"] == 4
    assert capacity_verb.main([*asked, "--least", "20", "--start", "20"], standalone_mode=False) == 1


def test_a_range_that_is_upside_down_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(TEXT)
    asked = ["http://127.0.0.1:9", "--model", "tiny", "--slo", str(tmp_path / "slo.yaml")]
    with pytest.raises(InputError, match="is more than"):
        capacity_verb.main([*asked, "--least", "20", "--most", "2"], standalone_mode=False)
