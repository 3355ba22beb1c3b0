"""What differs from another commit: the clusters that it changes, and the objects that they had there."""

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.export import exported
from leanrag.catalog.repository import LOCAL, Repository
from leanrag.checks.cache_inputs import Inputs
from leanrag.checks.cache_key import TOPS, listing
from leanrag.checks.files import Files, read_files
from leanrag.checks.finding import at
from leanrag.checks.rendering import render_all, root_manifests
from leanrag.checks.scope import Before, identity, usable
from leanrag.core import yamlio
from leanrag.core.errors import InputError, ToolError
from leanrag.core.files import read_text
from leanrag.core.git import Git

_SHA1 = 40  # hexadecimal digits; a repository with longer ids has SHA-256


@dataclass(frozen=True, slots=True)
class Base:
    """A commit to compare with: `names` are the clusters that differ from it, `folder` its files that they read."""

    sha: str
    names: tuple[str, ...] = ()
    folder: Path | None = None
    files: Files | None = None
    keys: Mapping[str, str] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """Return a hash of everything that a cluster was rendered from there."""
        return self.keys.get(name, "new")

    def objects(self, name: str) -> Before | None:
        """Return a cluster's objects as they were there; None when they cannot be known."""
        if name not in self.keys:
            return {}
        try:
            assert self.folder and self.files
            repository = Repository(self.folder)
            rendered = render_all(repository, self.files, repository.cluster(name), {})
        except InputError:
            return None
        if any(each.broken for each in rendered):
            return None
        manifests = (*root_manifests(self.folder), *(one for each in rendered for one in each.manifests))
        return {identity(each): each.body for each in usable(manifests)}


def commit_of(root: Path, revision: str) -> tuple[Git, str]:
    """Return the repository of a checkout, and the commit that a name means there."""
    git = Git(root)
    try:
        top = git.top()
    except ToolError:
        raise InputError(f"{root}: no Git checkout, so nothing can be compared", hint="leave the option out") from None
    if top != root.resolve():
        raise InputError(f"{root} is not the top of its Git checkout, {top} is", hint=f"give --root {top}")
    sha = git.resolve(revision)
    if sha is None:
        hint = "name a branch, tag or commit; in CI fetch it first: git fetch origin main"
        raise InputError(f"{revision!r} is no commit of this repository", hint=hint)
    return git, sha


@contextmanager
def compared(root: Path, names: Sequence[str], git: Git, sha: str) -> Iterator[Base]:
    """Give what differs between a commit and the files of a checkout, committed or not."""
    blobs = {entry.path: entry.blob for entry in git.tree(sha, *TOPS)}
    texts = git.blobs(blobs[str(path)] for name in names if str(path := _file(name, blobs)) in blobs)
    there = _keys(names, blobs, lambda path: texts[blobs[str(path)]])
    width = len(next(iter(blobs.values()), "")) or _SHA1
    now = listing(root, hashed=lambda data: _blob(data, width))
    here = _keys(names, now, lambda path: read_text(root / path))
    differ = tuple(name for name in names if here.get(name) is None or here[name] != there.get(name))
    keys = {name: key or "" for name, key in there.items()}
    if not differ:
        yield Base(sha, keys=keys)
        return
    with exported(git, sha, "apps", "charts", "overlays", *(str(_file(name, blobs)) for name in differ)) as folder:
        for needed in ("clusters", "charts"):
            (folder / needed).mkdir(exist_ok=True)
        yield Base(sha, differ, folder, read_files(folder), keys)


def _file(name: str, paths: Container[str]) -> Path:
    own = Path("clusters") / name / "cluster.yaml"
    return LOCAL if name == LOCAL.parent.name and str(own) not in paths else own


def _keys(names: Iterable[str], listed: Mapping[str, str], text: Callable[[Path], str]) -> dict[str, str | None]:
    """Return the hash of each cluster's inputs; None for one whose file cannot be read."""
    inputs = Inputs(listed)
    found: dict[str, str | None] = {}
    for name in names:
        path = _file(name, listed)
        if str(path) in listed:
            environment = _environment(text, path)
            found[name] = inputs.of(path, environment) if isinstance(environment, str) else None
    return found


def _environment(text: Callable[[Path], str], path: Path) -> object:
    try:
        return at(yamlio.load(text(path), str(path)), ("cluster", "environment"))
    except InputError:
        return None


def _blob(data: bytes, width: int) -> str:
    """Return the id that git gives to a file's content."""
    digest = hashlib.sha1(usedforsecurity=False) if width == _SHA1 else hashlib.sha256()
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest()
