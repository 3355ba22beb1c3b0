"""A repository on disk becomes the Applications that Argo CD's generators would make of it."""

import shutil
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository, load_cluster
from leanrag.core.errors import InputError

REPOS = Path(__file__).parents[1] / "repos"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    shutil.copytree(REPOS / "two-clusters", tmp_path / "repo")
    return Repository(tmp_path / "repo")


def test_an_application_exists_because_its_overlay_file_exists(repository: Repository) -> None:
    apps = {app.name: (app.release, app.namespace) for app in repository.apps(repository.cluster("east"))}
    assert apps == {
        "east-store": ("store", "lr-data"),
        "east-model-tiny": ("tiny", "lr-serving"),
        "east-gate": ("gate", "lr-gate"),
    }


def test_an_overlay_without_its_file_is_not_deployed(repository: Repository) -> None:
    (repository.root / "overlays/blue/data/store.yaml").unlink()
    assert "east-store" not in [app.name for app in repository.apps(repository.cluster("east"))]


def test_cluster_facts_come_before_the_overlay_so_that_the_overlay_wins(repository: Repository) -> None:
    app = repository.apps(repository.cluster("east"))[0]
    assert [path.name for path in app.value_files] == ["cluster.yaml", "store.yaml"]


def test_a_misspelt_cluster_is_answered_with_the_nearest_name(repository: Repository) -> None:
    with pytest.raises(InputError, match="did you mean 'east'") as caught:
        repository.cluster("eats")
    assert "east, west" in caught.value.hint


def test_every_problem_of_a_cluster_file_is_named_at_once(repository: Repository) -> None:
    path = repository.root / "clusters/east/cluster.yaml"
    path.write_text("cluster: {name: east, environment: blue, platform: openshfit, domain: d, registry: r, gpuz: 1}\n")
    with pytest.raises(InputError) as caught:
        load_cluster(path)
    assert "cluster.platform" in caught.value.message
    assert "cluster.gpuz" in caught.value.message


def test_a_cluster_named_otherwise_than_its_folder_is_refused(repository: Repository) -> None:
    path = repository.root / "clusters/west/cluster.yaml"
    path.write_text(path.read_text().replace("name: west", "name: east"))
    with pytest.raises(InputError, match="the folder is 'west'"):
        load_cluster(path)


def test_a_folder_that_is_no_repository_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Lean RAG repository"):
        Repository(tmp_path)
