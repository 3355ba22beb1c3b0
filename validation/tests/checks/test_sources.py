"""Schemas come from pinned modules or not at all, and the reason is one sentence."""

import json
from pathlib import Path

import pytest

from leanrag.checks import sources
from leanrag.checks.schemas import compile_into, schemas
from leanrag.checks.worlds import MINORS
from leanrag.core.errors import LeanragError, ToolError, UnreachableError
from leanrag.render.helm import KUBE_VERSION


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and a program that stands for go: it answers with what `answer.json` beside it holds."""
    monkeypatch.setenv("LEANRAG_CACHE", str(tmp_path / "cache"))
    program = tmp_path / "go"
    program.write_text('#!/bin/sh\ncat "$(dirname "$0")/answer.json"\nexit "$(cat "$(dirname "$0")/code")"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sources, "go", lambda: program)
    return tmp_path


def answer(folder: Path, code: int, **fields: str) -> None:
    (folder / "answer.json").write_text(json.dumps(fields))
    (folder / "code").write_text(str(code))


def nothing_half_made(folder: Path) -> bool:
    return not [path for path in (folder / "cache").rglob("*") if path.is_file()]


def test_offline_is_one_sentence_with_a_way_out(fresh: Path) -> None:
    answer(fresh, 1, Error="dial tcp: lookup modules.example.org: no such host")
    with pytest.raises(UnreachableError, match=r"could not be fetched: .*no such host") as caught:
        schemas()
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert nothing_half_made(fresh)


def test_other_contents_than_pinned_are_refused(fresh: Path) -> None:
    answer(fresh, 0, Dir=str(fresh), Sum="h1:forged")
    with pytest.raises(ToolError, match="checksum h1:forged, not the pinned one"):
        schemas()
    assert nothing_half_made(fresh)


def test_a_module_without_the_expected_file_is_an_error(fresh: Path) -> None:
    source = sources.Source("example.org/module", ("crds/*.yaml",))
    with pytest.raises(LeanragError, match="holds no crds"):
        sources._copy(source, fresh, fresh / "target")


def test_every_source_is_pinned_by_version_and_checksum() -> None:
    for name in {source.wrapper for source in sources.SOURCES}:
        wrapper = sources.tools_dir() / name
        versions = dict(sources._REQUIRED.findall((wrapper / "go.mod").read_text()))
        sums = sources._sums((wrapper / "go.sum").read_text())
        assert {source.module for source in sources.SOURCES if source.wrapper == name} == set(versions)
        assert all((module, version) in sums for module, version in versions.items())


def test_two_minors_of_kubernetes_are_pinned_and_charts_are_rendered_for_the_newer() -> None:
    pinned = {}
    for source in sources.SOURCES:
        if source.module == "k8s.io/kubernetes":
            text = (sources.tools_dir() / source.wrapper / "go.mod").read_text()
            pinned[source.wrapper] = dict(sources._REQUIRED.findall(text))[source.module]
    assert [version.removeprefix("v").rpartition(".")[0] for _, version in sorted(pinned.items(), reverse=True)] == [
        *MINORS
    ]
    assert pinned["schemas"] == f"v{KUBE_VERSION}"


def test_compiling_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    files = tuple(path for path in sources.schema_files() if "servicemonitor" in path.name or "api__v1" in path.name)
    for name in ("one", "two"):
        compile_into(files, tmp_path / name)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    assert len(one) > 10
