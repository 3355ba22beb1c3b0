"""Any commit becomes a folder, byte for byte, without its links and without touching the work tree."""

import subprocess

import pytest

from leanrag.catalog.export import export, exported
from leanrag.core.git import Git


@pytest.fixture
def git(tmp_path):
    path = tmp_path / "repo"
    for name, data in {
        "charts/a/x.yaml": b"a: 1\r\n\n",
        "clusters/é/cluster.yaml": b"k: \xc3\xa9",
        "docs/y.md": b"y",
    }.items():
        (path / name).parent.mkdir(parents=True)
        (path / name).write_bytes(data)
    (path / "charts" / "link").symlink_to("/etc/passwd")
    identity = ("-c", "user.name=o", "-c", "user.email=o@x", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false")
    for argv in (("init", "-q"), (*identity, "add", "-A"), (*identity, "commit", "-q", "-m", "x")):
        subprocess.run(["git", "-C", path, *argv], check=True)
    return Git(path)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_only_what_clusters_render_from_is_written_and_links_are_not(git):
    with exported(git, "HEAD") as folder:
        assert files(folder) == ["charts/a/x.yaml", "clusters/é/cluster.yaml"]
        assert (folder / "charts/a/x.yaml").read_bytes() == b"a: 1\r\n\n"
    assert not folder.exists()


def test_the_whole_commit_on_request(git, tmp_path):
    assert "docs/y.md" in files(export(git, "HEAD", tmp_path / "out"))
