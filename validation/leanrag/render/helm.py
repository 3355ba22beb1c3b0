"""Render charts as Argo CD does: `helm template` with the value files in their order, cached by content."""

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.core.errors import InputError, RenderError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.process import run
from leanrag.core.result import JSON
from leanrag.render.manifest import Manifest
from leanrag.render.tools import tool

# Argo CD passes the destination's version; a fixed one keeps renders equal on every machine.
KUBE_VERSION = "1.34.4"
_SOURCE = re.compile(r"^# Source: (\S+)\n", re.MULTILINE)


def render_cluster(
    repository: Repository, cluster: Cluster, overrides: Mapping[str, Mapping[str, JSON]] | None = None
) -> tuple[Manifest, ...]:
    """Render every Application of a cluster, two at a time; `overrides` are extra values by Application name."""
    apps = repository.apps(cluster)
    with ThreadPoolExecutor(max_workers=2) as pool:
        rendered = pool.map(lambda app: render(repository, app, (overrides or {}).get(app.name)), apps)
        return tuple(manifest for manifests in rendered for manifest in manifests)


def render(repository: Repository, app: App, overrides: Mapping[str, JSON] | None = None) -> tuple[Manifest, ...]:
    """Render one Application; a chart that cannot be rendered is a RenderError with helm's reason."""
    text = rendered_text(repository, app, overrides)
    return tuple(_manifests(repository, app, text))


def rendered_text(repository: Repository, app: App, overrides: Mapping[str, JSON] | None = None) -> str:
    """Return what `helm template` prints for one Application, from the cache when nothing changed."""
    if not (app.chart_path / "Chart.yaml").is_file():
        shown = app.chart_path.relative_to(repository.root)
        raise InputError(f"{app.name}: no chart at {shown}", hint=f"create the chart, or remove {app.overlay}")
    handed = {"global": {"namespaces": dict(app.namespaces)}} if app.namespaces else {}
    extra = json.dumps({**handed, **(overrides or {})}, sort_keys=True)
    cached = cache_dir() / "render" / f"{_key(repository, app, extra)}.yaml"
    if cached.is_file():
        return read_text(cached)
    text = _helm_template(repository, app, extra)
    write_atomic(cached, text)
    return text


def _key(repository: Repository, app: App, extra: str) -> str:
    digest = hashlib.blake2b(digest_size=20)
    fixed = (KUBE_VERSION, app.release, app.namespace, extra, json.dumps(dict(app.parameters), sort_keys=True))
    for part in fixed:
        digest.update(part.encode() + b"\0")
    for path in (*chart_files(app.chart_path), *chart_files(library(repository)), *app.value_files):
        digest.update(str(path.relative_to(repository.root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def library(repository: Repository) -> Path:
    """Return the library chart that every chart depends on by file://."""
    return repository.root / "charts" / "common"


def chart_files(chart: Path) -> tuple[Path, ...]:
    """Return the files that a render reads: not tests, ci cases, or built dependencies."""
    skipped = {"tests", "ci", "charts", "README.md"}
    return tuple(
        path for path in sorted(chart.rglob("*")) if path.is_file() and path.relative_to(chart).parts[0] not in skipped
    )


def stage(chart: Path, common: Path, target: Path) -> Path:
    """Copy a chart and put the library chart where `helm dependency build` would, without touching the checkout."""
    shutil.copytree(chart, target, ignore=shutil.ignore_patterns("charts"))
    depends = f"file://../../{common.name}" in (chart / "Chart.yaml").read_text()
    if depends and common.is_dir():
        shutil.copytree(common, target / "charts" / common.name)
    return target


def _helm_template(repository: Repository, app: App, extra: str) -> str:
    with tempfile.TemporaryDirectory(prefix="leanrag-") as folder:
        chart = stage(app.chart_path, library(repository), Path(folder) / app.chart)
        argv: list[str | Path] = [
            tool("helm"),
            "template",
            app.release,
            chart,
            "--namespace",
            app.namespace,
            "--kube-version",
            KUBE_VERSION,
        ]
        for path in app.value_files:
            argv += ["--values", path]
        if extra != "{}":
            (Path(folder) / "extra.json").write_text(extra)
            argv += ["--values", Path(folder) / "extra.json"]
        for name, value in app.parameters.items():
            argv += ["--set-string", f"{name}={value}"]
        done = run(
            argv, what=app.name, error=RenderError, timeout=120, hint=f"look at {app.overlay} and the chart's README"
        )
        return done.stdout


def _manifests(repository: Repository, app: App, text: str) -> list[Manifest]:
    folder = app.chart_path.relative_to(repository.root).parent
    return [Manifest(app, template, _object(body, template)) for template, body in documents(text, folder)]


def documents(text: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield what `helm template` printed, each document with its template below `folder`, where the charts lie."""
    for chunk in re.split(r"^---$\n?", text, flags=re.MULTILINE):
        source = _SOURCE.search(chunk)
        template = str(folder / source.group(1)) if source else str(folder)
        yield from ((template, body) for body in yamlio.load_all(chunk, template) if body is not None)


def _object(body: Any, template: str) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise RenderError(f"{template}: renders {type(body).__name__}, not an object", hint="correct the template")
    return body
