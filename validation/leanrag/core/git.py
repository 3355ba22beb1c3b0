"""Git without a work tree: read any commit, make a commit of a few files, push it; never force.

Every call of git has a time limit, and whatever a remote may do ends in an error of core.errors or in `Refused`.
"""

import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.core.errors import InputError, ToolError, UnreachableError
from leanrag.core.gitcall import Access, Caller
from leanrag.core.process import last_lines

REMOTE_SECONDS = 120.0
REMOTE = "origin"
_SHA = re.compile(r"[0-9a-f]{40}")
_UNREACHABLE = "check the address, the credentials and the network, then again"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a commit: its path from the top, its mode and the id of its content."""

    path: str
    mode: str
    blob: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: its parents, and when it was committed, seconds since 1970."""

    sha: str
    parents: tuple[str, ...]
    at: int
    subject: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the remote: the commit that it is at, and that commit's first parent."""

    name: str
    sha: str
    base: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """The remote took the commit."""

    sha: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The remote answered, and refused; nothing has changed there."""

    reason: str


class Git:
    """One repository on disk, with or without a work tree; `access` says how its remote is reached."""

    def __init__(self, path: Path, access: Access | None = None) -> None:
        self.path = path
        self._git = Caller(path, access or Access())

    @classmethod
    def clone(cls, url: str, path: Path, access: Access | Path | None = None, ca: Path | None = None) -> "Git":
        """Make a bare clone with all branches under origin/; a clone that is there already is fetched.

        `access` may be a folder of credentials (Access.of); `ca` is the CA of a private server.
        """
        found = access if isinstance(access, Access) else Access.of(access)
        git = cls(path, replace(found, ca=ca or found.ca))
        path.mkdir(parents=True, exist_ok=True)
        git._run("init", "--quiet", "--bare", "--template=")
        git._run("config", f"remote.{REMOTE}.url", url)
        git.fetch()
        return git

    def fetch(self) -> None:
        """Bring all branches of the remote; one that is gone there is gone here."""
        branches = f"+refs/heads/*:refs/remotes/{REMOTE}/*"
        self._git.text(
            *("fetch", "--quiet", "--prune", "--no-tags", REMOTE, branches),
            error=UnreachableError,
            timeout=REMOTE_SECONDS,
            hint=_UNREACHABLE,
        )

    def resolve(self, ref: str) -> str | None:
        """Return the commit that a name means, 40 hex digits, or None."""
        if ref.startswith("-"):
            return None
        done = self._run("rev-parse", "--quiet", "--verify", "--end-of-options", f"{ref}^{{commit}}", check=False)
        found = done.strip()
        return found if _SHA.fullmatch(found) else None

    def tree(self, sha: str, *paths: str) -> tuple[Entry, ...]:
        """Return the files of a commit below some folders (default: all), sorted by path."""
        listed = self._run("ls-tree", "-r", "-z", "--full-tree", sha, "--", *paths)
        rows = (row.partition("\t") for row in listed.split("\0") if row)
        found = ((path, facts.split(" ")) for facts, _, path in rows)
        return tuple(sorted((Entry(path, mode, blob) for path, (mode, _, blob) in found), key=lambda each: each.path))

    def read(self, sha: str, path: str) -> str | None:
        """Return the text of one file of a commit, or None when the commit has no such file."""
        found = [entry for entry in self.tree(sha, path) if entry.path == path]
        return self.blobs([found[0].blob])[found[0].blob] if found else None

    def blobs(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the texts of many objects by one call; bytes that are no UTF-8 are replaced."""
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        answer = self._git.raw("cat-file", "--batch", given="".join(f"{each}\n" for each in wanted).encode())
        texts, at = {}, 0
        for each in wanted:
            end = answer.index(b"\n", at)
            _, _, size = answer[at:end].decode().partition(" blob ")
            if not size:
                raise ToolError(
                    f"git cat-file: {answer[at:end].decode()}", hint="the clone is incomplete; make it again"
                )
            texts[each] = answer[end + 1 : end + 1 + int(size)].decode("utf-8", "replace")
            at = end + 2 + int(size)
        return texts

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `newer` contains `older`; a commit contains itself."""
        done = self._git.text("merge-base", "--is-ancestor", older, newer, check=False)
        if done.returncode not in (0, 1):
            raise InputError(f"git: {last_lines(done.stderr)}", hint="fetch the whole history (no shallow clone)")
        return done.returncode == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the newest commit that both contain, or None."""
        return self._run("merge-base", one, other, check=False).strip() or None

    def log(self, *range_: str, limit: int | None = None, path: str | None = None) -> tuple[Commit, ...]:
        """Return the commits of a range, children before parents; with a path those that changed it."""
        count = (f"--max-count={limit}",) if limit else ()
        form = "--format=%H%x09%P%x09%ct%x09%s"
        listed = self._run("log", "--topo-order", "-z", form, *count, *range_, "--", *([path] if path else []))
        rows = (row.split("\t", 3) for row in listed.split("\0") if row)
        return tuple(Commit(sha, tuple(parents.split()), int(at), subject) for sha, parents, at, subject in rows)

    def branches(self, folder: str) -> tuple[Branch, ...]:
        """Return the remote's branches below a folder ("promote/"), as they were fetched last."""
        form = "--format=%(refname:lstrip=3)%09%(objectname)%09%(parent)"
        rows = (
            line.split("\t") for line in self._run("for-each-ref", form, f"refs/remotes/{REMOTE}/{folder}").splitlines()
        )
        return tuple(Branch(name, sha, parents.partition(" ")[0]) for name, sha, parents in rows)

    def is_shallow(self) -> bool:
        """Return whether history is cut off, so that nothing can be said about ancestors."""
        return self._run("rev-parse", "--is-shallow-repository").strip() == "true"

    def top(self) -> Path:
        """Return the top folder of the checkout; outside one it is a ToolError."""
        return Path(self._run("rev-parse", "--show-toplevel").strip()).resolve()

    def is_dirty(self) -> bool:
        """Return whether the work tree differs from its commit; untracked files count."""
        return bool(self._run("status", "--porcelain", "--untracked-files=normal").strip())

    def setting(self, key: str) -> str:
        """Return one of git's settings, or an empty text."""
        return self._run("config", "--get", key, check=False).strip()

    def commit_files(
        self,
        base: str,
        files: Mapping[str, str | None],
        message: str,
        author: tuple[str, str] | None = None,
        signing_key: Path | None = None,
    ) -> str:
        """Make a commit on `base` with these files changed (None removes one) and return it; no branch moves.

        `author` is name and mail, default the user's own; `signing_key` an SSH private key, default as the user signs.
        """
        with tempfile.TemporaryDirectory(prefix="leanrag-index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            changes = self._changes(files, Path(folder))
            self._run("read-tree", base, variables=index)
            self._git.raw("update-index", "-z", "--index-info", given=changes.encode(), variables=index)
            tree = self._run("write-tree", variables=index).strip()
        settings, sign = _signing(signing_key, self.setting("commit.gpgsign") == "true")
        argv = ("commit-tree", *sign, "-p", base, "-m", message, tree)
        return self._git.text(*argv, settings=settings, variables=_identity(author)).stdout.strip()

    def _changes(self, files: Mapping[str, str | None], folder: Path) -> str:
        """Store the texts by one call of git, and return the lines that put them into an index."""
        written = {path: text for path, text in files.items() if text is not None}
        names = [folder / str(number) for number in range(len(written))]
        for name, text in zip(names, written.values(), strict=True):
            name.write_bytes(text.encode())
        listed = "".join(f"{name}\n" for name in names).encode()
        stored = self._git.raw("hash-object", "-w", "--no-filters", "--stdin-paths", given=listed).decode().split()
        added = (f"100644 {blob}\t{path}\0" for path, blob in zip(written, stored, strict=True))
        gone = (f"0 {'0' * 40}\t{path}\0" for path, text in files.items() if text is None)
        return "".join((*added, *gone))

    def push(self, sha: str, branch: str) -> Pushed | Refused:
        """Move a branch of the remote forward to a commit, or make it; what is no fast-forward is refused."""
        argv = ("push", "--porcelain", "--no-verify", REMOTE, f"{sha}:refs/heads/{branch}")
        done = self._git.text(*argv, check=False, timeout=REMOTE_SECONDS)
        if done.returncode == 0:
            return Pushed(sha)
        refused = [line.split("\t")[-1] for line in done.stdout.splitlines() if line.startswith("!")]
        if refused:
            said = [line.removeprefix("remote: ") for line in done.stderr.splitlines() if line.startswith("remote: ")]
            return Refused("; ".join((*refused, *(line.strip() for line in said if line.strip()))))
        raise UnreachableError(f"git push: {last_lines(done.stderr)}", hint=_UNREACHABLE)

    def remove_branch(self, branch: str, at: str) -> bool:
        """Remove a branch of the remote if it is still at a commit; return whether it is gone."""
        # The lease makes removal safe: a branch that somebody has added to stays.
        lease = f"--force-with-lease=refs/heads/{branch}:{at}"
        argv = ("push", "--porcelain", "--no-verify", lease, REMOTE, f":refs/heads/{branch}")
        return self._git.text(*argv, check=False, timeout=REMOTE_SECONDS).returncode == 0

    def _run(self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None) -> str:
        return self._git.text(*arguments, check=check, variables=variables).stdout


def _signing(key: Path | None, as_the_user: bool) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return git's settings and the option that sign a commit."""
    if key:
        return (("gpg.format", "ssh"), ("user.signingkey", str(key.absolute()))), ("-S",)
    return (), ("-S",) if as_the_user else ()


def _identity(author: tuple[str, str] | None) -> dict[str, str]:
    if not author:
        return {}
    name, mail = author
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", name), ("EMAIL", mail))
    }
