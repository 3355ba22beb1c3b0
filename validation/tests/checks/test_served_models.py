"""Rules that hold a model to its name, its address and its promise: SRV001, RAG005, SCL002 and RTE001."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.rules.autoscaling import scalers_ask_for_a_served_model
from leanrag.checks.rules.ragstack import engines_agree
from leanrag.checks.rules.routes import timeouts_exceed_promises
from leanrag.checks.rules.serving import names_are_their_own

from .cluster import promised, scope_of


def test_a_name_that_another_engine_answers_to_as_well_is_found() -> None:
    owner = promised()
    owner["data"]["model.json"] = '{"model": "granite", "task": "chat"}'
    args = ["vllm", "serve", "/m", "--served-model-name", "other", "granite", "--port=1"]
    container = {"name": "e", "image": "docker.io/vllm/vllm-openai:v0.32.0", "command": args}
    engine = {"kind": "Pod", "metadata": {"name": "e"}, "spec": {"containers": [container]}}
    scope = scope_of(owner, engine)
    chart = Path("charts/serving/other")
    other = App("dev-other", "dev", "serving", "other", "other", "lr-serving", chart, chart / "x.yaml", ())
    apart = replace(scope, manifests=(scope.manifests[0], replace(scope.manifests[1], app=other)))
    [found] = names_are_their_own(apart)
    assert found.message == "answers to 'granite', too, which is the model of dev-model"


def agreeing(asked: str, served: str) -> list[str]:
    """What RAG005 says of a chat model that is asked for at one address and served at another."""
    model = promised()
    model["data"]["model.json"] = json.dumps({"model": "m", "task": "chat", "release": "chat", "url": served})
    needs = {"engines": {"chat": {"model": "m", "url": asked, "auth": False}}}
    metadata = {"name": "rag-stack-contract", "labels": {"leanrag.io/rag": "true"}}
    rag = {"kind": "ConfigMap", "metadata": metadata, "data": {"needs.json": json.dumps(needs)}}
    return [each.message for each in engines_agree(scope_of(model, rag))]


SERVED = "http://chat-engine.lr-serving.svc.cluster.local:8000"


@pytest.mark.parametrize(
    "url",
    [
        SERVED,
        "http://chat-engine.lr-serving.svc:8000/v1/",
        "http://chat-predictor.lr-serving.svc.cluster.local",
        "http://chat-predictor.lr-serving.svc.cluster.local:8080",
        "http://gateway.openshift-ingress.svc/lr-serving/chat",
        "https://models.example.com",
    ],
)
def test_an_address_that_leads_to_the_model_has_no_finding(url: str) -> None:
    assert agreeing(url, SERVED) == []


@pytest.mark.parametrize("host", ["chat-predictor.lr-serving.svc:8000", "chat.lr-serving.svc:8000"])
def test_an_address_of_the_layer_that_leads_elsewhere_is_found(host: str) -> None:
    assert agreeing(f"http://{host}", SERVED) == [f"'m' is asked for at http://{host}, and served at {SERVED}"]


def test_models_behind_one_gateway_have_a_path_each() -> None:
    def at_gateway(name: str) -> dict[str, Any]:
        body = {"model": name, "task": "chat", "url": f"http://gateway.example.com/lr-serving/{name}"}
        metadata = {"name": name, "labels": {"leanrag.io/slo": "true"}}
        return {"kind": "ConfigMap", "metadata": metadata, "data": {"model.json": json.dumps(body)}}

    assert list(names_are_their_own(scope_of(at_gateway("one"), at_gateway("two")))) == []


def test_a_scaler_may_count_requests_that_others_count() -> None:
    query = 'sum(vllm:num_requests_waiting{model_name="m"}) + sum(requests{model_name="x"}) + sum(up{model_name="y"})'
    trigger = {"type": "prometheus", "metadata": {"query": query}}
    scaler = {"kind": "ScaledObject", "metadata": {"name": "s"}, "spec": {"triggers": [trigger]}}
    model = promised()
    model["data"]["model.json"] = '{"model": "n", "task": "chat"}'
    [found] = scalers_ask_for_a_served_model(scope_of(scaler, model))
    assert found.message == "no model 'm' is served on this cluster"


@pytest.mark.parametrize(("termination", "found"), [("edge", 1), ("passthrough", 0)])
def test_a_router_that_sees_no_requests_ends_none(termination: str, found: int) -> None:
    slo = {"objectives": {"e2e": {"limit": 40, "percentile": 95, "unit": "s"}}}
    model = promised()
    url = "http://chat.lr-serving.svc:8000"
    model["data"]["model.json"] = json.dumps({"model": "m", "task": "chat", "url": url, "slo": slo})
    spec = {"to": {"kind": "Service", "name": "chat"}, "tls": {"termination": termination}}
    route = {"kind": "Route", "metadata": {"name": "chat", "namespace": "lr-serving"}, "spec": spec}
    assert len(list(timeouts_exceed_promises(scope_of(model, route)))) == found
