"""The two sides of a comparison: a commit without touching the work tree, or the work tree itself."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from leanrag.catalog.export import RENDERED_FROM, exported
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.render.jobs import Inputs

WORK_TREE = "the work tree"


@dataclass(frozen=True, slots=True)
class Tree:
    """One side: how the user named it, its commit (empty: the work tree), its files and what they hash to."""

    name: str
    sha: str
    repository: Repository
    inputs: Inputs

    @property
    def title(self) -> str:
        """The name with the commit where it says more."""
        return self.name if not self.sha or self.sha.startswith(self.name) else f"{self.name} ({self.sha[:12]})"


class Trees:
    """Opens revisions of one repository; each commit is written out once, and all is gone at the end."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._git = Git(self.root)
        self._open = ExitStack()
        self._folders: dict[str, Path] = {}
        self._inputs: dict[Path, Inputs] = {}

    def __enter__(self) -> "Trees":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def base(self, revision: str, other: str | None) -> str:
        """Return the commit at which a revision (None: the work tree's commit) branched off another."""
        names = (revision, other or "HEAD")
        found = self._git.merge_base(*(self._sha(each) for each in names))
        if found is None:
            raise InputError(f"{names[0]} and {names[1]} have no commit in common", hint="fetch the whole history")
        return found

    def at(self, revision: str | None) -> Tree:
        """Return a side; None is the work tree, with what is not committed and not added."""
        if revision is None:
            return self._tree(WORK_TREE, "", self.root)
        sha = self._sha(revision)
        return self._tree(revision, sha, self._folder(sha, self.root.relative_to(self._git.top())))

    def _sha(self, revision: str) -> str:
        top = self._git.top()
        sha = self._git.resolve(revision)
        if sha is None:
            raise InputError(f"no commit {revision!r} in {top}", hint="name a branch, tag or commit; fetch it first")
        return sha

    def _tree(self, name: str, sha: str, folder: Path) -> Tree:
        repository = Repository(folder)
        return Tree(name, sha, repository, self._inputs.setdefault(folder, Inputs(repository)))

    def _folder(self, sha: str, below: Path) -> Path:
        if sha not in self._folders:
            paths = tuple(str(below / each) for each in RENDERED_FROM)
            self._folders[sha] = self._open.enter_context(exported(self._git, sha, *paths)) / below
        return self._folders[sha]
