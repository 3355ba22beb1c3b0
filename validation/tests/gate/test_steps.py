"""The real steps: what is declared is announced and sent, and what cannot be asked is no answer."""

import json
from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.gate import steps as module
from leanrag.gate.discover import discover
from leanrag.gate.plan import Context
from leanrag.gate.steps import announce, judging, loading, smoke
from leanrag.load.exporters import NOBODY

from .traffic import loaded, slo


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
