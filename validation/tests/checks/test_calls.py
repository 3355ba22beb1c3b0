"""A call from one layer to another is open on both sides (NET002)."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.checks.rules.network import calls_are_let_in
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

NAMESPACES = {"rag": "lr-rag", "data": "lr-data"}
CHART = Path("charts/rag/thing")
STORE = {"app": "store"}


def policy(namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "thing", "namespace": namespace},
        "spec": {"podSelector": {"matchLabels": STORE}, **spec},
    }


def edge(way: str, namespace: str, *ports: int, **peer: Any) -> list[Any]:
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}, **peer}
    return [{way: [selector], "ports": [{"protocol": "TCP", "port": port} for port in ports]}]


def found(*policies: dict[str, Any]) -> list[str]:
    app = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", CHART, CHART, ())
    manifests = tuple(Manifest(app, "rag/thing/templates/networkpolicy.yaml", body) for body in policies)
    return [each.message for each in calls_are_let_in(Scope(manifests, schemas(), namespaces=NAMESPACES))]


@pytest.mark.parametrize(
    "ingress",
    [
        edge("from", "lr-rag", 19530),
        edge("from", "lr-rag"),
        [{"ports": [{"protocol": "TCP", "port": 19530}]}],
    ],
)
def test_a_call_that_is_met_is_sound(ingress: list[Any]) -> None:
    caller = policy("lr-rag", egress=edge("to", "lr-data", 19530, 443))
    assert found(caller, policy("lr-data", ingress=ingress)) == []


@pytest.mark.parametrize(
    "ingress",
    [[], edge("from", "lr-rag", 9091), edge("from", "lr-gate", 19530)],
    ids=["closed", "another port", "another layer"],
)
def test_a_call_that_nobody_lets_in_is_found(ingress: list[Any]) -> None:
    caller = policy("lr-rag", egress=edge("to", "lr-data", 19530))
    assert found(caller, policy("lr-data", ingress=ingress)) == ["no pod in lr-data lets lr-rag in on 19530"]


def test_a_call_to_pods_that_no_policy_opens_is_found() -> None:
    caller = policy("lr-rag", egress=edge("to", "lr-data", 19530, podSelector={"matchLabels": {"app": "other"}}))
    assert len(found(caller, policy("lr-data", ingress=edge("from", "lr-rag", 19530)))) == 1


def test_a_call_from_pods_that_the_other_side_does_not_mean_is_found() -> None:
    caller = policy("lr-rag", egress=edge("to", "lr-data", 19530))
    caller["spec"]["podSelector"] = {"matchLabels": {"app": "caller"}}
    meant = {"podSelector": {"matchLabels": {"app": "caller"}}}
    other = {"podSelector": {"matchLabels": {"app": "other"}}}
    assert found(caller, policy("lr-data", ingress=edge("from", "lr-rag", 19530, **meant))) == []
    assert len(found(caller, policy("lr-data", ingress=edge("from", "lr-rag", 19530, **other)))) == 1


@pytest.mark.parametrize(
    ("source", "count"), [([{"podSelector": {}}], 0), ([{"podSelector": {"matchLabels": {"app": "other"}}}], 1)]
)
def test_a_call_to_pods_of_the_own_namespace_is_judged(source: list[Any], count: int) -> None:
    caller = policy("lr-rag", egress=[{"to": [{"podSelector": {"matchLabels": STORE}}], "ports": [{"port": 19530}]}])
    caller["spec"]["podSelector"] = {"matchLabels": {"app": "caller"}}
    callee = policy("lr-rag", ingress=[{"from": source, "ports": [{"port": 19530}]}])
    assert len(found(caller, callee)) == count


def test_what_is_outside_our_layers_is_not_judged() -> None:
    own = edge("to", "lr-rag", 1) + edge("to", "keycloak", 8443)
    anywhere = [{"ports": [{"protocol": "TCP", "port": 443}]}]
    assert found(policy("lr-rag", egress=own + anywhere)) == []


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_call_of_this_repositorys_clusters_is_let_in(name: str) -> None:
    repository = Repository(Path(__file__).parents[3])
    cluster = repository.cluster(name)
    scope = Scope(render_cluster(repository, cluster), schemas(), namespaces=cluster.namespaces)
    assert [str(each) for each in calls_are_let_in(scope)] == []
