"""The gate reads the repository at the commit under test, and knows which other commits mean the same here."""

import os
import subprocess
from pathlib import Path

import pytest

from leanrag.catalog.export import export
from leanrag.core.errors import InputError
from leanrag.gate.source import clone, tokens

CLUSTER = """\
cluster:
  name: dev
  environment: dev
  platform: kubernetes
  domain: example.org
  registry: registry.example.org
"""
NAMES = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


class Remote:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "-q", "-b", "main", ".")
        self.git("config", "uploadpack.allowAnySHA1InWant", "true")

    def git(self, *arguments: str) -> str:
        argv = ["git", "-C", str(self.path), *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True, env={**os.environ, **NAMES}).stdout

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            target = self.path / name.replace("__", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD").strip()


def files(revision: str = "main", replicas: int = 1) -> dict[str, str]:
    return {
        "clusters__dev__cluster.yaml": CLUSTER,
        "clusters__dev__release.yaml": f"release: {{revision: {revision}}}\n",
        "charts__rag__rag-stack__Chart.yaml": "name: rag-stack\n",
        "overlays__dev__rag__rag-stack.yaml": f"replicas: {replicas}\n",
        "apps__cluster__Chart.yaml": "name: cluster\n",
    }


@pytest.fixture
def remote(tmp_path):
    path = tmp_path / "remote"
    path.mkdir()
    return Remote(path)


@pytest.fixture
def source(remote, tmp_path):
    return lambda sha: clone(str(remote.path), sha, "dev", tmp_path / "clone")


def _tree(found, folder):
    return export(found.git, found.sha, folder)


def test_the_tree_is_that_of_the_commit_not_of_main(remote, source, tmp_path):
    first = remote.commit(**files(replicas=1))
    remote.commit(**files(replicas=2))
    root = _tree(source(first), tmp_path / "tree")
    assert (root / "overlays/dev/rag/rag-stack.yaml").read_text() == "replicas: 1\n"


def test_a_commit_that_is_not_there_is_one_sentence(remote, source):
    remote.commit(**files())
    with pytest.raises(InputError, match="has no commit " + "f" * 40):
        source("f" * 40)


def test_a_link_of_the_repository_is_not_followed(remote, source, tmp_path):
    (remote.path / "charts/rag").mkdir(parents=True)
    (remote.path / "charts/rag/key").symlink_to("/etc/hostname")
    root = _tree(source(remote.commit(**files())), tmp_path / "tree")
    assert not (root / "charts/rag/key").exists()
    assert (root / "charts/rag/rag-stack/Chart.yaml").is_file()


def test_a_commit_of_documents_is_accepted_and_one_of_values_is_not(remote, source):
    first = remote.commit(**files())
    documents = remote.commit(**{"README.md": "x", "docs__a.md": "y"})
    values = remote.commit(**files(replicas=3))
    assert source(first).accepted((documents, values, "")) == {first, documents}


def test_a_commit_that_came_after_the_clone_is_fetched(remote, source):
    first = remote.commit(**files())
    found = source(first)
    later = remote.commit(**{"README.md": "x"})
    assert found.accepted((later,)) == {first, later}


def test_a_newer_commit_of_main_with_other_content_supersedes(remote, source):
    first = remote.commit(**files())
    found = source(first)
    assert found.superseded() == ""
    remote.commit(**{"README.md": "x"})
    assert (found.fetch(), found.superseded()) == ("", "")
    newer = remote.commit(**files(replicas=2))
    assert (found.fetch(), found.superseded()) == ("", newer)


def test_a_pinned_cluster_is_superseded_by_its_pin_only(remote, source):
    first = remote.commit(**files())
    other = remote.commit(**files(replicas=2))
    remote.commit(**files(revision=first, replicas=2))
    found = source(first)
    assert found.superseded() == ""
    remote.commit(**files(revision=other, replicas=2))
    found.fetch()
    assert found.superseded() == other


def test_a_rollback_supersedes_too(remote, source):
    old = remote.commit(**files())
    bad = remote.commit(**files(replicas=2))
    remote.commit(**files(revision=old, replicas=2))
    assert source(bad).superseded() == old


def test_a_release_that_nobody_can_read_supersedes_nothing(remote, source):
    first = remote.commit(**files())
    remote.commit(**{"clusters__dev__release.yaml": "release: [\n"})
    assert source(first).superseded() == ""


def test_a_remote_that_is_gone_is_said_not_raised(remote, source):
    found = source(remote.commit(**files()))
    remote.path.rename(remote.path.with_name("gone"))
    assert found.fetch().startswith("git fetch")
    assert found.superseded() == ""


def test_a_server_that_is_away_for_a_moment_is_asked_again(remote, source, monkeypatch):
    from leanrag.gate import source as module

    sha = remote.commit(**files())
    away = remote.path.rename(remote.path.with_name("away"))
    said = []
    monkeypatch.setattr(module, "PAUSES", (0.0,))
    monkeypatch.setattr(module, "say", lambda words: (said.append(words), away.rename(remote.path)))
    assert source(sha).sha == sha
    assert "trying again" in said[0]


def test_a_server_that_stays_away_is_said(remote, source, monkeypatch):
    from leanrag.core.errors import UnreachableError
    from leanrag.gate import source as module

    sha = remote.commit(**files())
    remote.path.rename(remote.path.with_name("away"))
    monkeypatch.setattr(module, "PAUSES", (0.0, 0.0))
    with pytest.raises(UnreachableError):
        source(sha)


def test_tokens_are_found_by_secret_and_key_as_kubernetes_mounts_them(tmp_path):
    data = tmp_path / "rag-token" / "..2026"
    data.mkdir(parents=True)
    (data / "token").write_text("s3cret\n")
    (tmp_path / "rag-token" / "..data").symlink_to("..2026")
    (tmp_path / "rag-token" / "token").symlink_to("..data/token")
    assert tokens(tmp_path) == {"rag-token/token": "s3cret"}
    assert tokens(None) == {}
    with pytest.raises(InputError, match="no such folder"):
        tokens(tmp_path / "missing")
