"""A rollback needs Git and nothing else; it moves one pin, and holds what it took away until a person releases it."""

import shutil

import pytest
from click.testing import CliRunner

from leanrag.cli.promote import promote_group, release_verb, rollback_verb
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.promote.commands import rollback
from leanrag.promote.desk import Desk
from leanrag.promote.person import look
from leanrag.promote.pins import KEPT

from .conftest import NOW, PAIRS, git


def call(verb, *arguments, root):
    """Run a verb as the command line does; return its exit code and what it printed."""
    group = ["override"] if verb == "override" else []
    found = {"rollback": rollback_verb, "release": release_verb, "override": promote_group}[verb]
    result = CliRunner().invoke(found, [*group, *arguments, "--root", str(root)], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.output


@pytest.fixture
def two(shop):
    """Bring prod to a good commit and then to a bad one; return both."""
    return shop.settle(shop.change()), shop.settle(shop.change())


def test_rollback_goes_to_the_last_pin_and_holds_the_bad_one(shop, two):
    good, bad = two
    code, said = call("rollback", "prod", "--reason", "wrong answers", root=shop.work)
    release = shop.release("prod")
    assert (code, release["revision"], release["hold"]["revisions"]) == (0, good, [bad])
    assert (release["hold"]["reason"], release["hold"]["by"]) == ("wrong answers", "operator")
    assert f"prod: back at {good[:12]}; pushed to main" in said
    assert shop.pin("staging") == bad


def test_the_bad_commit_stays_away_until_it_is_released(shop, two):
    good, bad = two
    call("rollback", "prod", root=shop.work)
    shop.round()
    assert shop.pin("prod") == good
    assert f"{bad[:12]} is on hold on prod" in shop.decide()["prod"].reason
    assert call("release", "prod", root=shop.work)[0] == 0
    shop.round()
    assert shop.pin("prod") == bad


def test_what_contains_the_bad_commit_waits_as_well_after_a_rollback_by_a_person(shop, two):
    _, bad = two
    call("rollback", "prod", root=shop.work)
    newer = shop.change()
    shop.passes("dev", newer)
    shop.round()
    shop.passes("staging", newer)
    shop.round()
    assert shop.pin("staging") == newer
    assert f"contains {bad[:12]}" in shop.decide()["prod"].reason


def test_rolling_back_twice_does_not_return_to_what_is_on_hold(shop, two):
    good, _ = two
    older = shop.release("prod")["history"][-1]["revision"]
    call("rollback", "prod", root=shop.work)
    assert shop.pin("prod") == good == older
    with pytest.raises(InputError, match="no older pin"):
        call("rollback", "prod", root=shop.work)


def test_to_names_an_older_pin_by_its_first_digits(shop, two):
    first, _ = two
    shop.settle(shop.change())
    call("rollback", "prod", "--to", first[:8], root=shop.work)
    assert shop.pin("prod") == first


@pytest.mark.parametrize("to", ["f" * 40, "main", "", "abc"])
def test_a_commit_that_never_ran_there_is_no_target(shop, two, to):
    with pytest.raises(InputError, match="no pin that prod can go back to") as caught:
        call("rollback", "prod", "--to", to, root=shop.work)
    assert two[0][:12] in caught.value.hint


def test_a_misspelt_cluster_is_answered_with_the_nearest(shop):
    with pytest.raises(InputError) as caught:
        call("rollback", "prdo", root=shop.work)
    assert "prod" in caught.value.hint


def test_malformed_files_of_other_clusters_do_not_matter(shop, two):
    shop.commit(
        **{
            "clusters/staging/release.yaml": "release: [\n",
            "clusters/dev/cluster.yaml": "cluster: [\n",
            "clusters/prod/cluster.yaml": "cluster: [\n",
        }
    )
    call("rollback", "prod", root=shop.work)
    assert shop.pin("prod") == two[0]


def test_no_work_tree_and_no_local_commit_is_touched(shop, two):
    git(shop.work, "pull", "-q")
    (shop.work / "README.md").write_text("half written\n")
    before = git(shop.work, "rev-parse", "HEAD")
    call("rollback", "prod", root=shop.work)
    assert (git(shop.work, "rev-parse", "HEAD"), (shop.work / "README.md").read_text()) == (before, "half written\n")
    assert shop.pin("prod") == two[0]


def test_main_that_moves_meanwhile_is_no_obstacle(shop, two):
    moved = []

    class Late(Desk):
        def push(self, base, edits):
            if not moved:
                moved.append(shop.commit(**{"README.md": "meanwhile\n"}))
            return super().push(base, edits)

    rollback(Late(Git(shop.work), ("operator", "operator@example.org")), "prod", None, "why", NOW)
    assert shop.pin("prod") == two[0]


def test_a_protected_main_gets_a_branch_to_merge(shop, two):
    hook = shop.remote / "hooks" / "update"
    hook.write_text('#!/bin/sh\ntest "$1" != refs/heads/main || { echo protected >&2; exit 1; }\n')
    hook.chmod(0o755)
    code, said = call("rollback", "prod", root=shop.work)
    branch = f"promote/prod/{two[0][:12]}"
    assert (code, shop.pin("prod"), shop.pin("prod", branch)) == (0, two[1], two[0])
    assert f"when {branch} is merged" in said


def test_on_a_cluster_that_tracks_main_it_names_the_commits_to_revert(shop):
    shop.change("overlays/prod/data/store.yaml")
    guilty = shop.change()
    shop.commit("docs: nothing", **{"README.md": "x\n"})
    code, said = call("rollback", "dev", root=shop.work)
    assert code == 1
    assert f"git revert {guilty[:12]}" in said
    assert "docs: nothing" not in said


def test_a_new_clone_serves_as_well(shop, two, tmp_path):
    code, _ = call("rollback", "prod", "--repository", str(shop.remote), root=tmp_path)
    assert (code, shop.pin("prod")) == (0, two[0])


def test_a_remote_that_is_gone_is_no_traceback(shop, two):
    shop.remote.rename(shop.folder / "away.git")
    with pytest.raises(Exception, match="git fetch") as caught:
        call("rollback", "prod", root=shop.work)
    assert caught.value.hint


def test_the_origin_of_a_rollback_stays_in_a_long_history(shop, two):
    good, _ = two
    while len(shop.release("prod")["history"]) < KEPT:
        shop.settle(shop.change())
    assert shop.release("prod")["history"][-1]["revision"] == good
    call("rollback", "prod", "--to", good, root=shop.work)
    history = shop.release("prod")["history"]
    assert len(history) == KEPT
    assert [entry["kind"] for entry in history if entry["revision"] == good] == ["rollback", "first"]


def test_release_without_a_hold_writes_nothing(shop, two):
    before = git(shop.remote, "rev-parse", "main")
    assert "nothing is on hold" in call("release", "prod", root=shop.work)[1]
    assert git(shop.remote, "rev-parse", "main") == before


def test_an_override_pins_any_commit_of_main_and_carries_its_signature(shop, two, tmp_path):
    new = shop.change()
    key = tmp_path / "chief.pem"
    key.write_text(PAIRS["chief"][0])
    call("override", "prod", "--to", new, "--reason", "the fire", "--key", str(key), root=shop.work)
    entry = shop.release("prod")["history"][0]
    assert (shop.pin("prod"), entry["kind"], entry["reason"]) == (new, "override", "the fire")


def test_an_override_by_a_key_that_the_cluster_does_not_name_is_refused_before_anything_is_written(shop, two, tmp_path):
    key = tmp_path / "stranger.pem"
    key.write_text(PAIRS["stranger"][0])
    with pytest.raises(InputError, match="does not name this key"):
        call("override", "prod", "--to", "HEAD", "--reason", "x", "--key", str(key), root=shop.work)
    assert shop.pin("prod") == two[1]


def test_only_the_one_clusters_file_is_read(shop, two):
    shutil.rmtree(shop.work / "overlays")
    assert look(Git(shop.work), "prod").release.revision == two[1]
