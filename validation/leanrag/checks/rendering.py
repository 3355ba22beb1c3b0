"""Judge the values of one cluster's Applications and render them; what fails becomes a finding, the rest goes on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.catalog.values import merge
from leanrag.checks.files import Files, plain
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.source import KeyPath, SourceFile, read_source
from leanrag.checks.staging import rewrite
from leanrag.checks.values import ValuesSchema, parse_schema, problems, without, written_in
from leanrag.render.desk import Desk
from leanrag.render.helm import Job, Outcome, render_many
from leanrag.render.manifest import Manifest

ARGOCD = "argocd"
_ROOT = Path("apps/root.yaml")
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


@dataclass(frozen=True, slots=True)
class Judged:
    """What a chart's schema says of one Application's values; `repaired` is the overlay without what it refuses."""

    findings: tuple[Finding, ...] = ()
    repaired: Mapping[str, Any] | None = None


def judge_values(repository: Repository, files: Files, cluster: Cluster) -> dict[str, Judged]:
    """Judge the values of every Application of a cluster by the schema of its chart, by name."""
    return {app.name: _judged(repository, files, cluster, app) for app in repository.apps(cluster)}


def render_all(
    repository: Repository,
    files: Files,
    cluster: Cluster,
    judged: Mapping[str, Judged] | None = None,
    desk: Desk | None = None,
) -> tuple[Rendered, ...]:
    """Render everything of a cluster; in a copy of the checkout without the values that were `judged` wrong."""
    values = judge_values(repository, files, cluster) if judged is None else judged
    jobs: list[Job] = [(app, None) for app in repository.apps(cluster)]
    if repository.root != files.root:
        for app, _ in jobs:
            if (repaired := values[app.name].repaired) is not None:
                rewrite(app.overlay, repaired)
    jobs += list(_apps_charts(repository, files, cluster))
    answers = zip(jobs, render_many(repository, jobs, desk), strict=True)
    return tuple(_one(files, app, values.get(app.name, Judged()).findings, answer) for (app, _), answer in answers)


def _apps_charts(repository: Repository, files: Files, cluster: Cluster) -> Iterator[Job]:
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
    source = _root_source(root / _ROOT)
    written = (at(source.data, place) for place in source.lines if place[-1] == "repoURL")
    return next((each for each in written if isinstance(each, str)), "https://example.org/repository.git")


def root_manifests(root: Path) -> tuple[Manifest, ...]:
    """Return the objects of apps/root.yaml, which no chart renders."""
    data = _root_source(root / _ROOT).data
    bodies = data.get("items") if isinstance(data, Mapping) and data.get("kind") == "List" else [data]
    app = App("root", "", "apps", "root", "root", ARGOCD, root / "apps", root / _ROOT, ())
    return tuple(Manifest(app, str(_ROOT), body) for body in bodies or () if isinstance(body, Mapping))


def _root_source(path: Path) -> SourceFile:
    """Read apps/root.yaml once for all clusters."""
    return _parsed(path, path.read_bytes()) if path.is_file() else SourceFile(path)


@lru_cache(maxsize=2)  # a checkout's, and that of the commit it is compared with
def _parsed(path: Path, content: bytes) -> SourceFile:
    return read_source(path)


def _one(files: Files, app: App, found: tuple[Finding, ...], answer: Outcome) -> Rendered:
    if isinstance(answer, tuple):
        return Rendered(app, answer, found)
    # What a chart says about values that were reported already is no news.
    source = files.source(Path(_shown_overlay(files, app)))
    known = found or (source is not None and source.error)
    return Rendered(app, (), found if known else tuple(_render_findings(files, app, answer.message)), broken=True)


def _judged(repository: Repository, files: Files, cluster: Cluster, app: App) -> Judged:
    """Return what the chart's schema refuses, and the overlay without it so that the chart can be rendered."""
    path = app.chart_path / "values.schema.json"
    schema = parse_schema(path.read_bytes()) if path.is_file() else None
    if not isinstance(schema, ValuesSchema):
        file = str(path.relative_to(repository.root))
        broken = [Finding("RND001", app.name, file, "", schema, "correct the schema", 1)] if schema else []
        return Judged(tuple(broken))
    data = repaired = plain(files.overlays.get(app.overlay.relative_to(repository.root)))
    found = []
    for problem in problems(schema, _merged(repository, files, cluster, app, data)):
        file, line = written_in(problem.path, _sources(repository, files, app))
        where = dotted(problem.path)
        found.append(Finding(problem.rule, app.name, file, where, problem.message, problem.fix, line))
        repaired = without(repaired, problem.path)
    return Judged(tuple(found), None if repaired is data else repaired)


def _merged(
    repository: Repository, files: Files, cluster: Cluster, app: App, overlay: Mapping[str, Any]
) -> dict[str, Any]:
    chart = (app.chart_path / "values.yaml").relative_to(repository.root)
    layers = [cluster.values if path == cluster.path else overlay for path in app.value_files]
    merged = plain(files.charts.get(chart))
    for layer in (*layers, app.parameters):
        merged = merge(merged, layer)
    return merged


def _sources(repository: Repository, files: Files, app: App) -> list[tuple[str, SourceFile]]:
    """Return the files that values come from, weakest first, as the user wrote them."""
    paths = (path.relative_to(repository.root) for path in (app.chart_path / "values.yaml", *app.value_files))
    found = ((str(path), files.charts.get(path) or files.source(path)) for path in paths)
    return [(path, source) for path, source in found if source]


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
