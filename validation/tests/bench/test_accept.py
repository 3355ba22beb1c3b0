"""A real API server judges as our schemas do; it leaves nothing, and the page says what it says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from leanrag.bench import accept_memory, accept_server
from leanrag.bench.accept import PAGE
from leanrag.bench.accept_ask import Asker, Question
from leanrag.bench.accept_memory import Memory
from leanrag.bench.accept_render import WORLDS, lint_charts, render_charts, shown_name
from leanrag.bench.accept_server import ApiServer, api_server
from leanrag.bench.accept_table import Count, page
from leanrag.catalog.model import App
from leanrag.checks.objects import known_kind, strict_fields
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope
from leanrag.checks.trees.releases import RELEASES
from leanrag.checks.worlds import World
from leanrag.render.manifest import Manifest
from leanrag.render.unittest import charts

ROOT = Path(__file__).resolve().parents[3]
DSC, LLM = "datasciencecluster.opendatahub.io/v2", "serving.kserve.io/v1alpha2"
APP = App("a", "", "rag", "a", "a", "lr-rag", Path("charts/rag/a"), Path("a.yaml"), ())
OPERANDS = [
    "daemonsets",
    "dcgm",
    "dcgmExporter",
    "devicePlugin",
    "driver",
    "gfd",
    "nodeStatusExporter",
    "operator",
    "toolkit",
]
# One sound object of each kind that has a tree of ours.
SOUND: dict[str, tuple[str, dict[str, Any]]] = {
    "DataScienceCluster": (DSC, {"components": {"kserve": {"managementState": "Managed"}}}),
    "DSCInitialization": ("dscinitialization.opendatahub.io/v2", {"monitoring": {"managementState": "Removed"}}),
    "HardwareProfile": ("infrastructure.opendatahub.io/v1", {"scheduling": {"type": "Node", "node": {}}}),
    "OdhDashboardConfig": ("opendatahub.io/v1alpha", {"dashboardConfig": {"disableKueue": True}}),
    "ClusterPolicy": ("nvidia.com/v1", {each: {} for each in OPERANDS}),
    "NodeFeatureDiscovery": ("nfd.openshift.io/v1", {"operand": {"servicePort": 12000}}),
    "NodeFeatureRule": ("nfd.k8s-sigs.io/v1alpha1", {"rules": [{"name": "a", "labels": {"a": "b"}}]}),
    "KedaController": ("keda.sh/v1alpha1", {"watchNamespace": ""}),
    "ObjectBucketClaim": ("objectbucket.io/v1alpha1", {"storageClassName": "a"}),
}


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    with api_server() as started:
        yield started


@pytest.fixture(scope="module")
def asker(server: ApiServer) -> Asker:
    return Asker(server)


def both(asker: Asker, release: str, version: str, kind: str, spec: dict[str, Any]) -> tuple[list[str], str]:
    """Return what our schemas and what the API server say of an object."""
    body = {"apiVersion": version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    known = schemas().of(World(release, "openshift"))
    scope = Scope((Manifest(APP, "a.yaml", body),), known)
    ours = [str(each) for check in (known_kind, strict_fields) for each in check(scope)]
    [theirs] = asker.answers([Question(body, "lr-rag", known.definition(version, kind), release)])
    return ours, theirs


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_object_and_one_with_an_unknown_key_are_judged_alike(asker: Asker, kind: str) -> None:
    version, spec = SOUND[kind]
    assert both(asker, "3.4", version, kind, spec) == ([], "")
    ours, theirs = both(asker, "3.4", version, kind, {**spec, "unheardOf": 1})
    assert "no field 'unheardOf'" in ours[0]
    assert "unheardOf" in theirs


def test_a_key_newer_than_the_release_is_refused_by_both_and_taken_by_its_own(asker: Asker) -> None:
    spec = {"components": {"ogx": {"managementState": "Managed"}}}
    ours, theirs = both(asker, "3.4", DSC, "DataScienceCluster", spec)
    assert "3.5 has it" in ours[0]
    assert "ogx" in theirs
    assert both(asker, "3.5", DSC, "DataScienceCluster", spec) == ([], "")


def test_a_rule_in_cel_is_broken_for_us_and_for_the_server(asker: Asker) -> None:
    queue = {"scheduling": {"type": "Queue", "node": {}}}
    ours, theirs = both(asker, "3.5", "infrastructure.opendatahub.io/v1", "HardwareProfile", queue)
    assert all("needs kueue.localQueueName" in said for said in (*ours, theirs))
    assert len(ours) == 1


def test_a_release_is_served_as_its_own_definition_and_not_as_the_one_before(asker: Asker) -> None:
    spec = {"model": {"uri": "hf://a/b"}, "replicas": 1, "tracing": {"exporter": "otlp"}}
    assert "tracing" in both(asker, "3.4", LLM, "LLMInferenceService", spec)[1]
    assert both(asker, "3.5", LLM, "LLMInferenceService", spec) == ([], "")
    scaled = {"model": {"uri": "hf://a/b"}, "replicas": 1, "scaling": {"maxReplicas": 2}}
    assert both(asker, "3.5", LLM, "LLMInferenceService", scaled)[1]


def test_a_kind_of_kubernetes_is_judged_by_kubernetes(asker: Asker) -> None:
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "1a"}, "spec": {"ports": [{"port": 80}]}}
    [answer] = asker.answers([Question(body, "lr-rag", None)])
    assert "metadata.name" in answer


def test_answers_are_remembered_per_object_and_definition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    monkeypatch.setattr(accept_memory, "_asker_hash", lambda: "h")
    asked: list[str] = []

    def answer(new: dict[str, Question]) -> dict[str, str]:
        asked.extend(new)
        return dict.fromkeys(new, "")

    monkeypatch.setattr(accept_memory, "_asked", answer)
    one, other = (Question({"kind": "A", "n": n}, "lr-rag", None) for n in (1, 2))
    Memory().answers([one, one])
    Memory().answers([one, other])
    assert asked == [one.key, other.key]
    again = Memory(fresh=True)
    again.answers([one])
    assert (again.asked, again.known) == (1, 0)
    moved = Question(one.body, one.namespace, Path("another-definition.json"))
    assert moved.key != one.key


def test_nothing_is_left_when_the_work_ends_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    monkeypatch.setattr(accept_server, "_apiserver", lambda *_: ("--no-such-flag",))
    monkeypatch.setattr(accept_server, "tool", lambda name: {"etcd": SLEEPER, "kube-apiserver": SLEEPER}[name])
    with pytest.raises(Exception, match=r"etcd|apiserver"), api_server():
        pytest.fail("it cannot have started")
    assert not list((tmp_path / "accept").glob("*"))
    assert not mine(tmp_path)


def test_what_a_killed_run_has_left_is_ended_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    script = (
        "from pathlib import Path\nimport os, sys\nfrom leanrag.bench.processes import Processes\n"
        "folder = Path(sys.argv[1]) / 'accept' / str(os.getpid())\nfolder.mkdir(parents=True)\n"
        "Processes(folder).start('etcd', ('sleep', '600'))\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, env={**os.environ, "PYTHONPATH": "validation"})
    assert mine(tmp_path)
    accept_server._sweep()
    assert not mine(tmp_path)
    assert not list((tmp_path / "accept").glob("*"))


SLEEPER = Path("/bin/false")


def mine(folder: Path) -> list[int]:
    """Return the processes whose working directory lies in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found


def chart(root: Path, template: str, case: str) -> Path:
    """Make a small chart with one case."""
    folder = root / "charts" / "data" / "thing"
    for name, text in {
        "Chart.yaml": "apiVersion: v2\nname: thing\nversion: 0.1.0\ndescription: A thing\ntype: application\n",
        "values.yaml": "cluster: {}\n",
        "templates/thing.yaml": template,
        "ci/one-values.yaml": case,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (root / "charts" / "common").mkdir(exist_ok=True)
    return folder


@pytest.mark.helm
def test_a_case_is_rendered_in_every_world_or_refused_with_the_charts_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    refusal = '{{ fail "thing x: cannot work:\\n  - a: b; c\\n  - d: e; f" }}'
    template = (
        f'{{{{ if eq .Values.cluster.platform "kubernetes" }}}}{refusal}{{{{ end }}}}\n'
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {r: {{ .Values.cluster.openshiftAI | quote }}}\n"
    )
    folder = chart(tmp_path, template, "# Test it.\ncluster: {platform: openshift}\n")
    found = render_charts([folder], tmp_path)
    assert {each.world for each in found} == set(WORLDS)
    for each in found:
        if each.world.platform == "openshift":
            [(_, body)] = each.objects
            assert body["data"] == {"r": each.world.release}
        else:
            assert each.refusals == ("a: b; c", "d: e; f")
    assert lint_charts([folder], tmp_path) == ()


@pytest.mark.helm
def test_a_template_that_breaks_is_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    [*found] = render_charts([chart(tmp_path, "{{ .Values.a.b.c }}", "# Test it.\na: {}\n")], tmp_path)
    assert all("nil pointer" in each.broken for each in found)


def test_releases_that_agree_share_a_row() -> None:
    same, other = Count(2, 0, 5, 5, 5), Count(2, 1, 3, 3, 3, ("a: b; c",))
    counts = {("data/x", World(release, "openshift")): same for release in RELEASES}
    counts["data/x", World("3.5", "openshift")] = other
    text = page(counts, (), ["data/x"])
    assert "| data/x | openshift | 3.0 to 3.4 | 2 of 2 | 5 | 5 | 5 | - |" in text
    assert "| data/x | openshift | 3.5 | 1 of 2 | 3 | 3 | 3 | - |" in text
    assert "- data/x (openshift 3.5): a: b; c" in text


def test_the_page_has_a_row_for_every_chart_and_platform() -> None:
    rows = re.findall(r"^\| (\S+/\S+) \| (openshift|kubernetes) \|", (ROOT / PAGE).read_text(), re.MULTILINE)
    tested = {shown_name(each, ROOT) for each in charts(ROOT) if list(each.glob("ci/*-values.yaml"))}
    assert set(rows) == {(name, platform) for name in tested for platform in ("openshift", "kubernetes")}


def test_the_page_says_that_everything_was_accepted() -> None:
    cells = [row.split(" | ") for row in (ROOT / PAGE).read_text().splitlines() if row.startswith("| ")]
    counted = [[each.strip("| ") for each in row[4:7]] for row in cells if len(row) >= 7 and row[4].strip().isdigit()]
    assert counted
    assert all(len(set(each)) == 1 for each in counted), counted
