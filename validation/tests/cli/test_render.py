"""`leanrag render` writes what Argo CD would apply: whole or not at all, and the same bytes each time."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from leanrag.cli.render import render_verb
from leanrag.core import yamlio
from leanrag.core.errors import InputError

pytestmark = pytest.mark.helm


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    shutil.copytree(Path(__file__).parents[1] / "repos" / "two-clusters", tmp_path / "repo")
    return tmp_path / "repo"


def render(tree: Path, *arguments: str | Path) -> Result:
    result = CliRunner().invoke(render_verb, ["--root", str(tree), *map(str, arguments)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_each_application_is_a_file_below_its_cluster(tree: Path, tmp_path: Path) -> None:
    render(tree, "--out", tmp_path / "out")
    names = ("store", "model-tiny", "gate")
    assert set(files(tmp_path / "out")) == {f"{c}/{c}-{name}.yaml" for c in ("east", "west") for name in names}
    (store,) = yamlio.load_all((tmp_path / "out/east/east-store.yaml").read_text(), "store")
    assert store["data"]["cluster"] == "east"


def test_the_same_commit_gives_the_same_bytes(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render(tree, "--out", tmp_path / "one")
    monkeypatch.setattr("leanrag.render.cache.cache_dir", lambda: tmp_path / "another-cache")
    render(tree, "--out", tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_one_that_cannot_be_rendered_leaves_nothing_behind_and_every_reason_is_told(
    tree: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tree / "charts/data/store/templates/bad.yaml").write_text('{{ fail "no" }}')
    result = render(tree, "--out", tmp_path / "out")
    assert result.return_value == 2
    assert not (tmp_path / "out").exists()
    assert "east-store" in result.stderr and "west-store" in result.stderr


def test_json_is_one_list_that_kubectl_takes(tree: Path) -> None:
    read = json.loads(render(tree, "--cluster", "east", "--app", "east-store", "--format", "json").output)
    assert (read["kind"], [each["kind"] for each in read["items"]]) == ("List", ["ConfigMap"])


def test_several_applications_of_several_clusters_are_chosen_by_name(tree: Path) -> None:
    output = render(tree, "--app", "east-store", "--app", "west-gate").output
    heads = [line for line in output.splitlines() if line.startswith("# Application")]
    assert heads == ["# Application east-store", "# Application west-gate"]


def test_a_name_that_nobody_has_is_no_empty_answer(tree: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'east-store'"):
        render(tree, "--app", "east-stor")
