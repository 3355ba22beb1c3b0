"""Who may do what, asked from the real API server after our Roles are applied: `kubectl auth can-i` as a table.

Two clusters of ours get Roles and accounts as charts and apps/ render them, and nothing else: no pod runs here.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leanrag.bench import applying
from leanrag.bench.world import tree, write
from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.render.helm import render, render_cluster
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).resolve().parents[3]
OURS, OTHER = "cani", "cani-other"  # cluster names, and prefixes of their namespaces
ARGOCD = "argocd"
ACCESS = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ServiceAccount")
GATE = f"{OURS}-gate:gate"
PROMOTER = "lr-promoter:promoter"
WRITES = ("create", "update", "patch", "delete", "deletecollection")
READS = ("get", "list", "watch")
# What a gate tests, and what would let it become somebody else.
TESTED = (
    *("pods", "pods/exec", "pods/portforward", "pods/ephemeralcontainers", "configmaps", "services", "endpoints"),
    *("persistentvolumeclaims", "serviceaccounts", "serviceaccounts/token", "secrets", "apps:deployments"),
    *("apps:deployments/scale", "apps:statefulsets", "batch:jobs", "batch:cronjobs"),
    *("networking.k8s.io:networkpolicies", "rbac.authorization.k8s.io:roles"),
    *("rbac.authorization.k8s.io:rolebindings", "serving.kserve.io:inferenceservices", "coordination.k8s.io:leases"),
)
LAYERS = ("platform", "data", "serving", "rag", "observe")


@dataclass(frozen=True, slots=True)
class Server:
    """The API server, with all rights."""

    api: Any

    def can(self, account: str, verb: str, kind: str, namespace: str = "", name: str = "") -> bool:
        """Ask whether an account (`namespace:name`) may do something; `kind` is `[group:]resource[/subresource]`."""
        group, _, rest = kind.rpartition(":")
        resource, _, sub = rest.partition("/")
        asked = {"verb": verb, "group": group, "resource": resource, "subresource": sub}
        space = account.partition(":")[0]
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": f"system:serviceaccount:{account}",
                "groups": ["system:serviceaccounts", f"system:serviceaccounts:{space}", "system:authenticated"],
                "resourceAttributes": {**asked, "namespace": namespace, "name": name},
            },
        }
        answer = self.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
        assert not answer["status"].get("evaluationError"), answer["status"]
        return bool(answer["status"]["allowed"])

    def rules(self, account: str, namespace: str) -> set[tuple[str, str, str]]:
        """Return all that an account may do in a namespace as (verb, group, resource), less what everybody may."""
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        headers = {"Impersonate-User": f"system:serviceaccount:{account}"}
        answer = self.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body, headers)
        assert not answer["status"]["incomplete"]
        return {
            (verb, group, resource)
            for rule in answer["status"]["resourceRules"]
            for verb in rule["verbs"]
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            if group not in ("authorization.k8s.io", "authentication.k8s.io")
        }

    def call(self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Any:
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        answer = self.api.call_api(
            *(path, method), header_params=sent, body=body, auth_settings=["BearerToken"],
            _preload_content=False, _return_http_data_only=True,
        )  # fmt: skip
        return json.loads(answer.data)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The bench's repository, with two clusters more."""
    files = tree(ROOT)
    for name in (OURS, OTHER):
        facts = yamlio.load(files["clusters/staging/cluster.yaml"].decode(), "cluster.yaml")
        facts["cluster"].update(name=name, namespacePrefix=name)
        files[f"clusters/{name}/cluster.yaml"] = yamlio.dump(facts).encode()
    return Repository(write(files, tmp_path_factory.mktemp("repository")))


def objects(repository: Repository, name: str) -> list[dict[str, Any]]:
    """Return all that a cluster deploys, and what apps/cluster renders for it on the hub."""
    cluster = repository.cluster(name)
    root = repository.root
    app = App(
        f"{name}-cluster",
        name,
        "apps",
        "cluster",
        name,
        ARGOCD,
        root / "apps" / "cluster",
        cluster.path,
        (cluster.path,),
    )
    handed = {"revision": "0" * 40, "server": "https://kubernetes.default.svc"}
    found = render(repository, app, {"repoURL": "https://git.example.com/x.git", "release": handed})
    return [placed(each) for each in (*render_cluster(repository, cluster), *found)]


def placed(manifest: Manifest) -> dict[str, Any]:
    """Return an object with the namespace that Argo CD would apply it to."""
    body = dict(manifest.body)
    if not manifest.kind.startswith("Cluster"):
        body["metadata"] = {"namespace": manifest.namespace, **body["metadata"]}
    return body


def promoter(repository: Repository) -> list[dict[str, Any]]:
    """Return what the promoter's chart renders."""
    root = repository.root
    chart, values = root / "charts" / "gate" / "promoter", root / "apps" / "promoter.yaml"
    app = App("promoter", "hub", "gate", "promoter", "promoter", "lr-promoter", chart, values, (values,))
    return [placed(each) for each in render(repository, app, {"repository": {"url": "https://git.example.com/x.git"}})]


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest, repository: Repository) -> Iterator[Server]:
    """An API server that knows our accounts and Roles: LEANRAG_E2E_KUBECONFIG names one, else that of the stories."""
    named = os.environ.get("LEANRAG_E2E_KUBECONFIG")
    kubeconfig = Path(named) if named else request.getfixturevalue("world").kubeconfig
    made = Server(applying.api_client(kubeconfig))
    wanted = [each for name in (OURS, OTHER) for each in objects(repository, name)] + promoter(repository)
    access = [each for each in wanted if each["kind"] in ACCESS]
    spaces = {each["metadata"]["namespace"] for each in access if "namespace" in each["metadata"]}
    spaces |= {f"{name}-{layer}" for name in (OURS, OTHER) for layer in LAYERS}
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in sorted(spaces)]
    applying.apply(made.api, (*namespaces, *access))
    yield made
    ours = [each for each in access if str(each["metadata"]["name"]).startswith(OURS)]
    applying.delete(made.api, [*ours, *(each for each in namespaces if each["metadata"]["name"].startswith(OURS))])


def test_the_gate_reads_what_it_needs(server: Server) -> None:
    for layer in ("serving", "rag"):
        for kind in ("pods", "configmaps"):
            assert server.can(GATE, "list", kind, f"{OURS}-{layer}"), f"{kind} of {layer}"
    assert server.can(GATE, "list", "argoproj.io:applications", ARGOCD)
    assert server.can(GATE, "create", "configmaps", f"{OURS}-gate")


@pytest.mark.parametrize("layer", LAYERS)
def test_the_gate_can_change_nothing_that_it_tests(server: Server, layer: str) -> None:
    allowed = [
        f"{verb} {kind}" for kind in TESTED for verb in WRITES if server.can(GATE, verb, kind, f"{OURS}-{layer}")
    ]
    assert allowed == []
    assert {verb for verb, _, _ in server.rules(GATE, f"{OURS}-{layer}")} <= {"get", "list"}


@pytest.mark.parametrize(
    "namespace", [f"{OURS}-gate", f"{OURS}-serving", f"{OURS}-rag", ARGOCD, "lr-promoter", "kube-system", ""]
)
def test_the_gate_reads_no_secret_anywhere(server: Server, namespace: str) -> None:
    assert [verb for verb in READS if server.can(GATE, verb, "secrets", namespace)] == []
    assert not server.can(GATE, "create", "serviceaccounts/token", namespace)


def test_the_gate_cannot_start_a_pod_that_mounts_its_signing_key(server: Server) -> None:
    starts = ("pods", "apps:deployments", "apps:statefulsets", "apps:daemonsets", "batch:jobs", "batch:cronjobs")
    allowed = [kind for kind in starts for verb in WRITES if server.can(GATE, verb, kind, f"{OURS}-gate")]
    assert allowed == []


def test_a_verdict_that_stands_is_not_changed_by_the_gate(server: Server) -> None:
    assert not server.can(GATE, "update", "configmaps", f"{OURS}-gate")
    assert not server.can(GATE, "patch", "configmaps", f"{OURS}-gate")


def test_the_gate_only_looks_at_applications(server: Server) -> None:
    assert {verb for verb, _, _ in server.rules(GATE, ARGOCD)} <= {"get", "list"}
    assert {f"{group}/{kind}" for _, group, kind in server.rules(GATE, ARGOCD)} == {"argoproj.io/applications"}


def test_a_gate_knows_nothing_of_another_cluster(server: Server) -> None:
    for layer in (*LAYERS, "gate"):
        assert server.rules(GATE, f"{OTHER}-{layer}") == set(), layer


def test_the_promoter_reads_verdicts_and_nothing_else(server: Server) -> None:
    for name in (OURS, OTHER):
        assert server.rules(PROMOTER, f"{name}-gate") == {(verb, "", "configmaps") for verb in READS}
        for layer in LAYERS:
            assert server.rules(PROMOTER, f"{name}-{layer}") == set(), layer
    for namespace in (ARGOCD, "lr-promoter", "kube-system", "default"):
        assert server.rules(PROMOTER, namespace) == set(), namespace


def test_the_promoter_changes_nothing_in_any_cluster(server: Server) -> None:
    for namespace in (f"{OURS}-gate", f"{OURS}-serving", ARGOCD, "lr-promoter", ""):
        allowed = [
            f"{verb} {kind}" for kind in TESTED for verb in WRITES if server.can(PROMOTER, verb, kind, namespace)
        ]
        assert allowed == [], namespace


def test_no_other_account_has_rights_where_argo_cd_and_the_gate_live(server: Server, repository: Repository) -> None:
    made = [each for name in (OURS, OTHER) for each in objects(repository, name) if each["kind"] == "ServiceAccount"]
    accounts = {f"{each['metadata']['namespace']}:{each['metadata']['name']}" for each in made}
    accounts |= {f"{OURS}-{layer}:default" for layer in (*LAYERS, "gate")} | {f"{ARGOCD}:default"}
    accounts -= {GATE, f"{OTHER}-gate:gate"}
    assert len(accounts) > len(LAYERS)
    for account in sorted(accounts):
        for namespace in (ARGOCD, f"{OURS}-gate", "lr-promoter"):
            assert server.rules(account, namespace) == set(), f"{account} in {namespace}"


def test_no_account_of_ours_has_rights_in_the_whole_cluster(server: Server, repository: Repository) -> None:
    bound = [
        each["metadata"]["name"]
        for name in (OURS, OTHER)
        for each in (*objects(repository, name), *promoter(repository))
        if each["kind"] in ("ClusterRole", "ClusterRoleBinding")
    ]
    assert bound == []
    for account in (GATE, PROMOTER):
        for kind in ("namespaces", "nodes", "persistentvolumes", "rbac.authorization.k8s.io:clusterroles"):
            assert not any(server.can(account, verb, kind) for verb in (*READS, *WRITES)), f"{account}: {kind}"
        assert not server.can(account, "impersonate", "users") and not server.can(
            account, "impersonate", "serviceaccounts"
        )
