"""What Argo CD would generate from apps/ is what `leanrag` believes to be deployed, and its deadlines fit together."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.core.result import JSON
from leanrag.render import projects
from leanrag.render.helm import render

ROOT = Path(__file__).parents[3]
ADDRESS = "https://git.example.com/platform/lean-rag.git"
UNITS = {"s": 1, "m": 60, "h": 3600}


@pytest.fixture(scope="module")
def repository() -> Repository:
    return Repository(ROOT)


def cluster_objects(repository: Repository, name: str) -> dict[tuple[str, str], Any]:
    """Render apps/cluster as the pin makes Argo CD do it."""
    return {(body["kind"], body["metadata"]["name"]): body for body in rendered_by(repository, name, "cluster")}


def rendered_by(repository: Repository, name: str, chart: str) -> list[Any]:
    """Render one of the two charts of apps/ for a cluster that is pinned to a commit."""
    facts = repository.cluster(name).path if chart == "cluster" else ROOT / "apps" / "pin.yaml"
    app = App(f"{name}-{chart}", name, "apps", chart, name, "argocd", ROOT / "apps" / chart, facts, (facts,))
    release: dict[str, JSON] = {"revision": "0" * 40, "server": "https://kubernetes.default.svc"}
    if chart == "pin":
        release |= {"follows": "staging"} if name == "prod" else {}
    return [manifest.body for manifest in render(repository, app, {"repoURL": ADDRESS, "release": release})]


def generated(application_set: Any) -> Iterator[Any]:
    """Do what the ApplicationSet controller does with git file generators, for the few expressions that we use."""
    for generator in application_set["spec"]["generators"]:
        for pattern in generator["git"]["files"]:
            for path in sorted(ROOT.glob(pattern["path"])):
                yield fill(application_set["spec"]["template"], path.relative_to(ROOT), generator["git"].get("values"))


def fill(node: Any, path: Path, values: Any) -> Any:
    if isinstance(node, dict):
        return {key: fill(value, path, values) for key, value in node.items()}
    if isinstance(node, list):
        return [fill(value, path, values) for value in node]
    known = {
        'trimSuffix ".yaml" .path.filename': path.stem,
        ".path.filename": path.name,
        ".path.path": str(path.parent),
        **{f".values.{key}": value for key, value in (values or {}).items()},
    }
    # An expression that is not known is a KeyError: missingkey=error, as Argo CD has it.
    return re.sub(r"\{\{ (.+?) \}\}", lambda found: known[found[1]], node) if isinstance(node, str) else node


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_argo_cd_generates_the_applications_that_the_catalog_lists(repository: Repository, name: str) -> None:
    objects = cluster_objects(repository, name)
    made = [*generated(objects["ApplicationSet", f"{name}-stack"])]
    made += [*generated(objects["ApplicationSet", f"{name}-models"]), objects["Application", f"{name}-gate"]]
    by_argo_cd = {
        (
            each["metadata"]["name"],
            each["spec"]["source"]["path"],
            each["spec"]["source"]["helm"]["releaseName"],
            each["spec"]["destination"]["namespace"],
            tuple(each["spec"]["source"]["helm"]["valueFiles"]),
        )
        for each in made
    }
    by_leanrag = {
        (
            app.name,
            str(app.chart_path.relative_to(ROOT)),
            app.release,
            app.namespace,
            tuple(f"/{path.relative_to(ROOT)}" for path in app.value_files),
        )
        for app in repository.apps(repository.cluster(name))
    }
    assert by_argo_cd == by_leanrag


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_application_names_a_project_of_its_own_cluster_that_admits_it(repository: Repository, name: str) -> None:
    objects = cluster_objects(repository, name)
    projects = {body["metadata"]["name"]: body["spec"] for (kind, _), body in objects.items() if kind == "AppProject"}
    made = [*generated(objects["ApplicationSet", f"{name}-stack"])]
    made += [*generated(objects["ApplicationSet", f"{name}-models"]), objects["Application", f"{name}-gate"]]
    for each in made:
        spec = each["spec"]
        assert spec["destination"] in projects[spec["project"]]["destinations"], each["metadata"]["name"]
        assert spec["source"]["repoURL"] in projects[spec["project"]]["sourceRepos"]


def test_the_address_of_the_repository_is_written_once() -> None:
    root = (ROOT / "apps" / "root.yaml").read_text()
    address = re.findall(r'&repoURL "([^"]+)"', root)
    assert len(address) == 1
    files = [path for top in ("apps", "bootstrap", "clusters", "overlays") for path in (ROOT / top).rglob("*.yaml")]
    # Cases and suites of a chart bring an address of their own; Argo CD reads neither.
    read = [path for path in files if not {"ci", "tests"} & set(path.parts)]
    assert sum(path.read_text().count(address[0]) for path in read) == 1


@pytest.mark.helm
def test_the_promoters_project_admits_what_its_chart_renders_and_nothing_else() -> None:
    found = [each for each in yamlio.read(ROOT / "apps/root.yaml")["items"] if each["metadata"]["name"] == "promoter"]
    project, application = found
    assert (project["kind"], application["kind"]) == ("AppProject", "Application")
    assert application["spec"]["destination"] in project["spec"]["destinations"]
    kinds = {(entry["group"], entry["kind"]) for entry in project["spec"]["namespaceResourceWhitelist"]}
    rendered = projects.chart_kinds(ROOT, ROOT / application["spec"]["source"]["path"])
    assert {(kind.group, kind.name) for kind in rendered} == kinds
    assert not any(kind.clustered for kind in rendered)


def seconds(text: str) -> int:
    return int(text[:-1]) * UNITS[text[-1]]


def retries(chart: str) -> int:
    """Return for how many seconds at least a failed sync is tried again: duration * factor^n, capped, for each n."""
    retry = yamlio.read(ROOT / "apps" / chart / "values.yaml")["retry"]
    waits = [seconds(retry["duration"]) * retry["factor"] ** n for n in range(retry["limit"])]
    return sum(min(wait, seconds(retry["maxDuration"])) for wait in waits)


@pytest.mark.parametrize("chart", ["pin", "cluster"])
def test_a_failed_sync_is_tried_again_for_two_hours(chart: str) -> None:
    assert retries(chart) >= 2 * 3600


def test_the_sync_timeout_ends_neither_the_retries_nor_the_gate() -> None:
    settings = yamlio.read(ROOT / "bootstrap" / "argocd" / "argocd-cmd-params-cm.yaml")["data"]
    timeout = int(settings["controller.sync.timeout.seconds"])
    deadlines = yamlio.read(ROOT / "charts" / "gate" / "gate" / "values.yaml")["deadlines"]
    assert timeout > retries("cluster") + 1800
    assert timeout > deadlines["wholeMinutes"] * 60 + 300


@pytest.mark.helm
def test_projects_allow_the_kinds_that_charts_render_and_no_others(repository: Repository) -> None:
    text = (ROOT / projects.VALUES).read_text()
    written = projects.placed(projects.written(text, projects.rendered(ROOT)), projects.foreign(ROOT))
    assert written == text, "run: python -m leanrag.render.projects --write"
    assert '"*"' not in text


def test_a_kind_that_is_no_longer_rendered_leaves_its_project() -> None:
    text = (ROOT / projects.VALUES).read_text()
    gate = {projects.Kind("batch", "Job", False), projects.Kind("", "Namespace", True)}
    found = yamlio.load(projects.written(text, {"gate": gate}), "values.yaml")["projects"]
    assert found["gate"]["kinds"] == {"batch": ["Job"]}
    assert found["gate"]["clusterKinds"] == {"": ["Namespace"]}
    before = yamlio.load(text, "values.yaml")["projects"]
    assert found["workload"] == before["workload"]
    assert found["gate"]["layers"] == before["gate"]["layers"]


def test_a_kind_whose_scope_the_platform_decides_is_allowed_in_both() -> None:
    rule = {
        "apiVersion": "nfd.k8s-sigs.io/v1alpha1",
        "kind": "NodeFeatureRule",
        "metadata": {"namespace": "openshift-nfd"},
    }
    assert {kind.clustered for kind in projects.kinds_of([rule])} == {False, True}


def test_a_namespace_that_nothing_writes_to_any_more_leaves_its_project() -> None:
    text = (ROOT / projects.VALUES).read_text()
    found = yamlio.load(projects.placed(text, {"platform": {"zoo", "cert-manager"}}), "values.yaml")["projects"]
    assert found["platform"]["namespaces"] == ["cert-manager", "zoo"]
    emptied = yamlio.load(projects.placed(text, {"platform": ()}), "values.yaml")["projects"]
    before = yamlio.load(text, "values.yaml")["projects"]
    assert emptied["platform"] == {**before["platform"], "namespaces": []}
    assert emptied["gate"] == before["gate"]


def wave(body: Any) -> int:
    return int((body["metadata"].get("annotations") or {}).get("argocd.argoproj.io/sync-wave", 0))


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_every_namespace_that_an_application_writes_to_is_made_by_one_that_needs_none(
    repository: Repository, name: str
) -> None:
    cluster = repository.cluster(name)
    made, used = set(), set()
    for app in repository.apps(cluster):
        bodies = [manifest.body for manifest in render(repository, app)]
        first = min(map(wave, bodies))
        for body in bodies:
            if body["kind"] == "Namespace":
                made.add(body["metadata"]["name"])
                # In one wave Argo CD makes namespaces before all else.
                assert wave(body) == first, app.name
            used.add(body["metadata"].get("namespace", app.namespace))
    # The platform's own, which are there before anything of ours.
    given = {f"openshift-{name}" for name in ("config-managed", "monitoring", "user-workload-monitoring", "ingress")}
    # An operator makes these itself: cert-manager's for its operand, OpenShift AI's when its operator starts.
    by_operators = {"cert-manager", "redhat-ods-applications"}
    assert used - made <= given | by_operators
    assert set(cluster.namespaces.values()) <= made


def test_the_projects_of_the_hub_name_no_kind_and_no_server_with_a_wildcard() -> None:
    for each in yamlio.read(ROOT / "apps" / "root.yaml")["items"]:
        if each["kind"] == "AppProject":
            allowed = each["spec"]["namespaceResourceWhitelist"]
            assert all("*" not in entry.values() for entry in allowed)
            assert "clusterResourceWhitelist" not in each["spec"]
            assert {to["server"] for to in each["spec"]["destinations"]} == {"https://kubernetes.default.svc"}


@pytest.mark.helm
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_project_of_the_root_admits_what_apps_render(repository: Repository, name: str) -> None:
    spec = next(each["spec"] for each in yamlio.read(ROOT / "apps/root.yaml")["items"] if each["kind"] == "AppProject")
    kinds = {(entry["group"], entry["kind"]) for entry in spec["namespaceResourceWhitelist"]}
    places = [to["namespace"] for to in spec["destinations"]]
    used = set()
    for chart in ("cluster", "pin"):
        for body in rendered_by(repository, name, chart):
            used.add((body["apiVersion"].rpartition("/")[0], body["kind"]))
            place = body["metadata"].get("namespace", "argocd")
            assert any(fnmatch(place, pattern) for pattern in places), body["metadata"]
    assert used <= kinds
    verified = {("batch", "Job"), ("networking.k8s.io", "NetworkPolicy")}  # rendered for clusters that follow one
    assert kinds - used <= verified
