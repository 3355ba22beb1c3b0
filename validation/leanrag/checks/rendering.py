"""Merge, judge and render the Applications of one cluster; what fails becomes a finding and the rest goes on."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.catalog.values import merge
from leanrag.checks.files import Files, plain
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.source import KeyPath, SourceFile, read_source
from leanrag.checks.staging import rewrite
from leanrag.checks.values import load_schema, problems, without, written_in
from leanrag.core.errors import InputError, RenderError
from leanrag.core.result import JSON
from leanrag.render.helm import render
from leanrag.render.manifest import Manifest

ARGOCD = "argocd"
# helm names the template and often the line; our charts' validation names keys (charts/common, common.validate.report).
_TEMPLATE = re.compile(r"\(?([\w./-]+?)/(templates/[\w./-]+):(\d+)(?::\d+)?\)?")
_NAMED = re.compile(r"(?:- |\): |\| )([A-Za-z][\w.\[\]-]*): ([^|;]+?); ([^|]+?)(?= \||$)")
_NOISE = re.compile(r"^.*?: Error: (?:execution error at )?|Use --debug flag to render out invalid YAML", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of one Application: its objects, or findings; `broken` says that it could not be rendered."""

    app: App
    manifests: tuple[Manifest, ...] = ()
    findings: tuple[Finding, ...] = ()
    broken: bool = False


def render_all(repository: Repository, files: Files, cluster: Cluster) -> tuple[Rendered, ...]:
    """Judge values and render everything of a cluster, two charts at a time (helm is a process of its own)."""
    jobs: list[tuple[App, Mapping[str, JSON]]] = [(app, {}) for app in repository.apps(cluster)]
    jobs += list(_apps_charts(repository, files, cluster))
    with ThreadPoolExecutor(max_workers=2) as pool:
        return tuple(pool.map(lambda job: _one(repository, files, *job), jobs))


def _apps_charts(repository: Repository, files: Files, cluster: Cluster) -> Iterator[tuple[App, Mapping[str, JSON]]]:
    """The charts of apps/ as apps/root.yaml renders them, for a cluster with a release."""
    path = Path("clusters") / cluster.name / "release.yaml"
    written: Any = at(plain(files.releases.get(path)), ("release",))
    if not (files.root / "clusters" / cluster.name).is_dir():
        return  # the local cluster has no Argo CD
    # A cluster without a release runs nothing yet; what its first one would make is checked all the same.
    release = {"revision": "main", **(written if isinstance(written, Mapping) else {})}
    address = _repo_url(files.root)
    # apps/pin hands on these two keys only.
    pinned = {"revision": release["revision"], "server": release.get("server") or "https://kubernetes.default.svc"}
    hub = repository.root / "apps" / "pin.yaml"
    given: tuple[tuple[str, Any, tuple[Path, ...]], ...] = (
        ("pin", release, (hub,) if hub.is_file() else ()),
        ("cluster", pinned, (cluster.path,)),
    )
    for name, values, value_files in given:
        chart = repository.root / "apps" / name
        if (chart / "Chart.yaml").is_file():
            app = App(
                f"{cluster.name}-{name}", cluster.name, "apps", name, cluster.name, ARGOCD, chart, path, value_files
            )
            yield app, {"release": values, "repoURL": address}


def _repo_url(root: Path) -> str:
    """Return the address that apps/root.yaml names; a repository without one is checked with a placeholder."""
    source = read_source(root / "apps" / "root.yaml")
    written = (at(source.data, place) for place in source.lines if place[-1] == "repoURL")
    return next((each for each in written if isinstance(each, str)), "https://example.org/repository.git")


def root_manifests(root: Path) -> tuple[Manifest, ...]:
    """Return the objects of apps/root.yaml, which no chart renders."""
    path = Path("apps") / "root.yaml"
    data = read_source(root / path).data
    bodies = data.get("items") if isinstance(data, Mapping) and data.get("kind") == "List" else [data]
    app = App("root", "", "apps", "root", "root", ARGOCD, root / "apps", root / path, ())
    return tuple(Manifest(app, str(path), body) for body in bodies or () if isinstance(body, Mapping))


def _one(repository: Repository, files: Files, app: App, extra: Mapping[str, JSON]) -> Rendered:
    found = () if app.layer == "apps" else tuple(_value_findings(repository, files, app))
    try:
        return Rendered(app, render(repository, app, extra or None), found)
    except (RenderError, InputError) as error:
        # What a chart says about values that were reported already is no news.
        source = files.source(Path(_shown_overlay(files, app)))
        known = found or (source is not None and source.error)
        return Rendered(app, (), found if known else tuple(_render_findings(files, app, error.message)), broken=True)


def _value_findings(repository: Repository, files: Files, app: App) -> Iterator[Finding]:
    """Yield what the chart's schema refuses, and take it out of the copy so that the chart can be rendered."""
    sources = _sources(repository, files, app)
    schema = load_schema(app.chart_path)
    chart = str(app.chart_path.relative_to(repository.root))
    if isinstance(schema, str):
        yield Finding("RND001", app.name, f"{chart}/values.schema.json", "", schema, "correct the schema", 1)
    if not isinstance(schema, Mapping):
        return
    overlay = app.overlay.relative_to(repository.root)
    data = plain(files.overlays.get(overlay))
    repaired = data
    for problem in problems(schema, _merged(repository, app, data)):
        file, line = written_in(problem.path, sources)
        yield Finding(problem.rule, app.name, file, dotted(problem.path), problem.message, problem.fix, line)
        repaired = without(repaired, problem.path)
    if repaired is not data:
        rewrite(app.overlay, repaired)


def _merged(repository: Repository, app: App, overlay: Mapping[str, Any]) -> dict[str, Any]:
    layers: list[Mapping[str, Any]] = [plain(read_source(app.chart_path / "values.yaml"))]
    layers += [plain(read_source(path)) for path in app.value_files if path != app.overlay]
    layers += [overlay, dict(app.parameters)]
    merged: dict[str, Any] = {}
    for layer in layers:
        merged = merge(merged, layer)
    return merged


def _sources(repository: Repository, files: Files, app: App) -> list[tuple[str, SourceFile]]:
    """Return the files that values come from, weakest first, as the user wrote them."""
    chart = app.chart_path / "values.yaml"
    named = [(str(chart.relative_to(repository.root)), read_source(chart))]
    for path in app.value_files:
        shown = path.relative_to(repository.root)
        source = files.source(shown)
        if source:
            named.append((str(shown), source))
    return named


def _render_findings(files: Files, app: App, message: str) -> Iterator[Finding]:
    overlay = _shown_overlay(files, app)
    reasons = [match.groups() for match in _NAMED.finditer(message)]
    for key, reason, fix in reasons:
        file, line = written_in(_key_path(key), [(overlay, source)] if (source := files.source(Path(overlay))) else [])
        yield Finding("RND001", app.name, file or overlay, key, reason.strip(), fix.strip(), line)
    if reasons:
        return
    text = " ".join(_NOISE.sub("", message).split())
    place = _TEMPLATE.search(message)
    folder = app.chart_path.parts[-3:-1] if app.layer != "apps" else ("apps",)
    template = f"{'/'.join(folder)}/{place.group(1)}/{place.group(2)}" if place else overlay
    fix = "correct the template, or the value that it reads"
    yield Finding(
        "RND001", app.name, template, "", f"cannot be rendered: {text}", fix, int(place.group(3)) if place else 0
    )


def _shown_overlay(files: Files, app: App) -> str:
    """Return the overlay's path inside the repository; the staged copy has the same tail."""
    path = app.overlay
    for length in range(1, len(path.parts) + 1):
        tail = Path(*path.parts[-length:])
        if tail in files.overlays or tail in files.releases:
            return str(tail)
    return str(path)


def _key_path(key: str) -> KeyPath:
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"[.\[\]]+", key) if part)
