"""The real steps: what is declared is announced, sent and judged, and what cannot be judged is no answer."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.core.errors import InputError, StoppedError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.diagnose.model import Alone, Span
from leanrag.engine.recording import write_snapshots
from leanrag.engine.snapshot import snapshot
from leanrag.gate import causes
from leanrag.gate import steps as module
from leanrag.gate.discover import discover
from leanrag.gate.lift import check_facts
from leanrag.gate.plan import Context
from leanrag.gate.steps import announce, judging, loading, smoke
from leanrag.load.exporters import NOBODY

REPORTS = Path(__file__).parent.parent / "load" / "reports"
TRAFFIC = {
    "profile": "concurrent",
    "streams": 8,
    "requests": 150,
    "promptTokens": 64,
    "outputTokens": 32,
    "timeoutSeconds": 30,
    "warmupRequests": 16,
    "maxDurationSeconds": 60,
}


def slo(limit=300, percentile=95, **traffic):
    objectives = {"ttft": {"percentile": percentile, "limit": limit, "unit": "ms"}}
    return {"confidence": 0.95, "objectives": objectives, "traffic": TRAFFIC | traffic}


@pytest.fixture
def context(plan, chat):
    def make(results=None, models=None, **changes):
        # The recorded reports are those of this model name.
        given = models if models is not None else [chat(model="mock-llm", slo=slo(**changes))]
        return Context(plan(targets=discover(given)), 7, results or {}, 60.0)

    return make


def loaded(**reports):
    return {"load": StepResult("load", Outcome.PASS, "", 0.0, (), {"reports": reports})}


@pytest.fixture
def report(tmp_path):
    """A recorded report in a folder of its own, where what belongs to a run is kept beside it."""

    def at(name="concurrent-good.json.gz"):
        return str(shutil.copy(REPORTS / name, tmp_path / "guidellm.json.gz"))

    return at


def judged(context, limit, report):
    return judging(context(loaded(**{"mock-llm": report}), limit=limit))


@pytest.mark.parametrize(("limit", "outcome"), [(300, Outcome.PASS), (120, Outcome.FAIL), (140, Outcome.INCONCLUSIVE)])
def test_a_recorded_report_is_judged_by_the_declared_limit(context, report, limit, outcome):
    result = judged(context, limit, report())
    assert result.outcome is outcome
    entry = check_facts(result).facts["objectives"][0]
    assert (entry["model"], entry["metric"], entry["limit"]) == ("mock-llm", "ttft", limit)
    assert result.facts["distributions"]
    assert {check["name"] for check in result.facts["evidence"]} >= {"report", "errors", "pace"}


def test_what_did_not_pass_is_explained_and_the_whole_diagnosis_kept(context, report, tmp_path):
    (cause,) = check_facts(judged(context, 120, report())).facts["diagnoses"]
    assert cause["model"] == "mock-llm"
    assert cause["reason"]
    kept = json.loads((tmp_path / "diagnosis.json").read_text())
    assert kept["cause"] == cause["cause"]
    assert judged(context, 300, report()).facts["diagnoses"] == []


def test_lone_requests_are_measured_for_a_diagnosis_where_there_is_time(context, report, monkeypatch):
    asked = []

    def measure_alone(url, model, traffic, seed, _token, seconds):
        assert seconds < 3000.0 - module.JUDGE_SECONDS
        asked.append((url, model, traffic.requests, seed))
        return Alone(Span(0.13, 0.14), Span(0.01, 0.01), "8 sent one by one")

    monkeypatch.setattr(module, "measure_alone", measure_alone)
    given = context(loaded(**{"mock-llm": report()}), limit=120)
    assert judging(given).facts["diagnoses"][0]["cause"] is None
    (cause,) = check_facts(judging(replace(given, seconds_left=3000.0))).facts["diagnoses"]
    assert asked == [("http://chat.lr-serving.svc.cluster.local:8000", "mock-llm", 150, 6)]
    assert cause["cause"] == "latency floor"
    assert cause["change"]["key"]


def test_what_earlier_models_took_of_the_time_is_gone(context, report, monkeypatch):
    given = replace(context(loaded(**{"mock-llm": report()}), limit=120), seconds_left=3000.0)
    clock = iter((0.0, 2600.0))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock, 2600.0))
    monkeypatch.setattr(module, "measure_alone", lambda *_, **__: pytest.fail("no time is left"))
    assert judging(given).outcome is Outcome.FAIL


def test_a_dead_service_is_not_asked_again(context, report, monkeypatch):
    monkeypatch.setattr(module, "measure_alone", lambda *_, **__: pytest.fail("nobody is there"))
    given = replace(context(loaded(**{"mock-llm": report("all-500.json.gz")})), seconds_left=3000.0)
    assert judging(given).outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)


def test_lone_requests_that_fail_cost_neither_verdict_nor_diagnosis(context, report, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("none")

    monkeypatch.setattr(module, "measure_alone", broken)
    given = replace(context(loaded(**{"mock-llm": report()}), limit=120), seconds_left=3000.0)
    result = judging(given)
    assert result.outcome is Outcome.FAIL
    assert "could not be diagnosed" not in check_facts(result).facts["diagnoses"][0]["reason"]


def test_a_diagnosis_that_the_verdict_would_refuse_does_not_cost_it(context, report, monkeypatch):
    monkeypatch.setattr(causes, "_entry", lambda model, _found: {"model": model, "reason": "", "cause": None})
    result = check_facts(judged(context, 120, report()))
    assert result.outcome is Outcome.FAIL
    assert "could not be diagnosed" in result.facts["diagnoses"][0]["reason"]


def test_counts_of_several_engines_explain_nothing(context, report, monkeypatch, tmp_path):
    path = report()
    turns = [f"process_start_time_seconds {1 + at % 2}\nvllm:num_requests_waiting 90\n" for at in range(4)]
    write_snapshots(tmp_path / "engine.jsonl.zst", [snapshot(text, float(at)) for at, text in enumerate(turns)])
    seen, real = [], causes.diagnose
    monkeypatch.setattr(causes, "diagnose", lambda run: seen.append(run.snapshots) or real(run))
    assert judged(context, 120, path).outcome is Outcome.FAIL
    assert seen == [()]


def test_a_defect_of_the_diagnosis_does_not_cost_the_verdict(context, report, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("none")

    monkeypatch.setattr(causes, "diagnose", broken)
    result = judged(context, 120, report())
    assert result.outcome is Outcome.FAIL
    assert "ZeroDivisionError" in check_facts(result).facts["diagnoses"][0]["reason"]


def test_a_report_of_only_errors_never_passes(context, report):
    result = judged(context, 300, report("all-500.json.gz"))
    assert result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("reports", [{}, {"mock-llm": "/nowhere.json"}, {"mock-llm": None}, {"other": "x"}])
def test_a_missing_report_is_no_answer(context, reports):
    result = judging(context(loaded(**reports)))
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.facts["objectives"] == []


def test_needs_are_announced_before_anything_is_sent(chat):
    lines = announce(discover([chat(slo=slo())]))
    assert lines == (
        "tiny: TTFT p95 needs at least 59 requests for a PASS at 95 % confidence, when none breaks it; 150 will count",
    )


def test_what_the_traffic_could_never_prove_is_refused_before_anything_is_sent(chat):
    with pytest.raises(InputError, match="p99 at 95 % needs >= 299 requests; traffic sends 150"):
        announce(discover([chat(slo=slo(percentile=99))]))


def done(model, **facts):
    return StepResult("load", Outcome.PASS, f"{model} done", 1.0, (), {"tool": "0.8.1", **facts})


def test_every_measured_model_gets_its_traffic_and_embeddings_are_said_to_get_none(context, chat, monkeypatch):
    calls = []

    def measure(service, slo, seed, place, guidellm, labels, seconds, gpus):
        assert gpus == NOBODY
        assert 60.0 + module.JUDGE_SECONDS + seconds > 0
        calls.append((service.url, service.model, slo.traffic.requests, seed, place.folder.name, guidellm))
        assert place.folder not in place.chunks.parents
        return done(service.model, report=f"{service.model}.gz", engine={"prefixHitRate": 0.5}, files=["rows"])

    monkeypatch.setattr(module, "measure", measure)
    models = [
        chat(slo=slo()),
        chat(model="big", release="big", slo=slo()),
        chat(model="e", release="e", task="embedding"),
    ]
    result = loading(Path("/opt/guidellm"))(context(models=models))
    url = "http://chat.lr-serving.svc.cluster.local:8000"
    assert calls == [
        (url, "big", 150, 7, "big", Path("/opt/guidellm")),
        (url, "tiny", 150, 7, "chat", Path("/opt/guidellm")),
    ]
    assert result.facts["reports"] == {"tiny": "tiny.gz", "big": "big.gz"}
    assert result.facts["engine"] == {"tiny": {"prefixHitRate": 0.5}, "big": {"prefixHitRate": 0.5}}
    assert [(i.name, i.outcome) for i in result.items][-1] == ("e", Outcome.NOT_RUN)
    assert result.outcome is Outcome.PASS


def test_a_report_says_what_must_be_the_same_for_a_comparison(context, chat):
    made = context(models=[chat(slo=slo())])
    (model,) = made.plan.targets.measured
    told = module.labels(model, made, module.slo_of(model))
    assert (told["engine"], told["verdict"], told["cluster"]) == ("vllm 0.32.0", "local-1", "local")
    other = context(models=[chat(slo=slo(requests=151))])
    assert told["scenario"] != module.labels(model, other, module.slo_of(other.plan.targets.measured[0]))["scenario"]
    assert "gpu" not in told


def test_one_model_without_a_report_makes_the_load_step_inconclusive(context, chat, monkeypatch):
    def measure(service, *_rest):
        outcome = Outcome.INCONCLUSIVE if service.model == "big" else Outcome.PASS
        return StepResult("load", outcome, f"{service.model} said", 1.0)

    monkeypatch.setattr(module, "measure", measure)
    result = loading(Path("g"))(context(models=[chat(slo=slo()), chat(model="big", release="big", slo=slo())]))
    assert (result.outcome, result.reason) == (Outcome.INCONCLUSIVE, "big said")


@pytest.mark.parametrize("step", [loading(Path("g")), judging])
def test_without_a_declared_objective_there_is_no_answer(context, chat, step):
    with pytest.raises(InputError, match="no chat model declares an objective"):
        step(context(loaded(), models=[chat(slo=None)]))


def test_a_cluster_without_a_rag_contract_is_no_answer(context):
    result = smoke(context())
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "leanrag.io/rag" in result.reason


def test_smoke_gets_the_address_the_token_and_the_time_that_is_left(context, rag, monkeypatch):
    seen = {}

    def run_smoke(target, *, deadline):
        seen.update(target=target, deadline=deadline)
        return StepResult("smoke", Outcome.PASS, "", 0.0)

    monkeypatch.setattr(module, "run_smoke", run_smoke)
    contract = rag(auth={"mode": "token", "secretName": "rag", "secretKey": "key"})
    url = json.loads(contract.body["data"]["rag.json"])["url"]
    made = context(models=[])
    targets = discover([contract], {url: "http://127.0.0.1:4000"}, {"rag/key": "t0ken"}, answering=True)
    given = Context(made.plan.__class__(**{**_fields(made.plan), "targets": targets}), 7, {}, 12.0)
    smoke(given)
    target = seen["target"]
    assert (target.url, target.api_key, target.answering, seen["deadline"]) == (
        "http://127.0.0.1:4000",
        "t0ken",
        True,
        12.0,
    )


def _fields(plan):
    return {name: getattr(plan, name) for name in plan.__slots__}


def test_a_stop_while_judging_is_not_taken_for_a_bad_report(context, monkeypatch):
    def stopped(*_):
        raise StoppedError("stopped by SIGTERM")

    monkeypatch.setattr(module, "read_run", stopped)
    with pytest.raises(StoppedError):
        judging(context(loaded(**{"mock-llm": "x"})))
