"""Engines and the time that their weights take from disk to GPU."""

from collections.abc import Iterator
from math import ceil

from leanrag.catalog.model import MODEL_CHART, App, Cluster
from leanrag.checks.finding import Finding
from leanrag.checks.pods import Container, all_pods
from leanrag.checks.rules.probes import allowance
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError
from leanrag.core.shapes import mapping
from leanrag.render.manifest import Manifest
from leanrag.size.memory import weights
from leanrag.size.overlay import version_of, written
from leanrag.size.served import engines, runs_vllm, served, started
from leanrag.size.tables import FILE, Tables, tables

# What a plain cloud volume reads (EBS gp3 without more throughput bought). The chart's own rule allows for 50.
_MIB_A_SECOND = 125


def engines_have_time_to_load(scope: Scope) -> Iterator[Finding]:
    """PRB004: a startup probe that is over before the weights are read ends the engine again and again.

    Judged where the weights' size is known, and by the reading alone: import, compilation and warm-up come on top.
    """
    if scope.cluster is None or not (scope.root / FILE).is_file():
        return
    try:
        known = tables(scope.root)
    except InputError:
        return  # FIT001 tells it
    for app in scope.apps:
        if app.chart == MODEL_CHART.name and app.name not in scope.missing:
            yield from _of_model(scope, scope.cluster, app, known)


def _of_model(scope: Scope, cluster: Cluster, app: App, known: Tables) -> Iterator[Finding]:
    least = ceil(_gib(scope, cluster, app, known) * 1024 / _MIB_A_SECOND)
    for manifest, container in _starting(scope, app):
        seconds = allowance(mapping(container.body.get("startupProbe")))
        if 0 < seconds < least:
            message = f"allows {seconds} s, and reading the weights alone takes {least} s at {_MIB_A_SECOND} MiB/s"
            fix = "leave capacity.startupSeconds at 0, or raise it"
            yield scope.finding("PRB004", manifest, container.where("startupProbe"), message, fix)


def _gib(scope: Scope, cluster: Cluster, app: App, known: Tables) -> float:
    """Return the weights of an Application's largest engine in GiB; 0 where nobody knows them."""
    values, found = written(app), [0.0]
    for engine in engines(manifest.body for manifest in scope.manifests if manifest.app.name == app.name):
        try:
            one = served(engine, values, cluster.facts, known, version_of(engine.image, values, known))
        except InputError:
            continue  # FIT001 tells it
        shape = one.shape
        found.append(weights(shape, one.setup.quantization) / 2**30 if shape else one.weights_gib)
    return max(found)


def _starting(scope: Scope, app: App) -> Iterator[tuple[Manifest, Container]]:
    for pod in all_pods(scope):
        if pod.manifest.app.name == app.name:
            for container in pod.containers():
                if runs_vllm(started(pod.manifest.kind, container.body)):
                    yield pod.manifest, container
