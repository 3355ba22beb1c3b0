"""What commits of a repository declare, read without a checkout; a file of one cluster never stops another."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leanrag.catalog.model import ClusterFacts, ClusterFile, ReleaseFacts, ReleaseFile
from leanrag.catalog.repository import LOCAL, parse
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.git import Entry, Git

CLUSTER, RELEASE = "cluster.yaml", "release.yaml"
KEPT_COMMITS = 256


class Commits:
    """A repository's commits; each is read once, and equal files of two commits are parsed once."""

    def __init__(self, git: Git) -> None:
        self.git = git
        self.at = lru_cache(maxsize=KEPT_COMMITS)(self._at)
        self._texts: dict[str, str] = {}
        self._parsed: dict[tuple[str, str], ClusterFacts | ReleaseFacts | InputError] = {}

    def _at(self, sha: str) -> "Snapshot":
        return Snapshot(self, sha, self.git.tree(sha))

    def fill(self, entries: tuple[Entry, ...]) -> None:
        """Read the files of many clusters by one call of git."""
        self._texts |= self.git.blobs(entry.blob for entry in entries if entry.blob not in self._texts)

    def facts(self, entry: Entry) -> ClusterFacts:
        """Return a cluster.yaml, or raise what is wrong with it."""
        found = self._read(entry, ClusterFile, "cluster")
        assert isinstance(found, ClusterFacts)
        return found

    def release(self, entry: Entry) -> ReleaseFacts:
        """Return a release.yaml, or raise what is wrong with it."""
        found = self._read(entry, ReleaseFile, "release")
        assert isinstance(found, ReleaseFacts)
        return found

    def text(self, entry: Entry) -> str:
        """Return a file's text."""
        self.fill((entry,))
        return self._texts[entry.blob]

    def _read(self, entry: Entry, model: type[ClusterFile] | type[ReleaseFile], key: str) -> Any:
        at = (entry.blob, entry.path)
        if at not in self._parsed:
            try:
                loaded: Any = yamlio.load(self.text(entry), entry.path)
                self._parsed[at] = getattr(parse(model, loaded, Path(entry.path)), key)
            except InputError as error:
                self._parsed[at] = error
        found = self._parsed[at]
        if isinstance(found, InputError):
            raise found
        return found


class Snapshot:
    """The files of one commit, found by folder."""

    def __init__(self, commits: Commits, sha: str, entries: tuple[Entry, ...]) -> None:
        self.commits = commits
        self.sha = sha
        self._paths = [entry.path for entry in entries]
        self._entries = entries
        self.names = tuple(sorted({path.split("/")[1] for path in self._paths if _is_cluster(path)}))
        self._shared: dict[str, str] = {}
        commits.fill(tuple(entry for entry in entries if _is_declared(entry.path)))

    def entry(self, path: str) -> Entry | None:
        """Return one file."""
        at = bisect_left(self._paths, path)
        return self._entries[at] if at < len(self._paths) and self._paths[at] == path else None

    def below(self, folder: str) -> tuple[Entry, ...]:
        """Return the files of a folder and its folders."""
        # "0" is the character after "/".
        return self._entries[bisect_left(self._paths, f"{folder}/") : bisect_left(self._paths, f"{folder}0")]

    def facts(self, name: str) -> ClusterFacts:
        """Return the facts of a cluster; a missing or malformed file, or another name in it, is an InputError."""
        path = LOCAL.as_posix() if name == LOCAL.parent.name else f"clusters/{name}/{CLUSTER}"
        entry = self.entry(path)
        if entry is None:
            raise InputError(f"{path} is missing in {self.sha[:12]}", hint="look at clusters/ of that commit")
        facts = self.commits.facts(entry)
        if facts.name != name:
            raise InputError(
                f"{path}: cluster.name is {facts.name!r}, but the folder is {name!r}", hint="make them equal"
            )
        return facts

    def remember(self, key: str, make: Callable[["Snapshot", str], str]) -> str:
        """Return what was made for a key before, or make it."""
        if key not in self._shared:
            self._shared[key] = make(self, key)
        return self._shared[key]

    def release(self, name: str) -> ReleaseFacts | None:
        """Return what runs on a cluster, None without a release.yaml; a malformed one is an InputError."""
        entry = self.entry(f"clusters/{name}/{RELEASE}")
        return self.commits.release(entry) if entry else None


@dataclass(frozen=True, slots=True)
class ReleaseState:
    """One cluster at one commit: its facts and its release, or the problem that hides them."""

    name: str
    facts: ClusterFacts | None
    release: ReleaseFacts | None
    problem: str = ""


def release_states(commits: Commits, sha: str) -> Mapping[str, ReleaseState]:
    """Return every cluster of a commit; a malformed file is that cluster's problem and nobody else's."""
    snapshot = commits.at(sha)
    return {name: state_at(snapshot, name) for name in snapshot.names}


def state_at(snapshot: Snapshot, name: str) -> ReleaseState:
    """Return one cluster of a commit, with its problem instead of an exception."""
    facts: ClusterFacts | None = None
    release: ReleaseFacts | None = None
    problems = []
    try:
        facts = snapshot.facts(name)
    except InputError as error:
        problems.append(error.message)
    try:
        release = snapshot.release(name)
    except InputError as error:
        problems.append(error.message)
    return ReleaseState(name, facts, release, "; ".join(problems))


def _is_cluster(path: str) -> bool:
    return path.startswith("clusters/") and path.count("/") == 2 and path.endswith((f"/{CLUSTER}", f"/{RELEASE}"))


def _is_declared(path: str) -> bool:
    return _is_cluster(path) or path == LOCAL.as_posix()
