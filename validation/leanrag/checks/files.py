"""The files of a repository, each read once, and the rules that need no rendering."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.catalog.model import GATE_CHART, LAYERS, MODEL_CHART
from leanrag.catalog.repository import LOCAL
from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.rules.security import secret_in
from leanrag.checks.source import SourceFile, read_source
from leanrag.core.shapes import mapping

_FOLDERS = (*LAYERS, "models", "gate")
_CHART_FILES = ("charts/*/*/values.yaml", "charts/**/Chart.yaml", "apps/*/values.yaml", "apps/*/Chart.yaml")
_CLUSTER_FILES = {"cluster.yaml", "release.yaml", "images.lock", "README.md"}


@dataclass(frozen=True, slots=True)
class Files:
    """clusters/, overlays/, charts' own values and the local cluster as read: sources by path relative to `root`."""

    root: Path
    clusters: Mapping[Path, SourceFile]
    releases: Mapping[Path, SourceFile]
    overlays: Mapping[Path, SourceFile]
    charts: Mapping[Path, SourceFile]

    def all(self) -> Iterator[tuple[Path, SourceFile]]:
        """Yield every source."""
        for group in (self.clusters, self.releases, self.overlays, self.charts):
            yield from group.items()

    def source(self, path: Path) -> SourceFile | None:
        """Return the source of a file of this repository, or None."""
        return self.overlays.get(path) or self.clusters.get(path) or self.releases.get(path)

    def concerns(self, file: str, clusters: Collection[str]) -> bool:
        """Say whether a file is read by one of these clusters: no one is stopped by the file of another."""
        top, _, rest = file.partition("/")
        owner = rest.split("/")[0]
        if top == "clusters":
            return owner in clusters
        if top == "overlays":
            named = (source for path, source in self.clusters.items() if path.parent.name in clusters)
            return owner in {environment_of(source) for source in named}
        return file != str(LOCAL) or LOCAL.parent.name in clusters

    def environments(self) -> dict[str, Path]:
        """Return each environment that a readable cluster names, with the first such cluster file."""
        named = ((environment_of(source), path) for path, source in self.clusters.items())
        found: dict[str, Path] = {}
        for environment, path in named:
            if isinstance(environment, str):
                found.setdefault(environment, path)
        return found


def environment_of(cluster: SourceFile) -> Any:
    """Return the environment that a cluster.yaml names; whatever else stands there, too."""
    return at(cluster.data, ("cluster", "environment"))


def read_files(root: Path) -> Files:
    """Read the declarations of a repository; files that cannot be read are kept with their reason."""

    def sources(*patterns: str) -> dict[Path, SourceFile]:
        found = sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())
        return {path.relative_to(root): read_source(path) for path in found}

    return Files(
        root,
        clusters=sources("clusters/*/cluster.yaml", str(LOCAL)),
        releases=sources("clusters/*/release.yaml"),
        overlays=sources("overlays/**/*.yaml"),
        charts=sources(*_CHART_FILES),
    )


def readable(files: Files) -> Iterator[Finding]:
    """FIL001: every file is YAML with a mapping in it."""
    for path, source in files.all():
        if source.error:
            fix = "correct the YAML there"
            yield Finding("FIL001", "", str(path), "", f"cannot be read: {source.error}", fix, source.error_line)
        elif not isinstance(source.data, Mapping | None):
            kind = type(source.data).__name__
            yield Finding("FIL001", "", str(path), "", f"holds a {kind}, not keys with values", "write key: value", 1)


def keys_are_unique(files: Files) -> Iterator[Finding]:
    """FIL002: no mapping holds a key twice; the last would win silently."""
    for path, source in files.all():
        for each in source.repeated:
            message = f"key {each.path[-1]!r} is repeated (first at line {each.first}); only the last one counts"
            yield Finding("FIL002", "", str(path), dotted(each.path), message, "remove one of them", each.line)


def chart_of(overlay: Path) -> Path | None:
    """Return the chart folder that an overlay file deploys, or None when it lies in no known place."""
    parts = overlay.parts
    if len(parts) != 4 or parts[2] not in _FOLDERS:
        return None
    if parts[2] == "models":
        return MODEL_CHART
    if parts[2] == "gate":
        return GATE_CHART if parts[3] == "gate.yaml" else None
    return Path("charts") / parts[2] / overlay.stem


def overlays_have_charts(files: Files) -> Iterator[Finding]:
    """FIL003: an overlay file deploys the chart of its name, so that chart exists."""
    charts = {path.parent.relative_to(files.root): path for path in files.root.glob("charts/*/*/Chart.yaml")}
    for overlay in files.overlays:
        chart = chart_of(overlay)
        if chart is None or chart in charts:
            continue
        elsewhere = [str(each) for each in charts if each.name == chart.name]
        same_layer = [each.name for each in charts if each.parent == chart.parent]
        fix = f"the chart lies in {elsewhere[0]}" if elsewhere else suggestion(chart.name, same_layer, "chart")
        yield Finding("FIL003", "", str(overlay), "", f"there is no chart {chart}", fix, 1)


def places_are_known(files: Files) -> Iterator[Finding]:
    """FIL004: a file that nothing reads is a misunderstanding."""
    for path in sorted(files.root.glob("overlays/**/*")):
        shown = path.relative_to(files.root)
        if path.is_dir() or path.name in {"README.md", ".gitkeep"}:
            continue
        if path.suffix == ".yml":
            yield Finding("FIL004", "", str(shown), "", "is not read by Argo CD's generators", "rename it to .yaml")
        elif chart_of(shown) is None:
            fix = f"move it to overlays/<environment>/<{'|'.join(_FOLDERS)}>/<chart>.yaml"
            near = suggestion(shown.parts[2], _FOLDERS, "layer") if len(shown.parts) == 4 else ""
            yield Finding("FIL004", "", str(shown), "", "lies where nothing reads it", near or fix)
    for path in sorted(files.root.glob("clusters/*/*")):
        if path.name not in _CLUSTER_FILES:
            shown, fix = path.relative_to(files.root), suggestion(path.name, _CLUSTER_FILES, "file")
            yield Finding("FIL004", "", str(shown), "", "lies where nothing reads it", fix)


def environments_have_overlays(files: Files) -> Iterator[Finding]:
    """FIL005: each cluster's environment has overlays, and each environment a cluster."""
    written = {path.parts[1] for path in files.overlays if len(path.parts) > 1}
    for environment, path in files.environments().items():
        if environment not in written:
            line = files.clusters[path].line(("cluster", "environment"))
            message = f"environment {environment!r} has no file in overlays/{environment}, so nothing is deployed"
            fix = suggestion(environment, written, "environment")
            yield Finding("FIL005", "", str(path), "cluster.environment", message, fix, line)
    unreadable = any(source.error for source in files.clusters.values())
    for environment in sorted(written - set(files.environments())) if not unreadable else ():
        fix = suggestion(environment, files.environments(), "environment")
        yield Finding("FIL005", "", f"overlays/{environment}", "", "no cluster has this environment", fix)


def application_names_are_unique(files: Files) -> Iterator[Finding]:
    """FIL006: two Applications of one name would overwrite each other in Argo CD."""
    owners: dict[str, tuple[str, Path]] = {}
    for path, source in files.clusters.items():
        name, environment = (at(source.data, ("cluster", key)) for key in ("name", "environment"))
        for suffix in ("", "-pin"):
            owners.setdefault(f"{name}{suffix}", (f"apps/ for cluster {name}", path))
        for overlay in (each for each in files.overlays if each.parts[1] == environment and deploys(files, each)):
            app = f"{name}-model-{overlay.stem}" if overlay.parts[2] == "models" else f"{name}-{overlay.stem}"
            first, _ = owners.setdefault(app, (str(overlay), overlay))
            if first != str(overlay):
                message = f"makes an Application of the name that {first} makes, too"
                yield Finding("FIL006", "", str(overlay), "", message, "rename the file, and the chart with it", 1)


def deploys(files: Files, overlay: Path) -> bool:
    """Say whether an overlay is of a chart that is there."""
    chart = chart_of(overlay)
    return chart is not None and (files.root / chart / "Chart.yaml").is_file()


def no_secret_in_values(files: Files) -> Iterator[Finding]:
    """SEC001: an overlay or cluster file is in Git for ever, so no secret may be in it, rendered or not."""
    for path, source in files.all():
        for place in source.lines:
            value = at(source.data, place)
            what = secret_in(place, value) if isinstance(value, str) else ""
            if what:
                fix = "move it to a Secret that is not in Git, and name that Secret here"
                yield Finding("SEC001", "", str(path), dotted(place), f"holds {what}", fix, source.line(place))


def plain(source: SourceFile | None) -> dict[str, Any]:
    """Return a source's mapping, or an empty one when it has none."""
    return dict(mapping(source.data)) if source else {}
