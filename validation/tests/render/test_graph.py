"""`common.graph` says who may call whom, and both sides of an edge follow from it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import PLACES
from leanrag.core import yamlio
from leanrag.core.errors import ToolError
from leanrag.core.process import run
from leanrag.render.helm import stage
from leanrag.render.tools import tool

pytestmark = pytest.mark.helm
COMMON = Path(__file__).parents[3] / "charts" / "common"
CHART = """
apiVersion: v2
name: probe
version: 0.1.0
annotations: {{leanrag.io/layer: {layer}}}
dependencies: [{{name: common, version: 0.1.0, repository: "file://../../common"}}]
"""
POLICY = '{{ include "common.networkPolicy" (merge (dict "ctx" $) .Values.edges) }}\n'
Probe = Callable[..., Any]


@pytest.fixture
def policy(tmp_path: Path) -> Probe:
    """Render the network policy of a chart of one layer."""

    def rendered(layer: str, platform: str = "kubernetes", **edges: Any) -> Any:
        chart = tmp_path / layer / "probe"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text(CHART.format(layer=layer))
        (chart / "templates" / "networkpolicy.yaml").write_text(POLICY)
        values = chart / "values.yaml"
        values.write_text(json.dumps({"edges": edges, "cluster": {"platform": platform}}))
        staged = stage(chart, COMMON, tmp_path / layer / "staged")
        argv: list[str | Path] = [tool("helm"), "template", "probe", staged, "--namespace", f"lr-{layer}"]
        return yamlio.load(run(argv, what="helm template", timeout=60).stdout, "policy")["spec"]

    return rendered


def namespaces(rules: list[Any], way: str) -> set[str]:
    return {
        name for rule in rules for peer in rule[way] for name in peer["namespaceSelector"]["matchLabels"].values()
    } - {"kube-system"}


def test_what_a_store_serves_is_open_to_the_layers_of_the_graph_and_its_metrics_to_prometheus(policy: Probe) -> None:
    spec = policy("data", serves={"grpc": {"ports": [19530]}, "metrics": {"ports": [9091]}})
    grpc, metrics = spec["ingress"]
    assert namespaces([grpc], "from") == {"lr-data", "lr-gate", "lr-rag", "lr-serving"}
    assert grpc["ports"] == [{"protocol": "TCP", "port": 19530}]
    assert namespaces([metrics], "from") == {"lr-observe"}
    assert metrics["ports"] == [{"protocol": "TCP", "port": 9091}]


def test_a_chart_may_serve_fewer_than_the_graph_allows(policy: Probe) -> None:
    spec = policy("data", serves={"grpc": {"ports": [19530], "to": ["rag"]}})
    assert namespaces(spec["ingress"], "from") == {"lr-rag"}


def test_whom_a_chart_calls_is_open_on_its_side(policy: Probe) -> None:
    calls = {"store": {"layer": "data", "ports": [19530], "pods": {"app.kubernetes.io/name": "milvus"}}, "off": None}
    rule = policy("rag", calls=calls)["egress"][1]
    assert namespaces([rule], "to") == {"lr-data"}
    assert rule["to"][0]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "milvus"}}


def test_requests_from_outside_come_from_openshifts_routers(policy: Probe) -> None:
    spec = policy("rag", "openshift", serves={"api": {"ports": [8321], "to": ["gateway"]}})
    assert spec["ingress"][0]["from"] == [
        {"namespaceSelector": {"matchLabels": {"policy-group.network.openshift.io/ingress": ""}}}
    ]


@pytest.mark.parametrize(
    ("layer", "edges", "sentence"),
    [
        ("data", {"calls": {"x": {"layer": "rag", "ports": [1]}}}, '"data" may not call "rag", only: data;'),
        ("rag", {"serves": {"x": {"ports": [1], "to": ["serving"]}}}, '"serving" may not call "rag"'),
        ("data", {"serves": {"x": {"ports": [1], "to": ["gateway"]}}}, '"gateway" may not call "data"'),
        ("data", {"egress": {"x": {"to": [{"layer": "gate"}]}}}, '"data" may not call "gate"'),
        ("data", {"ingress": {"x": {"from": [{"layer": "observe"}]}}}, '"observe" may not call "data"'),
        # Written as a namespace it is the same edge.
        ("data", {"egress": {"x": {"to": [{"namespace": "lr-rag"}]}}}, '"data" may not call "rag"'),
        ("rag", {"calls": {"x": {"layer": "ragg", "ports": [1]}}}, '"rag" may not call "ragg"'),
    ],
)
def test_an_edge_that_the_graph_lacks_is_refused_by_name(policy: Probe, layer: str, edges: Any, sentence: str) -> None:
    with pytest.raises(ToolError) as refused:
        policy(layer, **edges)
    assert 'edge "x"' in refused.value.message
    assert sentence in refused.value.message


def test_what_is_outside_the_graph_stays_a_decision_of_the_chart(policy: Probe) -> None:
    edges = {
        "store": {"to": [{"cidr": "10.0.0.0/8"}], "ports": [443]},
        "sso": {"to": [{"namespace": "keycloak"}], "ports": [8443]},
        "own": {"to": [{"pods": {"app": "x"}}]},
        "hub": {"to": [{"anywhere": True}], "ports": [443]},
    }
    assert len(policy("rag", egress=edges)["egress"]) == 1 + len(edges)


def test_the_graph_knows_every_layer(tmp_path: Path) -> None:
    text = (COMMON / "templates" / "_graph.tpl").read_text()
    block = text.partition('"common.graph" -}}')[2].partition("{{- end")[0]
    graph = yamlio.load(block, "common.graph")
    assert set(graph) == {*PLACES, "gateway", "monitoring"}
    assert {callee for callees in graph.values() for callee in callees} <= set(PLACES)
    # Nobody but Prometheus calls the gate, and nothing from outside reaches a store.
    assert [caller for caller in graph if "gate" in graph[caller]] == ["monitoring"]
    assert "data" not in graph["gateway"]
