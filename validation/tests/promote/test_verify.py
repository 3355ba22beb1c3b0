"""No diff reaches main whose pin is not proven by a signed PASS of the cluster it follows."""

from datetime import timedelta

import pytest

from leanrag.catalog.commits import Commits
from leanrag.core import yamlio
from leanrag.core.git import Git
from leanrag.evidence.keys import make_key
from leanrag.promote.proving import verify_diff

from .conftest import KEYS, facts_of, git
from .diffs import branch, entry, judged, pin


def test_what_the_promoter_writes_is_proven(shop, staged):
    before = git(shop.remote, "rev-parse", "main")
    shop.round()
    shop.passes("staging", staged[1])
    shop.round()
    git(shop.work, "fetch", "-q")
    assert judged(shop, before, "origin/main")[0] == 0
    assert shop.pin("prod") == staged[1]


def test_a_diff_without_a_release_is_proven(shop):
    before = git(shop.remote, "rev-parse", "main")
    shop.change()
    assert judged(shop, before, "origin/main")[0] == 0


def test_a_proposed_branch_is_proven(shop, staged):
    shop.edit("staging", approval="manual")
    shop.round()
    assert judged(shop, head=f"origin/{shop.branches()[0]}")[0] == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda s, old, new: lambda r: r.update(revision=new), "no entry of the history says why"),
        (lambda s, old, new: lambda r: r.update(revision="main"), "no entry of the history says why"),
        (lambda s, old, new: lambda r: r.pop("revision"), "goes from"),
        (lambda s, old, new: lambda r: r.update(history=[]), "history was rewritten"),
        (lambda s, old, new: lambda r: r["history"][0].update(by="nobody"), "history was rewritten"),
        (lambda s, old, new: pin(new, entry(s, new, token="")), "unsigned"),
        (lambda s, old, new: pin("f" * 40, entry(s, "f" * 40)), "no such commit on main"),
        (
            lambda s, old, new: pin(new, entry(s, new, token=s.bodies["dev"][0]["data"]["evidence.jws"])),
            "about the commit",
        ),
        (lambda s, old, new: pin(new, entry(s, new, **{"from": "prod"})), "this cluster follows dev"),
        (lambda s, old, new: pin(new, entry(s, new, verdict="other-1")), "it names the verdict other-1"),
        (lambda s, old, new: pin(s.first, entry(s, s.first, kind="rollback", replaced=old)), "never ran here"),
        (lambda s, old, new: pin(s.first, entry(s, s.first)), "does not descend"),
        (lambda s, old, new: pin(new, entry(s, new, kind="override", token="")), "its override: unsigned"),
        (lambda s, old, new: pin(new, entry(s, new, kind="release")), "it moves the pin"),
    ],
)
def test_a_pin_that_is_not_proven_is_refused(shop, staged, change, told):
    branch(shop, "staging", change(shop, *staged))
    code, said = judged(shop)
    assert code == 1
    assert told in said


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": "stranger"}, "key"),
        ({"cluster": "prod"}, "about the cluster prod"),
        ({"outcome": "FAIL"}, "the outcome is FAIL"),
        ({"contentHash": "sha256:" + "0" * 64}, "other content"),
        ({"old": True}, "too old"),
    ],
)
def test_evidence_of_another_key_cluster_content_or_time_is_refused(shop, staged, changes, told):
    new = staged[1]
    changes = dict(changes)
    if changes.pop("old", False):
        changes["ended"] = shop.now - timedelta(days=8)
    place = changes.pop("cluster", "dev")
    body = shop.says(place, changes.pop("outcome", "PASS"), new, attempt=2, **{"key": "dev"} | changes)
    token = body["data"]["evidence.jws"]
    branch(shop, "staging", pin(new, entry(shop, new, token=token, verdict=f"dev-{new[:12]}-2")))
    code, said = judged(shop)
    assert code == 1
    assert told in said


def test_the_keys_of_the_branch_do_not_count(shop, staged):
    new = staged[1]
    pem, public = make_key()
    from leanrag.evidence.keys import parse_key

    KEYS["new"] = parse_key(pem, "new")
    token = shop.says("dev", "PASS", new, attempt=2, key="new")["data"]["evidence.jws"]
    branch(shop, "staging", pin(new, entry(shop, new, token=token)))
    path = shop.work / "clusters/dev/cluster.yaml"
    path.write_text(yamlio.dump(facts_of("dev", gate={"publicKeys": [public]})))
    git(shop.work, "commit", "-q", "-am", "and the key")
    code, said = judged(shop)
    assert code == 1
    assert "policy: clusters/dev: cluster.gate.publicKeys changes" in said


def test_devs_pass_does_not_carry_prod_past_staging(shop, staged):
    new = staged[1]
    branch(shop, "prod", pin(new, entry(shop, new)))
    assert "this cluster follows staging" in judged(shop)[1]


def test_a_follower_that_requires_full_refuses_smoke_in_ci_too(shop, staged):
    shop.edit("staging", "cluster", gate={**facts_of("staging")["cluster"]["gate"], "requires": "full"})
    new = shop.change()
    shop.passes("dev", new, mode="smoke")
    branch(shop, "staging", pin(new, entry(shop, new)))
    assert "full is required" in judged(shop)[1]


def test_a_held_commit_is_refused_though_it_passed(shop, staged):
    new = staged[1]
    shop.edit("staging", hold={"revisions": [new], "reason": "no"})
    branch(shop, "staging", pin(new, entry(shop, new)))
    assert "on hold on staging" in judged(shop)[1]


def test_a_promotion_is_not_merged_into_a_freeze(shop, staged):
    window = {"schedule": "* * * * *", "duration": "1h", "reason": "inventory"}
    shop.edit("staging", "cluster", freeze=[window])
    branch(shop, "staging", pin(staged[1], entry(shop, staged[1])))
    assert "inventory" in judged(shop)[1]


def test_each_of_several_clusters_is_judged(shop, staged):
    branch(shop, "staging", lambda r: r.update(revision=staged[1]))
    path = shop.work / "clusters/prod/release.yaml"
    document = yamlio.read(path)
    document["release"]["revision"] = staged[1]
    path.write_text(yamlio.dump(document))
    git(shop.work, "commit", "-q", "-am", "and prod")
    said = judged(shop)[1]
    assert "refused: clusters/prod" in said
    assert "refused: clusters/staging" in said


@pytest.mark.parametrize(
    ("file", "changes", "told"),
    [
        ("release", {"follows": "dev"}, "release.follows: staging becomes dev"),
        ("release", {"approval": "manual"}, "release.approval: auto becomes manual"),
        ("release", {"server": "https://elsewhere.example.com"}, "release.server"),
        ("cluster", {"protected": True}, "cluster.protected changes"),
        ("cluster", {"promotion": {"overrideKeys": []}}, "cluster.promotion.overrideKeys changes"),
    ],
)
def test_policies_are_named_for_their_owners_and_not_refused(shop, staged, file, changes, told):
    branch(shop, "prod", lambda r: r.update(changes), file=file)
    code, said = judged(shop)
    assert code == 0
    assert f"policy: clusters/prod: {told}" in said


def test_a_cluster_that_stops_following_does_not_get_a_pin_by_hand(shop, staged):
    def free(release_):
        release_.pop("follows")
        release_["revision"] = staged[1]

    branch(shop, "staging", free)
    assert judged(shop)[0] == 1


def test_a_removed_release_and_one_that_is_no_file_are_refused(shop, staged):
    git(shop.work, "fetch", "-q")
    git(shop.work, "checkout", "-q", "-B", "pr", "origin/main")
    (shop.work / "clusters/staging/release.yaml").unlink()
    (shop.work / "clusters/prod/release.yaml").unlink()
    (shop.work / "clusters/prod/release.yaml").symlink_to("../dev/release.yaml")
    git(shop.work, "commit", "-q", "-am", "gone")
    said = judged(shop)[1]
    assert "clusters/staging: the file that pins" in said
    assert "clusters/prod: it is no plain file" in said


def test_a_branch_that_main_has_overtaken_is_sent_back(shop, staged):
    branch(shop, "staging", pin(staged[1], entry(shop, staged[1])))
    shop.edit("staging", onFail="rollback")
    git(shop.work, "checkout", "-q", "pr")
    assert "rebase it" in judged(shop)[1]


def test_a_branch_without_common_history_is_refused(shop, staged):
    git(shop.work, "checkout", "-q", "--orphan", "pr")
    git(shop.work, "commit", "-q", "-m", "another history")
    assert "shares no history" in judged(shop)[1]


def test_a_shallow_clone_gives_no_answer(shop, tmp_path, staged):
    import subprocess

    from leanrag.core.errors import InputError

    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{shop.remote}", tmp_path / "shallow"], check=True)
    with pytest.raises(InputError, match="shallow"):
        verify_diff(Git(tmp_path / "shallow"), "origin/main", "HEAD", shop.now)


def test_a_commit_of_main_reads_the_same_whatever_was_read_before(shop, staged):
    commits = Commits(Git(shop.remote))
    assert commits.at(staged[0]).facts("dev") == commits.at(staged[1]).facts("dev")
