"""What was tested, in Git's words: the commit, whether the tree differs from it, and what a cluster renders from it."""

from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.catalog.model import Cluster
from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.git import Git


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit (40 or 64 hex digits) or None; `dirty` when the working tree is not that commit; `note` says why."""

    sha: str | None
    dirty: bool
    content_hash: str | None
    note: str = ""


def revision(root: Path, cluster: Cluster) -> Revision:
    """Return the commit of a checkout and the content hash of one cluster; outside Git both are None with a note."""
    git = Git(root)
    try:
        if (top := git.top()) != root.resolve():
            return Revision(None, True, None, f"{root} is a folder inside the Git checkout {top}, not its top")
        sha = git.resolve("HEAD")
        if sha is None:
            return Revision(None, True, None, f"{root} has no commit yet")
        return Revision(sha, git.is_dirty(), content_hash(Commits(git).at(sha), cluster.name))
    except StoppedError:
        raise
    except LeanragError as error:
        return Revision(None, True, None, f"no Git commit: {error.message}")
