"""Who holds which Secret, in everything that Git renders: Git's write credentials have one holder."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from leanrag.bench.world import tree, write
from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.core.result import JSON
from leanrag.render.helm import render, render_cluster
from leanrag.render.manifest import Manifest

pytestmark = pytest.mark.helm
ROOT = Path(__file__).parents[3]
PROMOTER = "lr-promoter"
ADDRESS: dict[str, JSON] = {"repository": {"url": "https://git.example.com/x.git"}}
# Rights that would lead to a Secret, or to another account.
FORBIDDEN = {"*", "secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "tokenreviews"}
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
LADDERS = {"*", "escalate", "bind", "impersonate"}
# KEDA mints a token of one account, by name, which may read metrics and nothing else.
MINTED = {"resources": ["serviceaccounts/token"], "resourceNames": ["leanrag-prometheus"], "verbs": ["create"]}
# Every account that has a right, and what for.
RIGHTS = {
    "gate": "reads what it tests, writes verdicts",
    "promoter": "reads verdicts",
    "operators-approver": "approves the pinned InstallPlans",
    "chroma-backup": "makes and removes snapshots",
    "milvus-backup": "makes and removes snapshots",
    "object-store-backup": "makes and removes snapshots",
    "pgvector-backup": "makes and removes snapshots",
    "grafana-metrics": "reads metrics",
    "leanrag-prometheus": "reads metrics",
    "keda-operator": "mints the token of leanrag-prometheus",
}


@pytest.fixture(scope="module", params=["of this repository", "of the bench"])
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    if request.param == "of this repository":
        return Repository(ROOT)
    return Repository(write(tree(ROOT), tmp_path_factory.mktemp("bench")))


@pytest.fixture(scope="module")
def deployed(repository: Repository) -> tuple[Manifest, ...]:
    """All that the clusters deploy, in their own namespaces and in Argo CD's; the laptop's has no Kubernetes."""
    found: list[Manifest] = []
    for cluster in repository.clusters():
        if cluster.name != "local":
            found += [*render_cluster(repository, cluster), *of_apps(repository, cluster.name)]
    return tuple(found)


def of_apps(repository: Repository, name: str) -> Iterator[Manifest]:
    """Render both charts of apps/ for a cluster that is pinned and follows another."""
    release: dict[str, JSON] = {"revision": "0" * 40, "server": "https://kubernetes.default.svc", "follows": "x"}
    for chart, values in (
        ("cluster", repository.cluster(name).path),
        ("pin", repository.root / "apps" / "pin.yaml"),
    ):
        place = repository.root / "apps" / chart
        app = App(f"{name}-{chart}", name, "apps", chart, name, "argocd", place, values, (values,))
        handed = release if chart == "pin" else {key: release[key] for key in ("revision", "server")}
        yield from render(repository, app, {"repoURL": "https://git.example.com/x.git", "release": handed})


def promoter(repository: Repository) -> tuple[Manifest, ...]:
    chart, values = repository.root / "charts/gate/promoter", repository.root / "apps/promoter.yaml"
    app = App("promoter", "hub", "gate", "promoter", "promoter", PROMOTER, chart, values, (values,))
    return render(repository, app, ADDRESS)


def pod_specs(node: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every pod spec in an object, however deep it lies."""
    if isinstance(node, Mapping):
        if isinstance(node.get("containers"), list):
            yield node
        for value in node.values():
            yield from pod_specs(value)
    elif isinstance(node, list):
        for each in node:
            yield from pod_specs(each)


def secrets(node: Any) -> Iterator[str]:
    """Yield the name of every Secret that a pod spec names: volume, projection, variable, registry."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("secret", "secretRef", "secretKeyRef") and isinstance(value, Mapping):
                yield str(value.get("secretName") or value.get("name"))
            elif key == "imagePullSecrets":
                yield from (str(each["name"]) for each in value)
            else:
                yield from secrets(value)
    elif isinstance(node, list):
        for each in node:
            yield from secrets(each)


def test_the_credentials_that_write_git_are_mounted_by_the_promoter_alone(
    repository: Repository, deployed: tuple[Manifest, ...]
) -> None:
    values = yamlio.read(repository.root / "apps" / "promoter.yaml")
    name = values["repository"]["existingSecret"]
    holders = {
        (each.namespace, each.kind, each.name)
        for each in (*deployed, *promoter(repository))
        for spec in pod_specs(each.body)
        if name in secrets(spec)
    }
    assert holders == {(PROMOTER, "Deployment", "promoter")}


def test_no_pod_of_a_cluster_lives_where_those_credentials_are(deployed: tuple[Manifest, ...]) -> None:
    assert [each.name for each in deployed if each.namespace == PROMOTER] == []


def test_no_pod_of_a_cluster_calls_itself_the_promoter(deployed: tuple[Manifest, ...]) -> None:
    accounts = {str(spec.get("serviceAccountName")) for each in deployed for spec in pod_specs(each.body)}
    assert "promoter" not in accounts and len(accounts) > 1


def test_only_the_gate_mounts_the_key_that_signs_its_verdicts(
    repository: Repository, deployed: tuple[Manifest, ...]
) -> None:
    keys = set()
    for overlay in (repository.root / "overlays").glob("*/gate/gate.yaml"):
        keys.add(((yamlio.read(overlay) or {}).get("signing") or {}).get("existingSecret"))
    holders = {
        (each.app.layer, spec.get("serviceAccountName"))
        for each in deployed
        for spec in pod_specs(each.body)
        if keys & set(secrets(spec))
    }
    assert holders == {("gate", "gate")}


def test_no_role_leads_to_a_secret_or_to_another_account(
    repository: Repository, deployed: tuple[Manifest, ...]
) -> None:
    roles = [each for each in (*deployed, *promoter(repository)) if each.kind in ("Role", "ClusterRole")]
    assert roles
    for role in roles:
        for rule in role.body["rules"]:
            if {key: value for key, value in rule.items() if key != "apiGroups"} == MINTED:
                continue
            assert not FORBIDDEN & set(rule.get("resources", ())), role.name
            assert not LADDERS & set(rule["verbs"]), role.name


def test_rights_are_given_to_known_accounts_only(deployed: tuple[Manifest, ...]) -> None:
    bindings = [each for each in deployed if each.kind in ("RoleBinding", "ClusterRoleBinding")]
    subjects = {(each["kind"], each["name"]) for binding in bindings for each in binding.body["subjects"]}
    assert subjects <= {("ServiceAccount", name) for name in RIGHTS}
    assert subjects >= {("ServiceAccount", "gate"), ("ServiceAccount", "promoter")}


def test_a_token_is_mounted_only_where_the_api_server_is_asked(deployed: tuple[Manifest, ...]) -> None:
    """A pod without a role has no use for a token; a kubelet mounts one unless it is told not to."""
    mounted = {
        str(spec.get("serviceAccountName"))
        for each in deployed
        for spec in pod_specs(each.body)
        if spec.get("automountServiceAccountToken", True)
        and each.kind in ("Deployment", "StatefulSet", "Job", "CronJob")
    }
    assert mounted <= {*RIGHTS, "rag-stack"}
