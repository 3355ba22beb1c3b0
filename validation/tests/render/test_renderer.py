"""The renderer answers what `helm template` prints, byte for byte, and its documents are what a reader reads there."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.render.tools import ready, tools_dir
from leanrag.render.unittest import charts

from .conftest import Both

pytestmark = [pytest.mark.helm, pytest.mark.skipif(not ready("render"), reason="run: leanrag tools render")]
ROOT = Path(__file__).parents[3]
REPOSITORY = Repository(ROOT)


def _cases(chart: Path) -> Iterator[App]:
    layer = chart.parent.name
    for case in sorted(chart.glob("ci/*-values.yaml")):
        yield App(f"{chart.name}-{case.stem}", "ci", layer, chart.name, "ci", "default", chart, case, (case,))


def _apps() -> dict[str, list[App]]:
    """Every case of every chart, and every Application of every cluster, by chart."""
    deployed = [app for cluster in REPOSITORY.clusters() for app in REPOSITORY.apps(cluster)]
    found = [*(app for chart in charts(ROOT) for app in _cases(chart)), *deployed]
    found.sort(key=lambda app: str(app.chart_path))
    return {path.relative_to(ROOT).as_posix(): list(apps) for path, apps in groupby(found, lambda app: app.chart_path)}


APPS = _apps()


@pytest.mark.parametrize("chart", APPS)
def test_every_case_and_every_overlay_renders_to_the_same_bytes_and_objects(chart: str, both: Both) -> None:
    for app in APPS[chart]:
        by_helm, by_renderer = both(REPOSITORY, app)
        assert by_renderer == by_helm, app.name


def test_both_are_the_same_version_of_helm_on_the_same_libraries() -> None:
    ours, helms = (_required(name) for name in ("render", "helm"))
    shared = ours.keys() & helms.keys()
    assert {name: ours[name] for name in shared} == {name: helms[name] for name in shared}
    assert "helm.sh/helm/v3" in shared
    flags = [(tools_dir() / name / "ld.flags").read_text() for name in ("render", "helm")]
    assert flags[0] == flags[1]  # the version that templates see


def _required(name: str) -> dict[str, str]:
    lines = (tools_dir() / name / "go.mod").read_text().splitlines()
    words = [line.strip().split() for line in lines if line.startswith("\t")]
    return {each[0]: each[1] for each in words}
