"""The revision says what was tested: the commit, whether the tree is that commit, and what the cluster renders from."""

import subprocess

import pytest

from leanrag.gate.revision import revision


@pytest.fixture
def checkout(tmp_path, cluster):
    def git(*arguments):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", tmp_path, *identity, *arguments], check=True, capture_output=True)

    def commit(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_yaml", ".yaml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "--message", "change")
        return revision(tmp_path, cluster)

    git("init", "--quiet")
    return commit


def first(checkout):
    return checkout(
        apps__root_yaml="a", charts__c_yaml="c", overlays__local__x_yaml="o", bootstrap__local__cluster_yaml="k"
    )


def test_a_clean_checkout_has_commit_and_content_hash(checkout):
    found = first(checkout)
    assert len(found.sha) == 40
    assert found.content_hash.startswith("sha256:")
    assert (found.dirty, found.note) == (False, "")


def test_an_uncommitted_file_makes_it_dirty(checkout, tmp_path, cluster):
    first(checkout)
    (tmp_path / "charts" / "new.yaml").write_text("x")
    assert revision(tmp_path, cluster).dirty


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"docs__x_yaml": "1"},
        {"overlays__prod__x_yaml": "1"},
        {"clusters__prod__cluster_yaml": "1"},
        {"bootstrap__local__release_yaml": "release: {}"},
    ],
)
def test_what_the_cluster_does_not_render_leaves_the_content_hash(checkout, files):
    before, after = first(checkout), checkout(**files)
    assert before.sha != after.sha or not files
    assert before.content_hash == after.content_hash


@pytest.mark.parametrize(
    "name", ["apps__root_yaml", "charts__c_yaml", "overlays__local__x_yaml", "bootstrap__local__cluster_yaml"]
)
def test_what_the_cluster_renders_changes_the_content_hash(checkout, name):
    before, after = first(checkout), checkout(**{name: "changed"})
    assert before.content_hash != after.content_hash


def test_outside_git_both_are_null_with_the_reason(tmp_path, cluster):
    found = revision(tmp_path, cluster)
    assert (found.sha, found.dirty, found.content_hash) == (None, True, None)
    assert "not a git repository" in found.note


def test_a_folder_inside_another_checkout_does_not_borrow_its_commit(checkout, tmp_path, cluster):
    first(checkout)
    found = revision(tmp_path / "charts", cluster)
    assert found.sha is None
    assert "not its top" in found.note


def test_git_variables_of_a_hook_do_not_lead_to_another_repository(checkout, tmp_path, cluster, monkeypatch):
    sha = first(checkout).sha
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert revision(tmp_path, cluster).sha == sha
