"""Which files each cluster follows from, as one hash: equal hashes, equal findings."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from leanrag.checks.cache_key import of_files
from leanrag.checks.files import chart_of

_APART = ("clusters", "overlays", "charts")
_LIBRARY = "charts/common"


class Inputs:
    """The files of a repository, each with a hash of its content (cache_key.listing)."""

    def __init__(self, listing: Mapping[str, str]) -> None:
        self._folders: dict[str, dict[str, str]] = {}
        for path, content in listing.items():
            self._folders.setdefault(_folder(path), {})[path] = content
        self._shared = lru_cache(maxsize=None)(self._of_environment)

    def of(self, cluster_file: Path, environment: str) -> str:
        """Return the hash of everything that a cluster is rendered and judged from."""
        own = self._folders.get(str(cluster_file.parent), {})
        return of_files({**own, "": self._shared(environment)})

    def _of_environment(self, environment: str) -> str:
        overlays = self._folders.get(f"overlays/{environment}", {})
        charts = {str(chart) for path in overlays if (chart := chart_of(Path(path)))}
        folders = [folder for folder in self._folders if folder.partition("/")[0] not in _APART]
        return of_files(self._all((*folders, *charts, _LIBRARY)) | overlays)

    def _all(self, folders: Iterable[str]) -> dict[str, str]:
        return {path: content for each in folders for path, content in self._folders.get(each, {}).items()}


def _folder(path: str) -> str:
    """Return the folder that is one thing: a cluster, an environment, a chart, or a folder at the top."""
    parts = path.split("/")
    depth = {"clusters": 2, "overlays": 2, "charts": 3}.get(parts[0], 1)
    if path.startswith(f"{_LIBRARY}/"):
        return _LIBRARY
    return "/".join(parts[: min(depth, len(parts) - 1)])
