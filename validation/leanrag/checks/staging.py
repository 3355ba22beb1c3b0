"""A repaired copy of a repository, so that one fault does not hide the next.

Files with faults that were already reported are copied without them: what is unreadable becomes empty, a key that
nobody knows is left out. All else is a link. Where nothing is broken there is no copy: the checkout is rendered.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.model import ClusterFile
from leanrag.checks.declarations import mistakes
from leanrag.checks.files import Files, deploys, environment_of, plain
from leanrag.checks.finding import at
from leanrag.checks.source import SourceFile
from leanrag.checks.values import replaced, without


def is_sound(files: Files, cluster: Path) -> bool:
    """Say whether everything that one cluster is rendered from can be used as it is written."""
    source = files.clusters[cluster]
    if source.error or source.repeated or not isinstance(source.data, Mapping):
        return False
    if _clean_cluster(cluster, dict(source.data)) != source.data:
        return False
    return not any(_broken(files.overlays[path]) or not deploys(files, path) for path in _overlays(files, [cluster]))


def stage(files: Files, target: Path, clusters: Iterable[Path] | None = None) -> Path:
    """Write the repaired copy of some clusters (by their cluster.yaml; default: all) into a folder and return it."""
    wanted = [path for path in clusters or files.clusters if path in files.clusters]
    for name in ("charts", "apps"):
        if (files.root / name).exists():
            (target / name).symlink_to(files.root / name)
    (target / "clusters").mkdir()
    for path in wanted:
        source = files.clusters[path]
        if isinstance(source.data, Mapping) and not source.error:
            _write(target / path, _clean_cluster(path, plain(source)))
    for path in _overlays(files, wanted):
        if not deploys(files, path):
            continue
        if _broken(files.overlays[path]):
            _write(target / path, plain(files.overlays[path]))
        else:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).symlink_to(files.root / path)
    return target


def _overlays(files: Files, clusters: Iterable[Path]) -> list[Path]:
    environments = {environment_of(files.clusters[path]) for path in clusters}
    return [path for path in files.overlays if path.parts[1] in environments]


def _broken(source: SourceFile) -> bool:
    return bool(source.error or source.repeated or not isinstance(source.data, Mapping | None))


def _clean_cluster(path: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Leave out unknown keys, take the word that was meant, give the folder's name; the rest cannot be guessed."""
    for place, meant in mistakes(ClusterFile, data):
        data = without(data, place) if meant is None else replaced(data, place, meant)
    if isinstance(at(data, ("cluster", "name")), str):
        data = {**data, "cluster": {**data["cluster"], "name": path.parent.name}}
    return data


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON is YAML; its scalars cannot be read in two ways.
    path.write_text(json.dumps(data, indent=1), encoding="utf-8")


def rewrite(path: Path, data: Any) -> None:
    """Replace one file of the copy."""
    path.unlink(missing_ok=True)
    _write(path, data)
