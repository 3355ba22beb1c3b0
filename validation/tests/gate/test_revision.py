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


FACTS = "cluster: {name: local, environment: local, platform: kubernetes, domain: d, registry: r, protected: %s}\n"


def first(checkout):
    return checkout(
        apps__root_yaml="a",
        apps__cluster__values_yaml="a",
        charts__data__c__values_yaml="c",
        charts__data__other__values_yaml="c",
        overlays__local__data__c_yaml="o",
        bootstrap__local__cluster_yaml=FACTS % "false",
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


def test_a_commit_that_changes_nothing_rendered_leaves_the_content_hash(checkout):
    before, after = first(checkout), checkout(docs__x_yaml="1")
    assert before.sha != after.sha
    assert before.content_hash == after.content_hash


def test_what_the_cluster_renders_changes_the_content_hash(checkout):
    before, after = first(checkout), checkout(overlays__local__data__c_yaml="changed")
    assert before.content_hash != after.content_hash


def test_a_checkout_without_its_cluster_file_has_no_commit_to_speak_of(checkout):
    found = checkout(docs__x_yaml="1")
    assert found.sha is None
    assert "bootstrap/local/cluster.yaml is missing" in found.note


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
