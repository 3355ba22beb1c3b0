"""What was rendered is kept by the content of its inputs; what is broken or old there costs time only."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.render import cache, desk
from leanrag.render.helm import render, render_cluster, rendered_text

pytestmark = pytest.mark.helm
REPOS = Path(__file__).parents[1] / "repos"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    program, helm = desk.ready("render"), desk.tool("helm")
    monkeypatch.setattr(desk, "ready", lambda name: program)
    monkeypatch.setattr(desk, "tool", lambda name: helm)
    shutil.copytree(REPOS / "two-clusters", tmp_path / "repo")
    return Repository(tmp_path / "repo")


def _kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache/render").glob("*.z"))


def test_a_second_run_starts_no_program_and_parses_no_yaml(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = repository.cluster("east")
    apps = repository.apps(cluster)
    first = [render(repository, app) for app in apps]

    def refuse(*_: object) -> None:
        raise AssertionError("not needed")

    monkeypatch.setattr(yamlio, "load_all", refuse)
    monkeypatch.setattr(desk.Desk, "_job", refuse)
    monkeypatch.setattr(desk.Desk, "_helm", refuse)
    assert [render(repository, app) for app in apps] == first


def test_every_input_of_a_render_counts(repository: Repository, tmp_path: Path) -> None:
    app = repository.apps(repository.cluster("east"))[0]
    render(repository, app)
    changed = (
        repository.root / "charts/data/store/templates/configmap.yaml",
        repository.root / "clusters/east/cluster.yaml",
        app.overlay,
    )
    for count, path in enumerate(changed, 2):
        path.write_text(path.read_text() + "# one more line\n")
        render(repository, app)
        assert len(_kept(tmp_path)) == count
    render(repository, app, {"replicas": 7})
    rendered_text(repository, app)
    assert len(_kept(tmp_path)) == len(changed) + 3


def test_a_file_that_changes_twice_in_one_moment_is_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    now = time.time_ns()
    found = set()
    for number in range(3):
        path.write_text(f"replicas: {number}\n")
        os.utime(path, ns=(now, now))  # a clock that has not ticked in between
        found.add(cache.digest(path))
    assert len(found) == 3


@pytest.mark.parametrize("left", [b"", b"x\x9c", b"text"])
def test_a_file_that_was_not_written_whole_is_rendered_anew(
    left: bytes, repository: Repository, tmp_path: Path
) -> None:
    app = repository.apps(repository.cluster("east"))[0]
    first = render(repository, app)
    [kept] = _kept(tmp_path)
    kept.write_bytes(left or kept.read_bytes()[:-5])
    assert render(repository, app) == first


def test_a_cache_that_cannot_be_written_is_no_error(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    assert render_cluster(repository, repository.cluster("east"))


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    now = time.time()
    for number in range(10):
        path = tmp_path / f"{number}.z"
        path.write_bytes(b"x" * 100)
        os.utime(path, (now - number, now - number))
    cache.prune(tmp_path, 1000)
    assert len(list(tmp_path.iterdir())) == 10
    cache.prune(tmp_path, 500)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "1", "2", "3"]


def test_what_is_read_counts_as_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    cache.keep("one", b"[1]")
    old = time.time() - 7 * 86400
    os.utime(tmp_path / "render/one.z", (old, old))
    assert cache.load("one") == [1]
    assert (tmp_path / "render/one.z").stat().st_mtime > old + 86400


def test_many_processes_write_the_same_names_and_every_reader_sees_a_whole_file(tmp_path: Path) -> None:
    lines = (
        "from leanrag.render import cache",
        "for turn in range(200):",
        "    cache.keep(f'k{turn % 5}', b'[' + b'1,' * 5000 + b'1]')",
        "    found = cache.load(f'k{turn % 5}')",
        "    assert found is not None and len(found) == 5001",
    )
    environment = {**os.environ, "LEANRAG_CACHE": str(tmp_path)}
    running = [subprocess.Popen([sys.executable, "-c", "\n".join(lines)], env=environment) for _ in range(3)]
    assert [each.wait(timeout=60) for each in running] == [0, 0, 0]
    assert sorted(path.name for path in (tmp_path / "render").glob("*.z")) == [f"k{number}.z" for number in range(5)]
    assert not list((tmp_path / "render").glob(".new-*"))


def test_values_keep_their_types_and_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path))
    value = {"b": 1.0, "a": 1, "c": 1e300, "d": 2**70, "e": "é\u2028", "f": [None, True, {}]}
    cache.keep("one", json.dumps(value).encode())
    assert repr(cache.load("one")) == repr(value)
