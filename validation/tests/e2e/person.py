"""A person with a checkout: what an operator does with Git, and nothing a promoter does.

Plain `git` on purpose: the stories must not judge the promoter by the promoter's own Git code.
"""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from leanrag.core import yamlio

# What git says when somebody else pushed before, or in the same moment.
OVERTAKEN = ("fetch first", "non-fast-forward", "cannot lock ref")
IDENTITY = {
    "GIT_AUTHOR_NAME": "operator",
    "GIT_AUTHOR_EMAIL": "operator@example.com",
    "GIT_COMMITTER_NAME": "operator",
    "GIT_COMMITTER_EMAIL": "operator@example.com",
    "GIT_TERMINAL_PROMPT": "0",
}


class GitFailedError(AssertionError):
    """git said no; the message holds its words."""


class Person:
    """A clone of the repository; `credentials` is a folder with `username` and `password`."""

    def __init__(self, url: str, path: Path, credentials: Path | None) -> None:
        self.url, self.path, self.credentials = url, path, credentials

    def start(self, tree: Path) -> str:
        """Make the repository's first commit from a folder, push it, and return its SHA."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        subprocess.run(["cp", "-a", f"{tree}/.", str(self.path)], check=True)
        self.git("add", "-A", "-f", "--", ".")
        self.git("commit", "-q", "-m", "chore: the whole repository")
        self.git("remote", "add", "origin", self.url)
        self._settle()
        self.git("push", "-q", "origin", "main")
        return self.head()

    def clone(self) -> None:
        """Fetch what is there already."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.git("clone", "-q", self.url, str(self.path), folder=self.path.parent)
        self._settle()

    def _settle(self) -> None:
        """Set up the checkout as people do, so that `leanrag rollback` in it knows who they are and may push."""
        self.git("config", "user.name", IDENTITY["GIT_AUTHOR_NAME"])
        self.git("config", "user.email", IDENTITY["GIT_AUTHOR_EMAIL"])
        for pair in self._login()[1::2]:
            name, _, setting = pair.partition("=")
            if setting:
                self.git("config", name, setting)

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        """Run git in the checkout and return what it printed."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        argv = ["git", *self._login(), *arguments]
        done = subprocess.run(
            argv, cwd=folder or self.path, env=clean | IDENTITY, capture_output=True, text=True, timeout=60
        )
        if done.returncode:
            raise GitFailedError(f"git {shlex.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _login(self) -> list[str]:
        if self.credentials is None:
            return []
        # The helper reads the files, so no password stands on a command line.
        folder = shlex.quote(str(self.credentials))
        helper = f'!f() {{ echo "username=$(cat {folder}/username)"; echo "password=$(cat {folder}/password)"; }}; f'
        return ["-c", "credential.helper=", "-c", f"credential.helper={helper}"]

    def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Write files on top of the newest main (None deletes one), push, return the SHA; no file: an empty commit."""

        def change() -> None:
            for name, text in files.items():
                self._write(self.path / name, text)
            self.git("add", "-A", "-f", "--", ".")
            self.git("commit", "-q", "--allow-empty", "-m", message)

        return self._on_main(change)

    def _on_main(self, change: Callable[[], object]) -> str:
        """Change the newest main and push, again when the promoter was quicker; return the SHA."""
        for left in reversed(range(5)):
            self.fetch()
            self.git("checkout", "-q", "-f", "-B", "main", "origin/main")
            change()
            try:
                self.git("push", "-q", "origin", "main")
                break
            except GitFailedError as error:
                if not left or not any(word in str(error) for word in OVERTAKEN):
                    raise
        return self.head()

    @staticmethod
    def _write(path: Path, text: str | None) -> None:
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def replace(self, folder: Path, kept: Mapping[str, str]) -> str:
        """Make main's tree that of a folder, except for the files of `kept`, push, and return the SHA."""

        def change() -> None:
            self.git("rm", "-r", "-q", "--", ".")
            self.git("clean", "-q", "-f", "-d", "-x")
            subprocess.run(["cp", "-a", f"{folder}/.", str(self.path)], check=True)
            for name, text in kept.items():
                self._write(self.path / name, text)
            self.git("add", "-A", "-f", "--", ".")
            self.git("commit", "-q", "--allow-empty", "-m", "chore: the tree of this checkout")

        return self._on_main(change)

    def releases(self) -> dict[str, str]:
        """Return every release.yaml of main, by path."""
        self.fetch()
        names = self.git("ls-tree", "-r", "--name-only", "origin/main", "--", "clusters").splitlines()
        return {name: self.read(name) or "" for name in names if name.endswith("/release.yaml")}

    def merge(self, branch: str) -> str:
        """Press the button on a pull request: merge its branch into main, push, and return main's new SHA."""
        sha = self._on_main(lambda: self.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}"))
        self.git("push", "-q", "origin", "--delete", branch)
        return sha

    def revert(self, sha: str) -> str:
        """Take a commit back, push, and return the SHA."""
        return self._on_main(lambda: self.git("revert", "--no-edit", sha))

    def fetch(self) -> None:
        """Learn what the others pushed."""
        self.git("fetch", "-q", "--prune", "origin")

    def head(self) -> str:
        """Return the SHA of the checkout."""
        return self.git("rev-parse", "HEAD").strip()

    def main(self) -> str:
        """Return the newest SHA of main."""
        self.fetch()
        return self.git("rev-parse", "origin/main").strip()

    def branches(self, prefix: str) -> tuple[str, ...]:
        """Return the remote branches whose names begin so."""
        self.fetch()
        names = self.git("for-each-ref", "--format=%(refname:lstrip=3)", f"refs/remotes/origin/{prefix}*")
        return tuple(names.split())

    def read(self, path: str, ref: str = "origin/main") -> str | None:
        """Return a file as it stands at a ref (fetched before, see `fetch`), or None."""
        try:
            return self.git("show", f"{ref}:{path}")
        except GitFailedError:
            return None

    def release(self, cluster: str, ref: str = "origin/main") -> dict[str, object]:
        """Return what release.yaml says of a cluster; empty when there is none or it is no YAML mapping."""
        text = self.read(f"clusters/{cluster}/release.yaml", ref)
        found = yamlio.load(text, "release.yaml") if text else None
        release = found.get("release") if isinstance(found, dict) else None
        return release if isinstance(release, dict) else {}

    def pin(self, cluster: str) -> str:
        """Return the revision that main's release.yaml pins, or ""."""
        self.fetch()
        return str(self.release(cluster).get("revision") or "")

    def commits_of(self, path: str) -> tuple[str, ...]:
        """Return the subjects of main's commits that touched a path, the newest first."""
        self.fetch()
        return tuple(self.git("log", "--format=%s", "origin/main", "--", path).splitlines())

    def seconds_of(self, sha: str) -> float:
        """Return a commit's moment in seconds since 1970."""
        return float(self.git("log", "-1", "--format=%ct", sha).strip())
