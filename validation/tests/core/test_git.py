"""Git without a work tree: any commit is read, a few files are committed, and no push ever overwrites."""

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.git import Git, Pushed, Refused
from leanrag.core.gitcall import Access

ME = ("operator", "operator@example.org")


@pytest.fixture
def remote(tmp_path):
    """A bare repository whose main has one commit."""
    path = tmp_path / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
    empty = subprocess.run(
        ["git", "-C", path, "hash-object", "-t", "tree", "-w", "/dev/null"], check=True, capture_output=True, text=True
    ).stdout.strip()
    identity = {
        "GIT_AUTHOR_NAME": "o",
        "GIT_AUTHOR_EMAIL": "o@x",
        "GIT_COMMITTER_NAME": "o",
        "GIT_COMMITTER_EMAIL": "o@x",
    }
    first = subprocess.run(
        ["git", "-C", path, "commit-tree", "-m", "first", empty],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | identity,
    ).stdout.strip()
    subprocess.run(["git", "-C", path, "update-ref", "refs/heads/main", first], check=True)
    return path


@pytest.fixture
def clone(remote, tmp_path):
    return Git.clone(str(remote), tmp_path / "clone.git")


def main(git):
    git.fetch()
    return git.resolve("origin/main")


def test_a_commit_of_files_is_pushed_and_read_back_exactly(clone):
    texts = {"a.yaml": "x: 1\r\n", "b/c d.txt": "grün\n", "b/e": ""}
    sha = clone.commit_files(main(clone), texts, "add", ME)
    assert clone.push(sha, "main") == Pushed(sha)
    assert {path: clone.read(main(clone), path) for path in texts} == texts
    assert [entry.path for entry in clone.tree(sha, "b")] == ["b/c d.txt", "b/e"]


def test_other_files_stay_and_none_removes_one(clone):
    one = clone.commit_files(main(clone), {"a": "1", "b": "1"}, "two", ME)
    two = clone.commit_files(one, {"a": None}, "less", ME)
    assert [entry.path for entry in clone.tree(two)] == ["b"]


def test_what_does_not_exist_is_none_and_no_error(clone):
    assert clone.resolve("nowhere") is None
    assert clone.resolve("--output=/tmp/x") is None
    assert clone.read(main(clone), "nothing") is None


def test_a_push_that_is_no_fast_forward_is_refused_and_overwrites_nothing(clone):
    base = main(clone)
    mine, theirs = (clone.commit_files(base, {"a": each}, each, ME) for each in ("mine", "theirs"))
    assert isinstance(clone.push(theirs, "main"), Pushed)
    assert isinstance(clone.push(mine, "main"), Refused)
    assert main(clone) == theirs


def test_a_refusal_carries_the_servers_words(clone, remote):
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    answer = clone.push(clone.commit_files(main(clone), {"a": "1"}, "x", ME), "main")
    assert isinstance(answer, Refused)
    assert "main is protected" in answer.reason


def test_a_remote_that_is_gone_is_unreachable_with_a_way_out(clone, remote, tmp_path):
    sha = clone.commit_files(main(clone), {"a": "1"}, "x", ME)
    remote.rename(tmp_path / "away")
    for act in (clone.fetch, lambda: clone.push(sha, "main")):
        with pytest.raises(UnreachableError) as caught:
            act()
        assert caught.value.hint


def test_a_branch_is_removed_only_where_it_was_seen(clone):
    base = main(clone)
    one = clone.commit_files(base, {"a": "1"}, "1", ME)
    two = clone.commit_files(one, {"a": "2"}, "2", ME)
    clone.push(one, "promote/x/1")
    clone.push(two, "promote/x/1")
    assert not clone.remove_branch("promote/x/1", one)
    assert clone.remove_branch("promote/x/1", two)
    clone.fetch()
    assert clone.branches("promote/") == ()


def test_branches_are_listed_with_their_parents(clone):
    base = main(clone)
    sha = clone.commit_files(base, {"a": "1"}, "1", ME)
    clone.push(sha, "promote/x/1")
    clone.fetch()
    assert [(each.name, each.sha, each.base) for each in clone.branches("promote/")] == [("promote/x/1", sha, base)]


def test_a_commit_contains_itself_and_what_came_before(clone):
    base = main(clone)
    newer = clone.commit_files(base, {"a": "1"}, "1", ME)
    found = [clone.is_ancestor(*pair) for pair in ((base, newer), (newer, newer), (newer, base))]
    assert found == [True, True, False]
    with pytest.raises(InputError):
        clone.is_ancestor("f" * 40, newer)


def test_the_log_names_children_before_parents(clone):
    base = main(clone)
    newer = clone.commit_files(base, {"a": "1"}, "a subject\n\nand more", ME)
    assert [(each.sha, each.parents, each.subject) for each in clone.log(newer)] == [
        (newer, (base,), "a subject"),
        (base, (), "first"),
    ]
    assert [each.sha for each in clone.log(newer, path="a")] == [newer]


def test_variables_of_a_hook_lead_nowhere_else(clone, monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert main(clone)


def test_replacement_refs_do_not_change_what_is_read(clone):
    base = main(clone)
    honest = clone.commit_files(base, {"a": "honest"}, "1", ME)
    forged = clone.commit_files(base, {"a": "forged"}, "2", ME)
    subprocess.run(["git", "-C", clone.path, "replace", honest, forged], check=True)
    assert clone.read(honest, "a") == "honest"


def test_credentials_come_from_files_that_are_read_anew_and_stand_on_no_command_line(tmp_path):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers.get("Authorization"))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "username").write_text("promoter")
    for secret in ("first", "second"):
        (folder / "password").write_text(secret + "\n")
        with pytest.raises(UnreachableError) as caught:
            Git.clone(f"http://127.0.0.1:{server.server_port}/x.git", tmp_path / secret, Access.of(folder))
        assert secret not in caught.value.message
    server.shutdown()
    assert {each for each in seen if each} == {"Basic cHJvbW90ZXI6Zmlyc3Q=", "Basic cHJvbW90ZXI6c2Vjb25k"}


def test_a_git_that_asks_for_a_password_does_not_hang(tmp_path):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.raises(UnreachableError, match="could not read Username"):
        Git.clone(f"http://127.0.0.1:{server.server_port}/x.git", tmp_path / "x")
    server.shutdown()
