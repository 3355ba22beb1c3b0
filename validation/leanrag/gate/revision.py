"""What was tested, in Git's words: the commit, whether the tree differs from it, and what a cluster renders from it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.core.errors import LeanragError, StoppedError, ToolError
from leanrag.core.process import run


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit (40 or 64 hex digits) or None; `dirty` when the working tree is not that commit; `note` says why."""

    sha: str | None
    dirty: bool
    content_hash: str | None
    note: str = ""


def revision(root: Path, cluster: Cluster) -> Revision:
    """Return the commit of a checkout and the content hash of one cluster; outside Git both are None with a note."""
    try:
        top = _git(root, "rev-parse", "--show-toplevel").strip()
        if Path(top).resolve() != root.resolve():
            return Revision(None, True, None, f"{root} is a folder inside the Git checkout {top}, not its top")
        sha = _git(root, "rev-parse", "--verify", "HEAD").strip()
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=normal").strip())
        return Revision(sha, dirty, _content_hash(root, cluster, sha))
    except StoppedError:
        raise
    except LeanragError as error:
        return Revision(None, True, None, f"no Git commit: {error.message}")


def _content_hash(root: Path, cluster: Cluster, sha: str) -> str:
    """Hash mode, object id and path of every file the cluster renders from; release.yaml only says which commit."""
    folder = cluster.path.resolve().parent.relative_to(root.resolve()).as_posix()
    sources = ("apps", "charts", f"overlays/{cluster.environment}", folder)
    listed = _git(root, "ls-tree", "-r", "-z", "--full-tree", sha, "--", *sources)
    entries = [entry for entry in listed.split("\0") if entry and not entry.endswith(f"\t{folder}/release.yaml")]
    return "sha256:" + hashlib.sha256("\0".join(sorted(entries)).encode()).hexdigest()


def _git(root: Path, *arguments: str) -> str:
    # Git variables of a surrounding hook would make git answer for another repository.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    argv = ["git", "-C", str(root), *arguments]
    return run(argv, what=f"git {arguments[0]}", error=ToolError, timeout=60, env=clean).stdout
