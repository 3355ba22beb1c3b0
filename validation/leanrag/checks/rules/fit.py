"""Every model fits its GPU: the engine's arguments as rendered, on the memory that its cluster's pool has."""

from collections.abc import Iterator

from leanrag.catalog.model import MODEL_CHART, App, Cluster
from leanrag.checks.finding import Finding
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError
from leanrag.render.manifest import Manifest
from leanrag.size.judge import judge
from leanrag.size.overlay import version_of, written
from leanrag.size.served import Engine, engines, served
from leanrag.size.tables import FILE, Tables, tables

_RULE = "FIT001"


def models_fit(scope: Scope) -> Iterator[Finding]:
    """FIT001: weights, one longest request's KV cache, activations and engine fit the GPU's memory x utilisation."""
    if scope.cluster is None or not (scope.root / FILE).is_file():
        return
    try:
        known = tables(scope.root)
    except InputError as error:
        yield Finding(_RULE, "", str(FILE), "", error.message, error.hint, unknown=True)
        return
    for app in scope.apps:
        if app.chart == MODEL_CHART.name and app.name not in scope.missing:
            yield from _of_model(scope, scope.cluster, app, known)


def _of_model(scope: Scope, cluster: Cluster, app: App, known: Tables) -> Iterator[Finding]:
    own = [manifest for manifest in scope.manifests if manifest.app.name == app.name]
    values = written(app)
    for engine in engines(manifest.body for manifest in own):
        found = _judged(engine, values, cluster, known)
        if found:
            yield _finding(scope, app, own, *found)


def _judged(engine: Engine, values: dict[str, object], cluster: Cluster, known: Tables) -> tuple[str, str, bool] | None:
    try:
        one = served(engine, values, cluster.facts, known, version_of(engine.image, values, known))
    except InputError as error:
        return f"not judged: {error.message}", error.hint, True
    judgement = judge(one)
    return (judgement.problem, judgement.fix, judgement.unknown) if judgement.problem else None


def _finding(scope: Scope, app: App, own: list[Manifest], message: str, fix: str, unknown: bool) -> Finding:
    """The finding is about the overlay, which chose model and GPU, and not about one rendered line."""
    path = app.overlay.relative_to(scope.root) if app.overlay.is_relative_to(scope.root) else app.overlay
    template = own[0].template if own else ""
    return Finding(_RULE, app.name, str(path) or template, "model", message, fix, line=1, unknown=unknown)
