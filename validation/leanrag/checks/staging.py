"""A repaired copy of a repository, so that one fault does not hide the next.

Files with faults that were already reported are copied without them: what is unreadable becomes empty, a key that
nobody knows is left out. Charts and apps are links, so the copy costs a few small files.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.model import ClusterFile
from leanrag.checks.declarations import mistakes
from leanrag.checks.files import Files, chart_of, plain
from leanrag.checks.finding import at
from leanrag.checks.values import replaced, without


def stage(files: Files, target: Path) -> Path:
    """Write the repaired copy into a folder and return it."""
    for name in ("charts", "apps"):
        if (files.root / name).exists():
            (target / name).symlink_to(files.root / name)
    (target / "clusters").mkdir()
    for path, source in files.clusters.items():
        if isinstance(source.data, Mapping) and not source.error:
            _write(target / path, _clean_cluster(path, plain(source)))
    for path, source in files.overlays.items():
        chart = chart_of(path)
        if chart is None or not (files.root / chart / "Chart.yaml").is_file():
            continue
        if source.error or source.repeated or not isinstance(source.data, Mapping | None):
            _write(target / path, plain(source))
        else:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(files.root / path, target / path)
    return target


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
