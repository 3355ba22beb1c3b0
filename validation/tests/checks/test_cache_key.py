"""The key covers everything that a result follows from: each part is broken once, and each file opened is in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leanrag.checks import cache_key
from leanrag.checks.cache_inputs import Inputs
from leanrag.checks.cache_key import listing, of_files, program, surroundings

ROOT = Path(__file__).parents[3]
MINIATURE = Path(__file__).parents[1] / "repos" / "two-clusters"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(MINIATURE, tmp_path / "repo")
    return tmp_path / "repo"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("overlays/blue/data/store.yaml", "replicas: 4\n"),
        ("overlays/blue/data/new.yaml", ""),
        ("overlays/blue/.hidden/new.yaml", ""),
        ("clusters/east/cluster.yaml", ""),
        ("clusters/north/README.md", ""),
        ("charts/data/store/templates/configmap.yaml", "# nothing\n"),
        ("charts/common/templates/_x.tpl", ""),
        ("apps/root.yaml", ""),
        ("bootstrap/local/cluster.yaml", ""),
    ],
)
def test_a_file_that_differs_is_another_key(root: Path, name: str, text: str) -> None:
    before = of_files(listing(root))
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    assert of_files(listing(root)) != before


def test_a_file_that_is_gone_or_has_another_name_is_another_key(root: Path) -> None:
    before, path = of_files(listing(root)), root / "overlays/blue/data/store.yaml"
    path.rename(path.with_name("stores.yaml"))
    renamed = of_files(listing(root))
    path.with_name("stores.yaml").unlink()
    assert len({before, renamed, of_files(listing(root))}) == 3


def test_a_file_of_the_same_size_and_time_is_not_believed_to_be_the_same(root: Path) -> None:
    path = root / "overlays/blue/models/tiny.yaml"
    before, stat = of_files(listing(root)), path.stat()
    path.write_text(path.read_text().replace("3", "4"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert of_files(listing(root)) != before


def test_what_is_no_file_is_noted_and_never_waited_for(root: Path) -> None:
    os.mkfifo(root / "overlays/blue/data/pipe.yaml")
    (root / "charts/loop").symlink_to(root / "charts")
    (root / "charts/nowhere").symlink_to(root / "absent")
    found = listing(root)
    assert found["overlays/blue/data/pipe.yaml"] == "no file"
    assert found["charts/nowhere"].startswith("unreadable")


def test_a_module_or_data_file_of_the_program_that_differs_is_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_key, "_PACKAGE", tmp_path)
    (tmp_path / "checks/rules").mkdir(parents=True)
    keys = {program()}
    for name, text in (("checks/rules/a.py", "1"), ("checks/rules/a.py", "2"), ("data.json", "{}"), ("b.yaml", "")):
        (tmp_path / name).write_text(text)
        keys.add(program())
    (tmp_path / ".mypy_cache").mkdir()
    (tmp_path / ".mypy_cache/x").write_text("")
    assert len(keys | {program()}) == 5


def test_another_version_of_a_library_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "pyyaml-6.0.3.dist-info").mkdir()
    before = program()
    (tmp_path / "pyyaml-6.0.3.dist-info").rename(tmp_path / "pyyaml-6.0.4.dist-info")
    assert program() != before


@pytest.mark.parametrize("name", ["LEANRAG_BIN", "LEANRAG_SCHEMAS", "LEANRAG_TOOLS"])
def test_other_programs_or_schemas_are_another_key(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = surroundings()
    monkeypatch.setenv(name, str(tmp_path))
    assert surroundings() != before


@pytest.mark.parametrize("name", ["schemas/pins/code/index.json", "engines/0.11.0-abc.json"])
def test_schemas_compiled_anew_or_another_list_of_an_engine_are_another_key(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    keys = {surroundings()}
    (tmp_path / name).parent.mkdir(parents=True)
    for text in ("{}", "{ }"):
        (tmp_path / name).write_text(text)
        keys.add(surroundings())
    assert len(keys) == 3


def test_another_helm_is_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    keys = {surroundings()}
    for text in ("#!/bin/sh\n", "#!/bin/sh\necho v3.19\n"):
        (tmp_path / "helm").write_text(text)
        (tmp_path / "helm").chmod(0o755)
        keys.add(surroundings())
    monkeypatch.setenv("LEANRAG_TOOLS", str(tmp_path))
    (tmp_path / "render").mkdir()
    keys.add(surroundings())
    (tmp_path / "render" / "go.mod").write_text("module x\n")
    assert len(keys | {surroundings()}) == 5


_WATCH = """
import sys
from pathlib import Path
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args[0])) if event in {"open", "os.scandir"} else None)
from leanrag.checks.run import check_root
from leanrag.checks.whole_cluster import Judge
judge = Judge.cluster
def cluster(self, name, *more):
    opened.append(("cluster", name))
    try:
        return judge(self, name, *more)
    finally:
        opened.append(("cluster", ""))
Judge.cluster = cluster
root = Path(sys.argv[1])
check_root(root, sys.argv[2:], workers=1)
owner = ""
for event, place in opened:
    if event == "cluster":
        owner = place
    elif isinstance(place, (str, Path)) and Path(place).is_relative_to(root):
        print(owner, event, Path(place).relative_to(root), sep="\\t")
"""


@pytest.mark.helm
def test_every_file_that_a_check_opens_is_in_its_key(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "repo"
    for top in cache_key.TOPS:
        shutil.copytree(ROOT / top, root / top)
    argv = [sys.executable, "-c", _WATCH, str(root)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=True)
    seen = [line.split("\t") for line in done.stdout.splitlines()]
    known = listing(root)
    assert {name for _, event, name in seen if event == "open"} <= set(known)
    assert {name.split("/")[0] for _, event, name in seen if event == "os.scandir"} <= {*cache_key.TOPS, "."}
    _each_of_a_cluster_is_in_its_own_key(known, {(owner, name) for owner, event, name in seen if event == "open"})


def _each_of_a_cluster_is_in_its_own_key(known: dict[str, str], opened: set[tuple[str, str]]) -> None:
    for cluster, environment in (("dev", "dev"), ("prod", "prod")):
        path = Path("clusters") / cluster / "cluster.yaml"
        key = Inputs(known).of(path, environment)
        names = {name for owner, name in opened if owner == cluster}
        assert names, "nothing was read"
        for name in names:
            assert Inputs({**known, name: "other"}).of(path, environment) != key, f"{cluster} reads {name}"
        assert Inputs({**known, "clusters/else/cluster.yaml": "other"}).of(path, environment) == key
        assert Inputs({**known, "overlays/else/rag/rag-stack.yaml": "other"}).of(path, environment) == key
