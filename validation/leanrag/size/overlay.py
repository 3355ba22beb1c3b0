"""A model's overlay as its clusters serve it: rendered, because charts decide what an overlay leaves open."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.model import MODEL_CHART, App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.catalog.values import merge
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.render.helm import render
from leanrag.size.served import Served, engines, served
from leanrag.size.tables import Tables


def from_overlay(repository: Repository, path: Path, known: Tables) -> tuple[tuple[str, Served], ...]:
    """Return the engines of one model in every cluster that reads its overlay, each with the Application's name."""
    wanted = path.resolve()
    found = [(cluster, app) for cluster in repository.clusters() for app in _models(repository, cluster)]
    apps = [(cluster, app) for cluster, app in found if app.overlay.resolve() == wanted]
    if not apps:
        known_files = sorted({str(app.overlay.relative_to(repository.root)) for _, app in found})
        raise InputError(f"{path}: no cluster serves it", hint="models are: " + (", ".join(known_files) or "none"))
    judged = tuple(each for cluster, app in apps for each in _of_app(repository, cluster, app, known))
    if not judged:
        raise InputError(f"{path}: its engine runs on no GPU", hint="size judges models on GPUs")
    return judged


def _models(repository: Repository, cluster: Cluster) -> Iterator[App]:
    return (app for app in repository.apps(cluster) if app.chart == MODEL_CHART.name)


def _of_app(repository: Repository, cluster: Cluster, app: App, known: Tables) -> Iterator[tuple[str, Served]]:
    values = written(app)
    for engine in engines(manifest.body for manifest in render(repository, app)):
        yield app.name, served(engine, values, cluster.facts, known, version_of(engine.image, values, known))


def version_of(image: str, values: Mapping[str, Any], known: Tables) -> str:
    """Return vLLM's version: as the values say, else as a source says of the image, else ""."""
    return str(values.get("engineVersion") or "") or known.version(image)


def written(app: App) -> dict[str, Any]:
    """Return the values of an Application, later files over earlier ones, below the chart's own."""
    layers = [app.chart_path / "values.yaml", *app.value_files]
    merged: dict[str, Any] = {}
    for values in _readable(layers):
        merged = merge(merged, values)
    return merged


def _readable(paths: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for path in paths:
        values = yamlio.read(path) if path.is_file() else None
        if isinstance(values, Mapping):
            yield values
