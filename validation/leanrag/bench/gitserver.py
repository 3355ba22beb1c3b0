"""The bench's Git server: one private repository, three users, and faults that a drill can switch on.

`operator` and `promoter` may push, `reader` may only fetch. Nobody may rewrite a branch, and only `promote/…` may be
removed. With `protect`, main takes no push from the promoter, as on a forge with a protected branch.
"""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import requests

from leanrag.bench.model import Bench
from leanrag.core.files import write_atomic
from leanrag.core.process import run

PART = "git"
REPOSITORY = "lean-rag.git"
# refuse: the hook says no. cut-before: the connection ends before git hears of it; cut-after: git has done it, and the
# client never learns. gone: every answer is 503. slow: only later.
Fault = Literal["refuse", "cut-before", "cut-after", "gone", "slow"]

# git calls it for each branch: name, old and new commit; exit 1 refuses it. The settings receive.deny* know no users.
_HOOK = """#!/bin/sh
ref=$1 new=$3
if [ -f refuse ]; then
  echo "pushes are refused (a drill)" >&2
  exit 1
fi
case "$ref" in
  refs/heads/promote/*) exit 0 ;;
esac
case "$new" in
  *[!0]*) ;;
  *) echo "$ref may not be deleted" >&2; exit 1 ;;
esac
if [ -f protected ] && [ "$ref" = refs/heads/main ] && [ "$REMOTE_USER" = promoter ]; then
  echo "main is protected: open a pull request" >&2
  exit 1
fi
"""
_SETTINGS = {
    "http.receivepack": "true",
    "receive.denyNonFastForwards": "true",
    "receive.autogc": "false",
    "gc.auto": "0",
    "core.logAllRefUpdates": "true",
}


@dataclass(frozen=True, slots=True)
class GitServer:
    """The running server: `url` without credentials, `credentials` a folder with `username` and `password` a user."""

    folder: Path
    url: str
    credentials: Mapping[str, Path]

    @property
    def repository(self) -> Path:
        """The bare repository, for a look from the outside."""
        return self.folder / REPOSITORY

    def fault(self, kind: Fault, seconds: float = 0, user: str | None = None, fetches: bool = False) -> None:
        """Let something go wrong from now on: for pushes (with `fetches` for fetches, too), of one user or of all.

        `seconds` is how late every such answer comes.
        """
        self.heal()
        if kind == "refuse":
            (self.repository / "refuse").touch()
        content = {"kind": kind, "seconds": seconds, "user": user, "fetches": fetches}
        write_atomic(self.folder / "fault.json", json.dumps(content))

    def heal(self) -> None:
        """End every fault."""
        for path in (self.folder / "fault.json", self.repository / "refuse"):
            path.unlink(missing_ok=True)

    def protect(self, protected: bool = True) -> None:
        """Let main take pushes of people only, so that the promoter needs pull requests; or lift that."""
        mark = self.repository / "protected"
        if protected:
            mark.touch()
        else:
            mark.unlink(missing_ok=True)


def git_server(bench: Bench) -> GitServer:
    """Return where the Git server of a bench is, whether it runs or not."""
    return GitServer(bench.state / "git", bench.repository_url, bench.credentials)


def start(bench: Bench) -> GitServer:
    """Make repository and users unless they are there, start the server, and wait until it answers."""
    server = git_server(bench)
    server.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, folder in server.credentials.items():
        _user(name, folder)
    _repository(server.repository)
    server.heal()
    address = urlsplit(server.url)
    argv = (sys.executable, "-m", "leanrag.bench.githttp", server.folder, address.hostname or "", str(address.port))
    bench.processes.start(PART, argv, ready=lambda: _answers(server.url), allowance=20)
    return server


def _user(name: str, folder: Path) -> None:
    if not (folder / "password").is_file():
        write_atomic(folder / "username", name, mode=0o600)
        write_atomic(folder / "password", secrets.token_urlsafe(24), mode=0o600)


def _repository(path: Path) -> None:
    if not (path / "HEAD").is_file():
        run(["git", "init", "--quiet", "--bare", "--initial-branch=main", path], what="git init", timeout=30)
    for key, value in _SETTINGS.items():
        run(["git", "-C", path, "config", key, value], what=f"git config {key}", timeout=30)
    write_atomic(path / "hooks" / "update", _HOOK, mode=0o755)


def _answers(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"{url}/info/refs?service=git-upload-pack", timeout=2).status_code == 401
    except requests.RequestException:
        return False
