"""The files of a commit in a folder, so that what reads a checkout reads any commit; the work tree stays alone."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from leanrag.core.git import Git

_FILE_MODES = ("100644", "100755")
# What a cluster renders from: apps/README.md.
RENDERED_FROM = ("apps", "charts", "clusters", "overlays", "bootstrap/local/cluster.yaml")


@contextmanager
def exported(git: Git, sha: str, *paths: str) -> Iterator[Path]:
    """Give a temporary folder with the files of a commit below some paths (default: what clusters render from)."""
    folder = Path(tempfile.mkdtemp(prefix="leanrag-export-")).resolve()
    try:
        yield export(git, sha, folder, *(paths or RENDERED_FROM))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def export(git: Git, sha: str, folder: Path, *paths: str) -> Path:
    """Write the files of a commit below some paths (default: all) to a folder and return it.

    Links are left out: one that points to a mounted key would bring it into what helm renders. So are submodules.
    """
    entries = [each for each in git.tree(sha, *paths) if each.mode in _FILE_MODES and _inside(each.path)]
    texts = git.blobs(entry.blob for entry in entries)
    for entry in entries:
        target = folder / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(texts[entry.blob], encoding="utf-8", newline="")
    return folder


def _inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and ".git" not in parts
