"""A run that is answered from the store, or by several processes, says exactly what a run from nothing says."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from leanrag.checks import run as runs
from leanrag.checks import whole
from leanrag.checks.cache import Store
from leanrag.checks.run import check_root
from leanrag.core.errors import ToolError
from leanrag.core.outcome import Outcome

from .answers import POD, never, said

MINIATURE = Path(__file__).parents[1] / "repos" / "two-clusters"
NAMES = ("cain", "east", "fern", "gold", "hope", "iris", "jade", "kiln", "lime", "west")
CLUSTER = "cluster: {name: %s, environment: %s, platform: openshift, domain: x.example.org, registry: example.org}\n"

pytestmark = [pytest.mark.helm, pytest.mark.usefixtures("_steady")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(MINIATURE, tmp_path / "repo")
    return tmp_path / "repo"


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)


def many(root: Path) -> None:
    """Ten clusters in two environments, with faults of every sort."""
    for number, name in enumerate(NAMES):
        write(root, f"clusters/{name}/cluster.yaml", CLUSTER % (name, "blue" if number % 3 else "red"))
    shutil.copytree(root / "overlays/blue", root / "overlays/red")
    template = root / "charts/data/store/templates/configmap.yaml"
    pod = POD % ("{{ .Values.cluster.name }}", "{{ .Values.tag }}")
    write(root, "charts/data/store/templates/pod.yaml", pod)
    template.write_text(template.read_text() + '  {{ if eq .Values.cluster.name "hope" }}{{ fail "no" }}{{ end }}\n')
    write(root, "charts/data/store/values.schema.json", '{"properties": {"replicas": {"type": "integer"}}}')
    write(root, "overlays/red/data/store.yaml", "tag: latest\nreplicas: three\n")
    write(root, "overlays/blue/data/store.yaml", "tag: v1.2.3\n")
    write(root, "clusters/kiln/cluster.yaml", "cluster: {name: kiln, environment: blue}\n")


def test_what_did_not_change_is_answered_without_judging(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, "charts/data/store/templates/pod.yaml", POD % ("a", "latest"))
    first = check_root(root, store=store)
    monkeypatch.setattr(whole, "check_whole", never)
    assert said(check_root(root, store=store)) == said(first)
    assert first.findings


EDITS: tuple[tuple[str, str, str], ...] = (
    ("overlays/blue/data/store.yaml", "size: 1\nsize: 2\n", "FIL002"),
    ("overlays/blue/data/stor.yaml", "", "FIL003"),
    ("charts/data/store/templates/pod.yaml", POD % ("a", "latest"), "IMG001"),
    ("charts/data/store/templates/configmap.yaml", '{{ fail "no" }}', "RND001"),
    ("charts/gate/gate/values.yaml", "a: 1\na: 1\n", "FIL002"),
    ("clusters/east/cluster.yaml", "cluster: {}\n", "CLU001"),
    ("clusters/east/release.yaml", "release: {revision: HEAD}\n", "REL001"),
    ("clusters/east/nothing.yaml", "", "FIL004"),
    ("apps/root.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n", "OBJ004"),
    ("bootstrap/local/cluster.yaml", "cluster: {}\n", "CLU001"),
)


@pytest.mark.parametrize(("name", "text", "rule"), EDITS, ids=[f"{rule}-{name}" for name, _, rule in EDITS])
def test_a_fault_that_comes_after_a_clean_run_is_found_and_one_that_goes_is_gone(
    root: Path, store: Store, name: str, text: str, rule: str
) -> None:
    clean = check_root(root, store=store)
    assert clean.step.outcome is Outcome.PASS
    before = (root / name).read_text() if (root / name).exists() else None
    write(root, name, text)
    broken = check_root(root, store=store)
    assert rule in {finding.rule for finding in broken.findings}
    assert said(broken) == said(check_root(root))
    (root / name).unlink() if before is None else (root / name).write_text(before)
    assert said(check_root(root, store=store)) == said(clean)


def test_one_process_or_several_with_or_without_a_store_say_the_same_in_the_same_order(
    root: Path, store: Store
) -> None:
    many(root)
    alone = check_root(root, workers=1)
    assert {"IMG001", "VAL002", "RND001", "CLU001"} <= {finding.rule for finding in alone.findings}
    for workers in (2, 3):
        assert said(check_root(root, workers=workers)) == said(alone)
    assert said(check_root(root, store=store, workers=2)) == said(alone)
    write(root, "overlays/blue/models/tiny.yaml", "replicas: 5\n")
    changed = said(check_root(root, workers=1))
    assert said(check_root(root, store=store, workers=2)) == changed


def test_one_object_in_two_worlds_has_two_verdicts(root: Path, store: Store) -> None:
    route = (
        "apiVersion: route.openshift.io/v1\nkind: Route\nmetadata: {name: a}\nspec: {to: {kind: Service, name: a}}\n"
    )
    write(root, "charts/data/store/templates/route.yaml", route)
    west = (root / "clusters/west/cluster.yaml").read_text()
    write(
        root,
        "clusters/west/cluster.yaml",
        west.replace("openshift\n", "kubernetes\n").replace('openshiftAI: "3.4"', ""),
    )
    for names in (["east"], ["west"], ["east"]):
        found = {each.rule for each in check_root(root, names, store=store).findings}
        assert ("OBJ001" in found) is (names == ["west"])


def test_only_clusters_that_read_what_changed_are_judged_again(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(root)
    check_root(root, store=store)
    judged: list[str] = []
    judge = whole.Judge.cluster

    def noted(self: whole.Judge, name: str, *more: object) -> object:
        judged.append(name)
        return judge(self, name, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(whole.Judge, "cluster", noted)
    write(root, "overlays/red/models/tiny.yaml", "replicas: 5\n")
    check_root(root, store=store, workers=1)
    red = {name for number, name in enumerate(NAMES) if number % 3 == 0}
    # kiln's file cannot be read, so what it follows from is not known.
    assert set(judged) == red | {"kiln"}


def test_a_file_or_program_that_changes_while_it_is_checked_is_not_remembered_as_checked(
    root: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = whole.read_files

    def meanwhile(where: Path) -> object:
        files = read(where)
        write(root, "overlays/blue/data/store.yaml", "size: 1\nsize: 2\n")
        return files

    with monkeypatch.context() as patched:
        patched.setattr(whole, "read_files", meanwhile)
        assert check_root(root, store=store).step.outcome is Outcome.PASS
    assert not list(store.folder.glob("*"))
    write(root, "overlays/blue/data/store.yaml", "{}\n")
    with monkeypatch.context() as patched:
        patched.setattr(runs, "program", lambda: "edited meanwhile")
        check_root(root, store=store)
    assert not list(store.folder.glob("*"))


def test_an_entry_of_the_store_that_is_damaged_costs_a_run_and_no_finding(root: Path, store: Store) -> None:
    write(root, "charts/data/store/templates/pod.yaml", POD % ("a", "latest"))
    first = said(check_root(root, store=store))
    for path in store.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    assert said(check_root(root, store=store)) == first


def test_a_warm_answer_imports_nothing_heavy(root: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leanrag.checks.commands import checked; checked(Path(sys.argv[1]))"
    )
    show = (
        "; print(*({'pydantic', 'yaml', 'jsonschema', 'jsonschema_rs', 'cryptography', 'kubernetes'} & {*sys.modules}))"
    )
    argv = [sys.executable, "-c", code + show, str(root)]
    # Schemas and lists of engines are those of this machine; only the answers are kept elsewhere.
    done = [subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300).stdout for _ in range(2)]
    assert done[1].strip() == ""


def test_a_process_that_is_killed_is_no_answer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many(root)
    monkeypatch.setattr(whole.Judge, "cluster", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ToolError, match="was killed"):
        check_root(root, workers=2)
