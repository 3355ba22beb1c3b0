"""The platform writes into namespaces of others, and its AppProject must allow each of them (PRJ001)."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.finding import Finding
from leanrag.checks.rules.access import layer_namespaces, projects_allow_what_is_rendered
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.render.manifest import Manifest

NAMESPACES = {"platform": "lr-platform", "data": "lr-data"}
CHART = Path("charts/platform/thing")
APPS = App("dev-cluster", "dev", "apps", "cluster", "dev", "argocd", CHART, CHART, ())


def object_(kind: str, name: str, spec: Any, namespace: str, api: str = "argoproj.io/v1alpha1") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def scope(layer: str, written: str, destinations: tuple[str, ...]) -> Scope:
    """Return a scope in which one chart of a layer writes a policy into one namespace."""
    app = App("dev-thing", "dev", layer, "thing", "thing", NAMESPACES[layer], CHART, CHART, ())
    project = {
        "destinations": [{"server": "https://x", "namespace": name} for name in destinations],
        "namespaceResourceWhitelist": [{"group": "networking.k8s.io", "kind": "NetworkPolicy"}],
    }
    bodies = (
        (APPS, object_("AppProject", "dev-project", project, "argocd")),
        (APPS, object_("Application", "dev-thing", {"project": "dev-project"}, "argocd")),
        (app, object_("NetworkPolicy", "thing", {"podSelector": {}}, written, "networking.k8s.io/v1")),
    )
    manifests = tuple(Manifest(owner, "platform/thing/templates/x.yaml", body) for owner, body in bodies)
    return Scope(manifests, schemas(), apps=(app,), namespaces=NAMESPACES)


def findings(judged: Scope) -> list[Finding]:
    return [*layer_namespaces(judged), *projects_allow_what_is_rendered(judged)]


@pytest.mark.parametrize("written", ["cert-manager", "lr-data"])
def test_the_platform_may_write_where_its_project_says(written: str) -> None:
    assert findings(scope("platform", written, ("lr-platform", written))) == []


@pytest.mark.parametrize("written", ["cert-manger", "lr-data"])
def test_a_namespace_that_the_platforms_project_lacks_is_found(written: str) -> None:
    [finding] = findings(scope("platform", written, ("lr-platform", "cert-manager")))
    assert finding.rule == "PRJ001"
    assert written in finding.message


def test_another_layer_may_not_write_into_a_namespace_of_others_whatever_its_project_says() -> None:
    [finding] = findings(scope("data", "cert-manager", ("lr-data", "cert-manager")))
    assert finding.rule == "NSP001"
