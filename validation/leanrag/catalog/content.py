"""The content hash: what a cluster renders from at a commit, and nothing else. Equal hashes render equal objects.

It covers apps/cluster, the overlays of the cluster's environment, the charts that those overlays deploy, the library
chart, and the cluster's folder less release.yaml (which only says which commit). READMEs, tests and ci cases render
nothing, so a commit that changes only them changes no hash.
"""

import hashlib
from collections.abc import Iterable

from leanrag.catalog.commits import RELEASE, Snapshot
from leanrag.catalog.model import GATE_CHART, LAYERS, MODEL_CHART
from leanrag.catalog.repository import LOCAL
from leanrag.core.git import Entry

_NO_RENDER = ("tests", "ci")


def content_hash(snapshot: Snapshot, cluster: str) -> str:
    """Return `sha256:…` for a cluster at a commit; a missing or malformed cluster.yaml is an InputError."""
    shared = snapshot.remember(snapshot.facts(cluster).environment, _shared)
    return "sha256:" + _digest((shared, *_lines(_own(snapshot, cluster))))


def _own(snapshot: Snapshot, cluster: str) -> Iterable[Entry]:
    if cluster == LOCAL.parent.name:
        entry = snapshot.entry(LOCAL.as_posix())
        return (entry,) if entry else ()
    folder = f"clusters/{cluster}"
    kept = (f"{folder}/{RELEASE}", f"{folder}/README.md")
    return (entry for entry in snapshot.below(folder) if entry.path not in kept)


def _shared(snapshot: Snapshot, environment: str) -> str:
    """Hash what all clusters of an environment render from."""
    overlays = [entry for entry in snapshot.below(f"overlays/{environment}") if not entry.path.endswith("/README.md")]
    found = list(overlays)
    for chart in ("apps/cluster", "charts/common", *sorted(_charts(overlays))):
        found += [entry for entry in snapshot.below(chart) if _renders(entry.path, chart)]
    return _digest(_lines(found))


def _charts(overlays: Iterable[Entry]) -> set[str]:
    """Return the chart folders that overlay files deploy (apps/README.md)."""
    found = set()
    for entry in overlays:
        _, _, layer, *rest = entry.path.split("/") if entry.path.count("/") == 3 else ("", "", "", "")
        name = rest[0].removesuffix(".yaml") if rest and rest[0].endswith(".yaml") else ""
        if layer == "models" and name:
            found.add(MODEL_CHART.as_posix())
        elif layer == "gate" and name == "gate":
            found.add(GATE_CHART.as_posix())
        elif layer in LAYERS and name:
            found.add(f"charts/{layer}/{name}")
    return found


def _renders(path: str, chart: str) -> bool:
    inside = path.removeprefix(f"{chart}/")
    return inside != "README.md" and inside.split("/")[0] not in _NO_RENDER


def _lines(entries: Iterable[Entry]) -> list[str]:
    return sorted(f"{entry.mode} {entry.blob}\t{entry.path}" for entry in entries)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(lines).encode()).hexdigest()
