"""The bench's Git server keeps users apart, never lets history be rewritten, and fails as it is told to."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from leanrag.bench import githttp, gitserver


@pytest.fixture
def server(tmp_path: Path) -> Iterator[gitserver.GitServer]:
    folder = tmp_path / "git"
    users = {name: folder / "users" / name for name in ("operator", "promoter", "reader")}
    for name, path in users.items():
        gitserver._user(name, path)
    handler = type("Bound", (githttp.Handler,), {"folder": folder})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{listening.server_address[1]}/{gitserver.REPOSITORY}"
        made = gitserver.GitServer(folder, url, users)
        gitserver._repository(made.repository)
        yield made
        listening.shutdown()


class Clone:
    """A checkout of one user."""

    def __init__(self, server: gitserver.GitServer, user: str, path: Path) -> None:
        self.path, self.password = path, (server.credentials[user] / "password").read_text()
        self.login = base64.b64encode(f"{user}:{self.password}".encode()).decode()
        path.mkdir()
        self("init", "-q", "-b", "main")
        self("remote", "add", "origin", server.url)

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        identity = {
            f"GIT_{who}_{what}": "x@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        argv = ["git", "-c", f"http.extraHeader=Authorization: Basic {self.login}", *arguments]
        env = {"PATH": os.environ["PATH"], "HOME": str(self.path), "GIT_TERMINAL_PROMPT": "0", **identity}
        return subprocess.run(argv, cwd=self.path, env=env, check=check, capture_output=True, text=True, timeout=30)

    def commit(self, name: str, size: int = 10) -> None:
        (self.path / name).write_bytes(os.urandom(size))
        self("add", name)
        self("commit", "-q", "-m", name)

    def push(self, *refs: str) -> subprocess.CompletedProcess[str]:
        return self("push", "-q", "origin", *(refs or ("main",)), check=False)


@pytest.fixture
def operator(server: gitserver.GitServer, tmp_path: Path) -> Clone:
    clone = Clone(server, "operator", tmp_path / "operator")
    clone.commit("first")
    assert clone.push().returncode == 0
    return clone


def main_of(server: gitserver.GitServer) -> str:
    return (server.repository / "refs" / "heads" / "main").read_text().strip()


def test_a_reader_sees_everything_and_can_push_nothing(
    server: gitserver.GitServer, operator: Clone, tmp_path: Path
) -> None:
    reader = Clone(server, "reader", tmp_path / "reader")
    reader("fetch", "-q", "origin")
    reader("merge", "-q", "origin/main")
    reader.commit("mine")
    before = main_of(server)
    assert "403" in reader.push().stderr
    assert main_of(server) == before


@pytest.mark.parametrize("login", ["reader:wrong", "nobody:", "../users/reader:x", ":"])
def test_a_stranger_sees_nothing(server: gitserver.GitServer, operator: Clone, login: str) -> None:
    operator.login = base64.b64encode(login.encode()).decode()
    assert operator("ls-remote", "origin", check=False).returncode


def test_history_is_never_rewritten_nor_a_branch_removed(server: gitserver.GitServer, operator: Clone) -> None:
    before = main_of(server)
    operator("commit", "-q", "--amend", "-m", "another")
    assert operator.push("+main").returncode
    assert operator.push(":main").returncode
    assert main_of(server) == before


def test_a_protected_main_takes_pushes_of_people_only(
    server: gitserver.GitServer, operator: Clone, tmp_path: Path
) -> None:
    server.protect()
    promoter = Clone(server, "promoter", tmp_path / "promoter")
    promoter("fetch", "-q", "origin")
    promoter("merge", "-q", "origin/main")
    promoter.commit("pin")
    assert "main is protected" in promoter.push().stderr
    assert promoter.push("main:promote/prod/1").returncode == 0
    assert promoter.push(":promote/prod/1").returncode == 0
    operator.commit("merge")
    assert operator.push().returncode == 0


def test_a_large_push_arrives_whole(server: gitserver.GitServer, operator: Clone) -> None:
    operator.commit("large", size=3_000_000)  # git sends it in chunks
    assert operator.push().returncode == 0
    assert main_of(server) == operator("rev-parse", "HEAD").stdout.strip()


@pytest.mark.parametrize(
    ("kind", "arrives"), [("refuse", False), ("cut-before", False), ("cut-after", True), ("gone", False)]
)
def test_a_fault_fails_the_push_and_heals(
    server: gitserver.GitServer, operator: Clone, kind: gitserver.Fault, arrives: bool
) -> None:
    operator.commit("second")
    server.fault(kind)
    assert operator.push().returncode
    assert (main_of(server) == operator("rev-parse", "HEAD").stdout.strip()) is arrives
    assert operator("ls-remote", "origin").returncode == 0  # fetches go on
    server.heal()
    assert operator.push().returncode == 0


def test_a_fault_of_one_user_leaves_the_others_alone(server: gitserver.GitServer, operator: Clone) -> None:
    server.fault("gone", user="promoter", fetches=True)
    operator.commit("second")
    assert operator.push().returncode == 0
