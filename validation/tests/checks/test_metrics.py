"""MET001 and what it stands on: queries as trees, and what one cluster has."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App, Cluster, ClusterFacts
from leanrag.checks import promql
from leanrag.checks.finding import Finding
from leanrag.checks.queries import queries
from leanrag.checks.rules.metrics_known import queries_ask_for_what_exists
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError
from leanrag.render.manifest import Manifest

FACTS = {"name": "dev", "environment": "dev", "platform": "openshift", "domain": "x", "registry": "y"}


def scope_of(*bodies: dict[str, Any]) -> Scope:
    cluster = Cluster(ClusterFacts.model_validate(FACTS), Path("clusters/dev/cluster.yaml"), {})
    chart = Path("charts/observe/thing")
    app = App("dev-thing", "dev", "observe", "thing", "thing", "lr-observe", chart, chart / "x.yaml", ())
    return Scope(tuple(Manifest(app, "t.yaml", body) for body in bodies), Schemas.__new__(Schemas), cluster)


def rule(expr: str, **more: Any) -> dict[str, Any]:
    spec = {"groups": [{"rules": [{"expr": expr, **more}]}]}
    return {"kind": "PrometheusRule", "metadata": {"name": "r"}, "spec": spec}


def findings(*bodies: dict[str, Any]) -> list[Finding]:
    return list(queries_ask_for_what_exists(scope_of(*bodies)))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("sum by (a) (x)", {"a"}),
        ("sum without (a) (x)", {"b", "c"}),
        ("sum(x)", set()),
        ("topk(3, x)", {"a", "b", "c"}),
        ("x > 1", {"a", "b", "c"}),
        ("1 - x", {"a", "b", "c"}),
        ("x / on (a) x", {"a"}),
        ("x * on (a) group_left (d) x", {"a", "b", "c", "d"}),
        ("sum by (a) (x) or sum by (b) (x)", {"a", "b"}),
        ("x and on (a) x", {"a", "b", "c"}),
        ("histogram_quantile(0.9, sum by (le, a) (rate(x[5m])))", {"a"}),
        ('label_replace(sum by (a) (x), "d", "$1", "a", "(.*)")', {"a", "d"}),
        ("max_over_time(x[5m:1m])", {"a", "b", "c"}),
        ("vector(1)", set()),
        ("absent(x)", None),
        ('count_values("v", x)', None),
    ],
)
def test_the_labels_of_a_result_are_followed_through_a_query(text: str, labels: set[str] | None) -> None:
    assert promql.labels(promql.parse(text), lambda _: frozenset("abc")) == labels


def test_a_text_that_is_no_query_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="unclosed"):
        promql.parse("sum(x")


def dashboard(*expressions: str, **more: Any) -> dict[str, Any]:
    import json

    body = {"panels": [{"targets": [{"expr": each} for each in expressions], **more}]}
    labels = {"grafana_dashboard": "1"}
    return {"kind": "ConfigMap", "metadata": {"name": "d", "labels": labels}, "data": {"d.json": json.dumps(body)}}


def test_what_grafana_puts_in_later_is_no_obstacle() -> None:
    text = 'sum by (model_name) (rate(vllm:request_success_total{model_name=~"$model"}[$__rate_interval])) > $limit'
    assert (
        findings(
            dashboard(text, "max_over_time(up[$__range:$step])", "max_over_time(up[$__range:5m])", "up[${window}]")
        )
        == []
    )


def test_a_variable_where_the_answer_hangs_on_it_is_unknown_never_a_pass() -> None:
    [found] = findings(dashboard("sum by ($group) (up)"))
    assert found.unknown and found.where.endswith("data.d.json.panels[0].targets[0]")


def test_a_dashboard_asks_other_sources_in_other_languages() -> None:
    logs = dashboard('{app="x"} |= "error"', datasource={"type": "loki"})
    assert findings(logs) == []
    assert [each.text for each in queries(scope_of(dashboard("up", datasource={"type": "prometheus"})))] == ["up"]


def test_a_metric_that_nobody_knows_is_unknown_never_a_pass() -> None:
    [found] = findings(rule("somebodys_metric > 1"))
    assert found.unknown and "leanrag/engine/families" in found.fix
    [recorded] = findings(rule("a:recorded:rate5m > 1"))
    assert recorded.unknown and recorded.message == "no rule here records 'a:recorded:rate5m'"


def test_files_without_a_cluster_are_not_asked_what_runs_beside_them() -> None:
    scope = replace(scope_of(rule("somebodys_metric > a:recorded:rate5m"), rule("vllm:typo > 1")), cluster=None)
    assert [each.culprit for each in queries_ask_for_what_exists(scope)] == ["vllm:typo"]


def test_a_rule_that_is_rendered_makes_its_metric_known() -> None:
    record = rule("sum by (model_name) (vllm:num_requests_waiting)", record="a:waiting:sum", labels={"team": "x"})
    assert findings(record, rule('a:waiting:sum{model_name="m", team="x"} > 1')) == []
    [found] = findings(record, rule('a:waiting:sum{pod="m"} > 1'))
    assert found.message == "'a:waiting:sum' has no label 'pod'"


def test_rules_that_record_each_other_do_not_hang() -> None:
    one, other = rule("b:x > 1", record="a:x"), rule("a:x > 1", record="b:x")
    assert findings(one, other, rule('a:x{any="x"}')) == []


def test_what_a_monitor_adds_is_a_label() -> None:
    asked = rule('up{gpu_pool="l4"}')
    [found] = findings(asked)
    assert "has no label 'gpu_pool'" in found.message
    steps = [{"targetLabel": "gpu_pool", "replacement": "l4"}]
    monitor = {"kind": "ServiceMonitor", "metadata": {"name": "m"}, "spec": {"endpoints": [{"relabelings": steps}]}}
    assert findings(asked, monitor) == []


def monitor(regex: str, action: str = "keep") -> dict[str, Any]:
    steps = [{"sourceLabels": ["__name__"], "regex": regex, "action": action}]
    return {"kind": "ServiceMonitor", "metadata": {"name": "m"}, "spec": {"endpoints": [{"metricRelabelings": steps}]}}


def test_a_monitor_that_keeps_or_drops_what_no_engine_has_is_found() -> None:
    assert findings(monitor("vllm:num_requests_.*|(vllm:request_success_total)", "drop")) == []
    [found] = findings(monitor("(vllm:num_requests_running|vllm:gpu_cache_usage_perc)"))
    assert found.message == "the family vllm has no metric 'vllm:gpu_cache_usage_perc'" and not found.unknown
    assert found.where.endswith(" spec.endpoints[0].metricRelabelings[0].regex") and "kv_cache_usage_perc" in found.fix
    [pattern] = findings(monitor("vllm:gpu_cache_.+", "drop"))
    assert pattern.message == "no metric is called like 'vllm:gpu_cache_.+'"


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("argocd_app_sync_status == 1", "the family argocd has no metric 'argocd_app_sync_status'"),
        ("inference_pool_ready_pod < 1", "the family llm-d has no metric 'inference_pool_ready_pod'"),
        ("ogx_request_total > 1", "the family ogx has no metric 'ogx_request_total'"),
        (
            "milvus_proxy_search_latency_count > 1",
            "the family milvus has no metric 'milvus_proxy_search_latency_count'",
        ),
        ('argocd_app_info{sync="Synced"}', "'argocd_app_info' has no label 'sync'"),
        (
            'vllm:request_success_total{finish_reason="stop"}',
            "'vllm:request_success_total' has no label 'finish_reason'",
        ),
    ],
)
def test_a_renamed_metric_or_label_of_any_family_is_an_error(gone: str, message: str) -> None:
    [found] = findings(rule(gone))
    assert found.message == message and not found.unknown and found.fix


def test_a_monitor_that_renames_leaves_room_for_doubt() -> None:
    steps = [{"targetLabel": "__name__", "sourceLabels": ["__name__"], "replacement": "other:$1"}]
    endpoints = [{"metricRelabelings": steps}]
    monitor = {"kind": "PodMonitor", "metadata": {"name": "m"}, "spec": {"podMetricsEndpoints": endpoints}}
    [found] = findings(rule("vllm:gpu_cache_usage_perc > 1"), monitor)
    assert found.unknown


def fields(text: str) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"dcgm-metrics.csv": text}}


def test_the_exporters_list_of_fields_says_what_it_exposes() -> None:
    listed = fields("DCGM_FI_DEV_GPU_UTIL, gauge, Busy (%)\nDCGM_FI_DRIVER_VERSION, label, Driver\n")
    assert findings(listed, rule('avg by (modelName, DCGM_FI_DRIVER_VERSION) (DCGM_FI_DEV_GPU_UTIL{gpu="0"})')) == []
    [found] = findings(listed, rule("DCGM_FI_DEV_FB_USED > 1"))
    assert found.message == "'DCGM_FI_DEV_FB_USED' is not in dcgm-metrics.csv, so it is not exposed"
    assert not found.unknown and "DCGM_FI_DEV_GPU_UTIL" in found.fix
    [unsure] = findings(rule("DCGM_FI_DEV_FB_USED > 1"))
    assert unsure.unknown


@pytest.fixture(autouse=True)
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Queries are judged by the files of the families: no list of a wheel is asked for."""
    monkeypatch.setattr("leanrag.checks.rules.engine.engine", lambda version: pytest.fail("asked for a wheel"))
    yield


@pytest.mark.parametrize("text", ["(" * 6000 + "up" + ")" * 6000, "+".join(["up"] * 900)], ids=["long", "deep"])
def test_a_query_that_nobody_can_follow_is_unknown_and_ends_no_run(text: str) -> None:
    [found] = findings(rule(text))
    assert found.unknown and found.message.startswith("not judged: ")


def test_a_query_about_one_model_is_judged_by_the_version_of_its_engine() -> None:
    def engine(name: str, version: str) -> tuple[Manifest, Manifest]:
        chart = Path("charts/serving/model")
        app = App(f"dev-{name}", "dev", "serving", "model", name, "lr-serving", chart, chart / "x.yaml", ())
        container = {"name": "e", "image": f"vllm/vllm-openai:v{version}", "command": ["vllm", "serve"]}
        pod = {"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}
        data = {"model.json": f'{{"model": "{name}", "task": "chat"}}'}
        contract = {"kind": "ConfigMap", "metadata": {"name": name, "labels": {"leanrag.io/slo": "true"}}, "data": data}
        return Manifest(app, "t.yaml", pod), Manifest(app, "t.yaml", contract)

    def found(expr: str) -> list[str]:
        scope = scope_of(rule(expr))
        made = (*scope.manifests, *engine("old", "0.18.0"), *engine("new", "0.32.0"))
        return [each.message for each in queries_ask_for_what_exists(replace(scope, manifests=made))]

    assert found("vllm:admission_rejections_total") == found('vllm:admission_rejections_total{model_name="new"}') == []
    [told] = found('vllm:admission_rejections_total{model_name="old"}')
    assert told == "vLLM 0.18.0 has no metric 'vllm:admission_rejections_total' (0.32.0 has it)"


def test_an_autoscaler_asks_other_sources_in_other_languages() -> None:
    triggers = [
        {"type": "postgresql", "metadata": {"query": "SELECT count(*) FROM queue"}},
        {"type": "cpu", "metadata": {"value": "60"}},
        {"type": "prometheus", "metadata": {"query": "sum(up)"}},
        {"type": "prometheus", "metadata": {}},
    ]
    scaler = {"kind": "ScaledObject", "metadata": {"name": "s"}, "spec": {"triggers": triggers}}
    assert [(each.text, each.where) for each in queries(scope_of(scaler))] == [
        ("sum(up)", "spec.triggers[2].metadata.query")
    ]
