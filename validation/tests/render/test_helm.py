"""Renders are what Argo CD would apply: value files in order, the gate's revision, and the same bytes twice."""

import shutil
from pathlib import Path

import pytest

from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, RenderError
from leanrag.render.helm import render, render_cluster

pytestmark = pytest.mark.helm
REPOS = Path(__file__).parents[1] / "repos"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    shutil.copytree(REPOS / "two-clusters", tmp_path / "repo")
    return Repository(tmp_path / "repo")


def _data(repository: Repository) -> dict[str, dict[str, str]]:
    cluster = repository.cluster("east")
    return {manifest.app.name: dict(manifest.body["data"]) for manifest in render_cluster(repository, cluster)}


def test_cluster_facts_overlay_and_revision_reach_the_chart(repository: Repository) -> None:
    assert _data(repository) == {
        "east-store": {"cluster": "east", "replicas": "1", "revision": "none"},
        "east-model-tiny": {"cluster": "east", "replicas": "3", "revision": "none"},
        "east-gate": {"cluster": "east", "replicas": "1", "revision": "0" * 40},
    }


def test_a_changed_overlay_is_rendered_anew_despite_the_cache(repository: Repository) -> None:
    before = _data(repository)["east-model-tiny"]["replicas"]
    (repository.root / "overlays/blue/models/tiny.yaml").write_text("replicas: 5\n")
    assert (before, _data(repository)["east-model-tiny"]["replicas"]) == ("3", "5")


def test_each_object_knows_the_template_it_came_from(repository: Repository) -> None:
    app = repository.apps(repository.cluster("east"))[0]
    (manifest,) = render(repository, app)
    assert manifest.template == "charts/data/store/templates/configmap.yaml"
    assert (repository.root / manifest.template).is_file()


def test_a_template_that_fails_hands_on_helms_reason(repository: Repository) -> None:
    template = repository.root / "charts/data/store/templates/configmap.yaml"
    template.write_text("{{ fail `storage: choose one` }}")
    with pytest.raises(RenderError, match="storage: choose one"):
        render(repository, repository.apps(repository.cluster("east"))[0])


def test_an_overlay_without_a_chart_is_named(repository: Repository) -> None:
    (repository.root / "overlays/blue/data/stroe.yaml").write_text("{}")
    app = next(app for app in repository.apps(repository.cluster("east")) if app.chart == "stroe")
    with pytest.raises(InputError, match="no chart at charts/data/stroe"):
        render(repository, app)


def test_rendering_leaves_the_checkout_untouched(repository: Repository) -> None:
    before = sorted(repository.root.rglob("*"))
    render_cluster(repository, repository.cluster("east"))
    assert sorted(repository.root.rglob("*")) == before
