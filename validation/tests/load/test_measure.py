"""A measured run is kept with what its engine said, and read back, whole or in chunks."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.compare.sides import read_side
from leanrag.core.errors import InputError, StoppedError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.engine.snapshot import snapshot
from leanrag.load import kept, runs
from leanrag.load import measure as module
from leanrag.load.chunked import judge_run, longest
from leanrag.load.chunks import ChunkedRun, chunk, part_of, sizes
from leanrag.load.commands import judge_report, needs
from leanrag.load.engine_figures import span
from leanrag.load.exporters import NOBODY, Asked, Exporters
from leanrag.load.measure import Place, Service, measure
from leanrag.load.rows import read_kept
from leanrag.slo.objectives import Objective, Slo, Zone

from .recorded import MODEL, REPORT, SLO, STAGE, TRAFFIC, around

OFTEN = Slo((Objective("ttft", 300, "ms", 0.95, 95, Zone(0.02, 0.12)),), TRAFFIC, decision="sequential")


class FakeSampler:
    """Stands for a sampler that saw the engine before and after."""

    problems = ()

    def __init__(self, url, _every, token):
        assert (url, token) == ("http://m/metrics", "key")
        self.snapshots = around(0.0, float(STAGE.made.successful))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Measure with a load client that leaves a recorded report."""

    def run_load(_url, _model, _traffic, _seed, out, *_rest, **_named):
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPORT, out / "guidellm.json.gz")
        return StepResult("load", Outcome.PASS, "done", 1.0, facts={"report": str(out / "guidellm.json.gz")})

    monkeypatch.setattr(module, "run_load", run_load)
    monkeypatch.setattr("leanrag.load.chunks.run_load", run_load)
    monkeypatch.setattr(module, "Sampler", FakeSampler)
    place = Place(tmp_path / "load", tmp_path / "chunks")
    service, about = Service("http://m", MODEL, "key"), {"scenario": "s"}
    return lambda slo, **more: measure(service, slo, 7, place, Path("g"), about, **more)


def test_a_run_is_kept_with_every_request_and_what_the_engine_said(measured, tmp_path):
    (tmp_path / "load").mkdir()
    for stale in ("engine-2.jsonl.zst", "diagnosis.json", "run.json", "guidellm.json.gz"):
        (tmp_path / "load" / stale).write_text("of an earlier run")
    step = measured(SLO)
    assert sorted(path.name for path in (tmp_path / "load").iterdir()) == [
        "engine.jsonl.zst",
        "guidellm.json.gz",
        "rows.jsonl.zst",
    ]
    rows = read_kept(tmp_path / "load" / "rows.jsonl.zst")
    assert (len(rows.stage.rows), rows.about["scenario"]) == (len(STAGE.rows), "s")
    assert step.facts["engine"]["finished"] == STAGE.made.successful
    assert judge_report(Path(step.facts["report"]), SLO, MODEL).outcome is Outcome.PASS


def test_the_gpus_of_the_pods_that_were_measured_are_kept_and_nobody_else_s(measured, monkeypatch, tmp_path):
    begin, end = span(STAGE)
    pods = (("lr-serving", "chat-0"), ("lr-serving", "chat-1"))
    utils = {"chat-0": 80, "chat-1": 40, "other-0": 5}
    page = "".join(
        f'DCGM_FI_DEV_GPU_UTIL{{UUID="{pod}",namespace="lr-serving",pod="{pod}"}} {busy}\n'
        for pod, busy in utils.items()
    )

    @contextmanager
    def asking(whom):
        yield (
            Asked()
            if whom == NOBODY
            else Asked(((snapshot(page, begin), snapshot(page, end)),), ("http://far:9400: no answer within 10 s",))
        )

    monkeypatch.setattr(module, "asking", asking)
    step = measured(SLO, gpus=Exporters(("http://node:9400/metrics",), pods))
    assert [(each["uuid"], each["busy"]) for each in step.facts["engine"]["gpus"]] == [("chat-0", 0.8), ("chat-1", 0.4)]
    assert step.facts["engine"]["scrapeProblems"] == ["http://far:9400: no answer within 10 s"]
    assert (tmp_path / "load" / "gpus.jsonl.zst").is_file()
    measured(SLO)
    assert not (tmp_path / "load" / "gpus.jsonl.zst").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [(InputError("no space"), "no space"), (ZeroDivisionError("of ours"), "unexpected ZeroDivisionError: of ours")],
)
def test_what_cannot_be_kept_is_said_and_the_report_still_counts(measured, monkeypatch, error, said):
    def full(*_):
        raise error

    monkeypatch.setattr(module, "record", full)
    step = measured(SLO)
    assert (step.outcome, step.facts["unrecorded"]) == (Outcome.PASS, said)
    assert judge_report(Path(step.facts["report"]), SLO, MODEL).outcome is Outcome.PASS


def test_a_stop_while_a_run_is_kept_ends_the_run(measured, monkeypatch):
    def stopped(*_):
        raise StoppedError("stopped by SIGTERM")

    monkeypatch.setattr(module, "record", stopped)
    with pytest.raises(StoppedError):
        measured(SLO)


def test_an_earlier_report_is_not_taken_for_a_run_in_chunks_that_left_none(measured, monkeypatch, tmp_path):
    measured(SLO)
    silent = StepResult("load", Outcome.INCONCLUSIVE, "no report", 1.0)
    monkeypatch.setattr("leanrag.load.chunks.run_load", lambda *_args, **_named: silent)
    step = measured(OFTEN)
    assert (step.outcome, "report" in step.facts) == (Outcome.INCONCLUSIVE, False)
    with pytest.raises(InputError):
        judge_report(tmp_path / "load", OFTEN, MODEL)


def test_a_sequential_block_is_sent_in_chunks_and_judged_as_one_run(measured, tmp_path):
    step = measured(OFTEN)
    assert step.facts["chunks"] >= 1
    assert Path(step.facts["report"]) == tmp_path / "load" / "run.json"
    assert not list((tmp_path / "load").rglob("*.json.gz"))
    run = runs.read_run(tmp_path / "load", OFTEN)
    assert len(run.chunked.chunks) == step.facts["chunks"]
    assert runs.counted(run) is not None
    assert judge_report(tmp_path / "load", OFTEN, MODEL).objectives


def test_a_declared_extension_is_sent_in_an_exact_block_too(measured, tmp_path):
    step = measured(replace(SLO, extension=0.5))
    assert Path(step.facts["report"]) == tmp_path / "load" / "run.json"


def test_a_run_in_chunks_is_one_run_for_a_comparison(measured, tmp_path):
    step = measured(OFTEN)
    side = read_side(tmp_path / "load")
    (run,) = side.runs
    assert (side.facts.scenario, side.facts.model) == ("s", MODEL)
    assert sum(len(stage.rows) for stage in run.stages.values()) == step.facts["chunks"] * len(STAGE.rows)


def test_chunks_read_back_prove_what_they_proved(tmp_path):
    traffic, reports = longest(OFTEN), [tmp_path / f"chunk-{number}" for number in range(2)]
    for each in reports:
        each.mkdir()
        shutil.copy(REPORT, each / "guidellm.json.gz")
    told = tuple(
        chunk(kept.read(path / "guidellm.json.gz"), part_of(traffic, size), seed, path / "guidellm.json.gz")
        for seed, (path, size) in enumerate(zip(reports, sizes(traffic), strict=False))
    )
    run = ChunkedRun(Outcome.INCONCLUSIVE, "chunk 3: no report", told)
    path = runs.write_run(tmp_path / "load", run)
    assert judge_report(path, OFTEN, MODEL).objectives == judge_run(run, OFTEN, MODEL).objectives
    assert judge_report(path, OFTEN, MODEL).reason == judge_run(run, OFTEN, MODEL).reason


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}', '{"schema": "leanrag.io/run/v1", "chunks": [1]}'])
def test_a_damaged_run_is_refused_with_a_way_out(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run\.json"):
        runs.read_run(tmp_path, OFTEN)


def test_no_chunk_of_a_run_is_left_out_because_the_block_became_smaller(measured, tmp_path):
    measured(OFTEN)
    path = tmp_path / "load" / "run.json"
    document = json.loads(path.read_text())
    chunks = [document["chunks"][0]] * (len(sizes(longest(OFTEN))) + 1)
    path.write_text(json.dumps(document | {"chunks": chunks}))
    with pytest.raises(InputError, match="chunks, and this slo: block sends"):
        runs.read_run(path, OFTEN)


def test_a_sequential_promise_says_how_early_it_can_be_decided():
    ((_, exact),) = needs(SLO)
    ((_, early),) = needs(OFTEN)
    assert exact.startswith("needs at least 59 requests for a PASS at 95 % confidence")
    assert early.endswith("at most 150 will count")
