"""ENG001 and ENG002: arguments and metrics are judged by the version of the engine, and nothing is guessed."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.finding import Finding
from leanrag.checks.rules.engine import arguments_are_known, metrics_exist
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.engine.flags import Flag
from leanrag.engine.lists import Engine
from leanrag.engine.metrics import Metric
from leanrag.render.manifest import Manifest

KNOWN = Engine(
    "9.9.0",
    {
        flag.name: flag
        for flag in (
            Flag("max-model-len", "int"),
            Flag("max-num-seqs", "int"),
            Flag("enable-prefix-caching", "bool"),
            Flag("headless", "switch"),
            Flag("kv-cache-dtype", "text", ("auto", "fp8")),
            Flag("compilation-config", "text"),
        )
    },
    {},
)


@pytest.mark.parametrize(
    "name",
    ["max-model-len", "max_model_len", "no-enable-prefix-caching", "compilation-config.level", "max-model", "headless"],
)
def test_what_the_parser_accepts_is_known(name: str) -> None:
    assert KNOWN.flag(name)


@pytest.mark.parametrize("name", ["swap-space", "no-headless", "max-", "no-max-model-len"])
def test_what_the_parser_refuses_is_unknown(name: str) -> None:
    assert KNOWN.flag(name) is None


def findings(monkeypatch: pytest.MonkeyPatch, *arguments: str, image: str = "vllm/vllm-openai:v9.9.0") -> list[Finding]:
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: KNOWN)
    container: dict[str, Any] = {"name": "e", "image": image, "command": ["vllm", "serve"], "args": list(arguments)}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e"}, "spec": {"containers": [container]}}
    chart = Path("charts/serving/thing")
    app = App("dev-thing", "dev", "serving", "thing", "thing", "lr-serving", chart, chart / "x.yaml", ())
    scope = Scope((Manifest(app, "charts/serving/thing/templates/pod.yaml", body),), Schemas.__new__(Schemas))
    return list(arguments_are_known(scope))


def test_known_arguments_have_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(monkeypatch, "/models/x", "--max-model-len=8192", "--kv-cache-dtype", "fp8", "--headless") == []


def test_an_unknown_argument_names_the_version_and_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = findings(monkeypatch, "--max-model-length=8192")
    assert found.message == "vLLM 9.9.0 does not know --max-model-length and would not start"
    assert found.fix == "did you mean '--max-model-len'?"


def test_a_value_that_is_no_choice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    [one] = findings(monkeypatch, "--kv-cache-dtype=fp9")
    [two] = findings(monkeypatch, "--kv-cache-dtype", "fp9")
    assert one.message == two.message == "vLLM 9.9.0 does not know the value 'fp9' of --kv-cache-dtype"


def test_an_image_of_unknown_version_is_unknown_never_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = findings(monkeypatch, "--anything", image="registry.example.com/our/vllm:1")
    assert found.unknown and "engineVersion" in found.fix


def test_the_arguments_of_a_model_are_judged_by_its_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: KNOWN)
    container = {"name": "kserve-container", "image": "vllm/vllm-openai:v9.9.0", "command": ["vllm", "serve"]}
    runtime = {"kind": "ServingRuntime", "metadata": {"name": "r"}, "spec": {"containers": [container]}}
    predictor = {"model": {"runtime": "r", "args": ["--max-model-len=1", "--swap-space=4"]}}
    service = {"kind": "InferenceService", "metadata": {"name": "s"}, "spec": {"predictor": predictor}}
    chart = Path("charts/serving/thing")
    app = App("dev-thing", "dev", "serving", "thing", "thing", "lr-serving", chart, chart / "x.yaml", ())
    manifests = tuple(Manifest(app, "t.yaml", body) for body in (runtime, service))
    [found] = arguments_are_known(Scope(manifests, Schemas.__new__(Schemas)))
    assert "--swap-space" in found.message and found.where.startswith("InferenceService/s spec.predictor.model.args")


def llm_d(line: str | None, **container: Any) -> dict[str, Any]:
    """An LLMInferenceService as the chart renders it: no command, the arguments in the environment."""
    env = [
        {"name": "HOME", "value": "/home"},
        *([] if line is None else [{"name": "VLLM_ADDITIONAL_ARGS", "value": line}]),
    ]
    main = {"name": "main", "image": "registry.example.com/vllm-cuda-rhel9:v9.9.0", "env": env, **container}
    return {"containers": [main]}


def llm_d_findings(
    monkeypatch: pytest.MonkeyPatch, spec: dict[str, Any], kind: str = "LLMInferenceService"
) -> list[Finding]:
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: KNOWN)
    monkeypatch.setattr("leanrag.checks.rules.engine._version", lambda *_: "9.9.0")
    chart = Path("charts/serving/thing")
    app = App("dev-thing", "dev", "serving", "thing", "thing", "lr-serving", chart, chart / "x.yaml", ())
    body = {"kind": kind, "metadata": {"name": "s"}, "spec": spec}
    return list(arguments_are_known(Scope((Manifest(app, "t.yaml", body),), Schemas.__new__(Schemas))))


@pytest.mark.parametrize("path", ["template", "worker", "prefill.template", "prefill.worker"])
def test_an_unknown_argument_that_llm_d_hands_over_is_found_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    spec: dict[str, Any] = llm_d('--max-model-len=1 --swap-space=4 \'--compilation-config={"a": "--no-flag"}\'')
    for part in reversed(path.split(".")):
        spec = {part: spec}
    [found] = llm_d_findings(monkeypatch, spec)
    assert found.message == "vLLM 9.9.0 does not know --swap-space and would not start"
    assert found.where == f"LLMInferenceService/s spec.{path}.containers[0].env[1]"


def test_known_arguments_that_llm_d_hands_over_have_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert llm_d_findings(monkeypatch, {"template": llm_d("--max-model-len 8k --kv-cache-dtype=fp8")}) == []
    assert llm_d_findings(monkeypatch, {"template": llm_d(None)}) == []


def test_a_quote_left_open_for_llm_d_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = llm_d_findings(monkeypatch, {"template": llm_d("--max-model-len=1 '--kv-cache-dtype=fp8")})
    assert found.message == "a quote is not closed, so no argument arrives"


def test_what_does_not_start_by_the_release_reads_no_additional_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "--swap-space=4"
    assert llm_d_findings(monkeypatch, {"template": llm_d(wrong, command=["/app/sim"])}) == []
    assert llm_d_findings(monkeypatch, {"template": llm_d(wrong, image="registry.example.com/inference-sim:1")}) == []
    assert llm_d_findings(monkeypatch, {"template": llm_d(wrong, name="sidecar")}) == []
    assert llm_d_findings(monkeypatch, llm_d(wrong), kind="Pod") == []


def metric_findings(monkeypatch: pytest.MonkeyPatch, text: str, kind: str = "ConfigMap") -> list[str]:
    names = ("vllm:num_requests_waiting", "vllm:prompt_tokens", "vllm:time_to_first_token_seconds")
    known = Engine("9.9.0", {}, {name: Metric(name, "gauge", ()) for name in names})
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: known)
    container = {"name": "e", "image": "vllm/vllm-openai:v9.9.0", "command": ["vllm", "serve"]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "e"}, "spec": {"containers": [container]}}
    spec = {"groups": [{"rules": [{"expr": text}]}]}
    adapter = {"kind": kind, "metadata": {"name": "r"}, "data": {"config.yaml": text}, "spec": spec}
    chart = Path("charts/observe/thing")
    apps = [App(f"dev-{n}", "dev", "x", n, n, "lr-x", chart, chart / "x.yaml", ()) for n in ("engine", "adapter")]
    written = {key: each for key, each in adapter.items() if key != ("spec" if kind == "ConfigMap" else "data")}
    manifests = (Manifest(apps[0], "t.yaml", pod), Manifest(apps[1], "t.yaml", written))
    return [each.message for each in metrics_exist(Scope(manifests, Schemas.__new__(Schemas)))]


def test_a_query_is_left_to_the_rule_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert metric_findings(monkeypatch, "sum(vllm:gpu_cache_usage_perc) > 1", "PrometheusRule") == []


def test_a_metric_that_the_engine_has_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = metric_findings(monkeypatch, "sum(vllm:gpu_cache_usage_perc) > 1")
    assert found == ["vLLM 9.9.0 has no metric 'vllm:gpu_cache_usage_perc'"]


@pytest.mark.parametrize(
    "expression",
    [
        "vllm:num_requests_waiting > 1",
        "kserve_vllm:num_requests_waiting > 1",
        "rate(vllm:prompt_tokens_total[5m])",
        'vllm:time_to_first_token_seconds_bucket{le="0.5"}',
        "vllm:num_requests_waiting or vllm:waiting_elsewhere",
        "vllm:recorded:rate5m",
    ],
)
def test_a_metric_in_any_of_its_forms_is_known(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    assert metric_findings(monkeypatch, expression) == []
