"""One wrong word in what staging renders is found by the rule that is for it; without it all of them are silent."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.registry import OBJECTS
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.checks.worlds import of_cluster
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).parents[3]
RULES = {"NET002", "NET003", "RBC003", "REF001", "RES003", "ROL001", "ROL003", "RTE002", "SVC002", "TOK001"}
_POD = ("spec", "template", "spec")

pytestmark = pytest.mark.helm


@pytest.fixture(scope="module")
def staging() -> Scope:
    repository = Repository(ROOT)
    cluster = repository.cluster("staging")
    manifests = render_cluster(repository, cluster)
    known = schemas().of(of_cluster(cluster.facts))
    return Scope(manifests, known, cluster, repository.apps(cluster), namespaces=cluster.namespaces, root=ROOT)


def found(scope: Scope) -> set[str]:
    return {finding.rule for check in OBJECTS if check.id in RULES for finding in check.find(scope)}


def change(scope: Scope, kind: str, name: str, edit: Callable[[Any], object]) -> Scope:
    """Return the scope with objects of that kind and name edited; an edit that returns None takes them out."""
    manifests: list[Manifest] = []
    for each in scope.manifests:
        if (each.kind, each.name) != (kind, name):
            manifests.append(each)
            continue
        body: dict[str, Any] = deepcopy(dict(each.body))
        if edit(body) is not REMOVED:
            manifests.append(replace(each, body=body))
    assert tuple(manifests) != scope.manifests, f"staging renders no {kind}/{name}: adapt this test"
    return replace(scope, manifests=tuple(manifests))


REMOVED = object()


def put(*path: str | int, value: Any) -> Callable[[Any], object]:
    def edit(body: Any) -> None:
        for part in path[:-1]:
            body = body[part]
        body[path[-1]] = value

    return edit


def remove(_: Any) -> object:
    return REMOVED


def env(name: str, key: str) -> Callable[[Any], object]:
    def edit(body: Any) -> None:
        variables: list[Mapping[str, Any]] = body["spec"]["template"]["spec"]["containers"][0]["env"]
        [one] = [each for each in variables if each["name"] == name]
        one["valueFrom"]["secretKeyRef"]["key"] = key

    return edit


FAULTS: Mapping[str, tuple[str, str, Callable[[Any], object], set[str]]] = {
    "account by another name": ("Deployment", "embed", put(*_POD, "serviceAccountName", value="embde"), {"REF001"}),
    "key that the vault's entry lacks": ("Deployment", "rag-stack", env("CHAT_API_TOKEN", "tokn"), {"REF001"}),
    "secret that nobody makes": ("ExternalSecret", "milvus-token", remove, {"REF001"}),
    "runtime that nobody makes": ("ServingRuntime", "chat", remove, {"REF001"}),
    "store that lets nobody in": ("NetworkPolicy", "milvus", put("spec", "ingress", value=[]), {"NET002", "NET003"}),
    "stack that may call nobody": ("NetworkPolicy", "rag-stack", put("spec", "egress", value=[]), {"NET003"}),
    "store on another port": ("Service", "milvus", put("spec", "ports", 0, "port", value=19531), {"NET003"}),
    "route to nowhere": ("Route", "rag-stack", put("spec", "to", "name", value="rag-stck"), {"SVC002"}),
    "binding of no role": ("RoleBinding", "gate-reader", put("roleRef", "name", value="gate-raeder"), {"RBC003"}),
    "token that no role is bound to": ("RoleBinding", "milvus-backup", remove, {"TOK001"}),
    "update that needs another GPU": (
        "InferenceService",
        "chat",
        put("spec", "predictor", "deploymentStrategy", value={}),
        {"ROL001"},
    ),
    "Job that ends before its gate": ("Job", "gate", put("spec", "activeDeadlineSeconds", value=3600), {"ROL003"}),
}


def test_what_staging_renders_is_silent(staging: Scope) -> None:
    assert found(staging) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_it_is_found(staging: Scope, fault: str) -> None:
    kind, name, edit, rules = FAULTS[fault]
    assert found(change(staging, kind, name, edit)) == rules
