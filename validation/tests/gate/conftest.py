"""A plan for the gate whose edges (Git, engines) are given, and steps that say what they are told to say."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App, Cluster, ClusterFacts
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item, StepResult
from leanrag.gate.discover import Targets, discover
from leanrag.gate.plan import Context, Plan, Step
from leanrag.gate.probe import Engine
from leanrag.gate.publish import publish
from leanrag.gate.revision import Revision
from leanrag.gate.run import run_gate
from leanrag.render.manifest import Manifest

from .board import KEY, WHERE
from .traffic import slo

SHA = "a" * 40
CONTENT = "sha256:" + "b" * 64
CHAT_URL = "http://chat.lr-serving.svc.cluster.local:8000"
RAG_URL = "http://rag-stack.lr-rag.svc.cluster.local:8321"
TTFT = {"percentile": 95, "limit": 500, "unit": "ms"}
ADDRESSES = {CHAT_URL: "http://127.0.0.1:1", RAG_URL: "http://127.0.0.1:2"}


def chat_contract(**changes: Any) -> dict[str, Any]:
    return {
        "model": "tiny",
        "release": "chat",
        "task": "chat",
        "engine": "vllm",
        "url": CHAT_URL,
        "dimension": None,
        "maxModelLen": 2048,
        "auth": None,
        "slo": {"confidence": 0.95, "objectives": {"ttft": TTFT}},
    } | changes


def rag_contract(**changes: Any) -> dict[str, Any]:
    return {
        "api": "llamastack",
        "url": RAG_URL,
        "vectorStore": "milvus-lite",
        "provider": "milvus",
        "models": {"chat": "vllm/tiny", "embedding": "vllm-embed/minilm"},
        "dimension": 384,
        "searchModes": ["vector", "keyword", "hybrid"],
        "filters": True,
        "chunk": {"sizeTokens": 128, "overlapTokens": 16},
        "asyncAttach": True,
        "auth": None,
    } | changes


def config_map(name: str, label: str, key: str, document: object) -> Manifest:
    app = App("local-" + name, "local", "serving", "model", name, "lr-serving", Path("c"), Path("o.yaml"), ())
    text = document if isinstance(document, str) else json.dumps(document)
    metadata = {"name": name, "labels": {label: "true"}}
    return Manifest(app, "templates/x.yaml", {"kind": "ConfigMap", "metadata": metadata, "data": {key: text}})


@pytest.fixture
def chat() -> Callable[..., Manifest]:
    return lambda **changes: config_map("chat-slo", "leanrag.io/slo", "model.json", chat_contract(**changes))


@pytest.fixture
def rag() -> Callable[..., Manifest]:
    return lambda **changes: config_map("rag-stack-contract", "leanrag.io/rag", "rag.json", rag_contract(**changes))


@pytest.fixture
def broken_map() -> Callable[[str], Manifest]:
    return lambda text: config_map("chat-slo", "leanrag.io/slo", "model.json", text)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    facts = ClusterFacts(name="local", environment="local", platform="kubernetes", domain="x", registry="r")
    return Cluster(facts, tmp_path / "bootstrap" / "local" / "cluster.yaml", {})


@pytest.fixture
def targets(chat: Callable[..., Manifest], rag: Callable[..., Manifest]) -> Targets:
    return discover([chat(), rag()], ADDRESSES)


@pytest.fixture
def plan(tmp_path: Path, cluster: Cluster, targets: Targets) -> Callable[..., Plan]:
    def make(**changes: Any) -> Plan:
        given: dict[str, Any] = {
            "id": "local-1",
            "root": tmp_path,
            "cluster": cluster,
            "scope": "local",
            "mode": "full",
            "targets": targets,
            "out": tmp_path / "out",
            "deadline": 60.0,
            "revision_now": lambda: Revision(SHA, False, CONTENT),
            "ask": lambda _target: Engine(("tiny",), "0.32.0"),
        }
        return Plan(**given | changes)

    return make


@pytest.fixture
def objective() -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        return {
            "model": "tiny",
            "name": "ttft p95",
            "metric": "ttft",
            "unit": "ms",
            "percentile": 95,
            "limit": 500,
            "confidence": 0.95,
            "n": 200,
            "required": 59,
            "violations": 1,
            "estimate": 412.5,
            "allowed": 0.05,
            "interval": {"lower": 0.0001, "upper": 0.0275},
            "outcome": "PASS",
            "reason": "95 % of requests have time to first token <= 500 ms: 1 of 200 did not",
        } | changes

    return make


@pytest.fixture
def steps(objective: Callable[..., dict[str, Any]]) -> Callable[..., list[Step]]:
    """Four steps that pass; a keyword replaces one: an Outcome, a StepResult, an exception, a callable, or None."""

    def make(**changes: Any) -> list[Step]:
        given: dict[str, Any] = dict.fromkeys(("check", "smoke", "load", "judge"), Outcome.PASS) | changes
        rules: Mapping[str, Any] = {"load": {"stopped_by": ("check", "smoke")}, "judge": {"needs": ("load",)}}
        return [
            Step(name, _say(name, what, objective()), **rules.get(name, {}))
            for name, what in given.items()
            if what is not None
        ]

    return make


def _say(name: str, what: Any, met: dict[str, Any]) -> Callable[[Context], StepResult]:
    def run(context: Context) -> StepResult:
        if isinstance(what, BaseException):
            raise what
        if callable(what):
            return what(context)
        if isinstance(what, StepResult):
            return what
        facts = {"objectives": [met]} if name == "judge" and what is Outcome.PASS else {}
        item = Item(f"{name} case", what, f"{name} says {what.lower()}", f"{name} proves it")
        return StepResult(name, what, f"{name} is {what.lower()}", 0.1, (item,), facts)

    return run


@pytest.fixture
def verdict(plan, steps):
    def make(**changes):
        given = {"scope": "cluster", "trigger": "postsync", "cluster": "dev", "environment": "dev"}
        return replace(run_gate(plan(), steps()), **given | changes)

    return make


@pytest.fixture
def put(tmp_path):
    def put(verdict, board, key=KEY, **more):
        given = {"out": tmp_path / "store", "deadline": 30.0, "where": WHERE, "sleep": lambda _seconds: None}
        return publish(verdict, board=board, key=key, **given | more)

    return put


@pytest.fixture
def context(plan, chat):
    def make(results=None, models=None, **changes):
        # The recorded reports are those of this model name.
        given = models if models is not None else [chat(model="mock-llm", slo=slo(**changes))]
        return Context(plan(targets=discover(given)), 7, results or {}, 60.0)

    return make
