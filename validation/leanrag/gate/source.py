"""The repository at the commit under test: cloned by the gate, read without being trusted to be harmless."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.core.errors import InputError, LeanragError, StoppedError, UnreachableError
from leanrag.core.git import Git
from leanrag.core.progress import say

BRANCH = "refs/remotes/origin/main"
# Wrong credentials look like a server that is away, so this must end soon, too.
PAUSES = (2.0, 5.0, 10.0, 20.0)


@dataclass(slots=True)
class Source:
    """A bare clone and the commit under test; hashes of commits never change, so each is computed once."""

    git: Git
    sha: str
    cluster: str
    commits: Commits = field(init=False)
    hashes: dict[str, str | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.commits = Commits(self.git)

    def content(self, sha: str) -> str | None:
        """Return the content hash of this cluster at a commit, None when the clone has no such commit or cluster."""
        if sha not in self.hashes:
            if self.git.resolve(sha) is None:
                return None  # it may come with the next fetch
            try:
                self.hashes[sha] = content_hash(self.commits.at(sha), self.cluster)
            except InputError:
                self.hashes[sha] = None
        return self.hashes[sha]

    def accepted(self, revisions: Iterable[str]) -> frozenset[str]:
        """Return those commits of which this cluster renders the same as of the one under test, and that one."""
        wanted = self.content(self.sha)
        same = {each for each in revisions if each and wanted is not None and self._fetched(each) == wanted}
        return frozenset({self.sha, *same})

    def _fetched(self, sha: str) -> str | None:
        found = self.content(sha)
        if found is None and sha not in self.hashes:
            self.fetch()
            found = self.content(sha)
        return found

    def fetch(self) -> str:
        """Bring what is new; return an empty text, or why Git could not be asked."""
        try:
            self.git.fetch()
        except StoppedError as error:
            if not error.message.startswith("git "):
                raise  # a signal, not the time limit of one call
            return error.message
        except LeanragError as error:
            return error.message
        return ""

    def superseded(self) -> str:
        """Return the commit that this cluster should run by now when it renders something else, else an empty text."""
        wanted = self._wanted()
        if wanted is None or self.content(wanted) == self.content(self.sha):
            return ""
        return wanted

    def _wanted(self) -> str | None:
        """Return what release.yaml of main pins for this cluster now; None where it cannot be told."""
        main = self.git.resolve(BRANCH)
        if main is None:
            return None
        try:
            release = self.commits.at(main).release(self.cluster)
        except InputError:
            return None  # Argo CD cannot read it either, and goes on with what it has
        if release is None or release.revision is None:
            return None
        return main if release.revision == "main" else release.revision


def clone(url: str, sha: str, cluster: str, folder: Path, credentials: Path | None = None) -> Source:
    """Clone a repository (bare) and find the commit; a commit that it does not have is an InputError.

    `credentials` is a folder with the files `username` and `password`, and `ca.crt` of a private authority.
    """
    ca = credentials / "ca.crt" if credentials else None
    git = _cloned(url, folder, credentials, ca if ca and ca.is_file() else None)
    if git.resolve(sha) != sha:
        raise InputError(f"{url} has no commit {sha}", hint="was the branch rewritten? sync the cluster again")
    return Source(git, sha, cluster)


def _cloned(url: str, folder: Path, credentials: Path | None, ca: Path | None) -> Git:
    """Clone; a server that is away for a moment must not cost a commit its only run."""
    for pause in PAUSES:
        try:
            return Git.clone(url, folder, credentials, ca)
        except UnreachableError as error:
            say(f"{error.message}; trying again in {pause:.0f} s")
            time.sleep(pause)
    return Git.clone(url, folder, credentials, ca)


def tokens(folder: Path | None) -> dict[str, str]:
    """Return `secretName/key` → value of every Secret that is mounted below a folder."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", hint="mount the Secrets named in the chart's `tokens` there")
    found = {}
    for secret in sorted(path for path in folder.iterdir() if path.is_dir()):
        for key in sorted(path for path in secret.iterdir() if not path.name.startswith("..") and path.is_file()):
            found[f"{secret.name}/{key.name}"] = key.read_text(encoding="utf-8").strip()
    return found
