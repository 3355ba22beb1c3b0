"""No pin reaches main, or acts on a cluster, that is not a signed PASS, a rollback or a signed override."""

from datetime import timedelta

import pytest

from leanrag.catalog.commits import Commits
from leanrag.core import yamlio
from leanrag.core.clock import stamp
from leanrag.core.git import Git
from leanrag.evidence.keys import make_key
from leanrag.evidence.override import Override, sign_override
from leanrag.promote.commands import release, rollback
from leanrag.promote.desk import Desk
from leanrag.promote.proving import override, verify_diff, verify_live

from .conftest import KEYS, facts_of, git


@pytest.fixture
def staged(shop):
    """Bring staging and prod to a commit, and let dev pass the next one; return both."""
    old = shop.settle(shop.change())
    new = shop.change()
    shop.passes("dev", new)
    return old, new


def branch(shop, cluster, change, file="release"):
    """Commit a change of one cluster's file on a branch `pr`."""
    git(shop.work, "fetch", "-q")
    git(shop.work, "checkout", "-q", "-B", "pr", "origin/main")
    path = shop.work / f"clusters/{cluster}/{file}.yaml"
    document = yamlio.read(path)
    change(document[file])
    path.write_text(yamlio.dump(document))
    git(shop.work, "commit", "-q", "-am", "by hand")


def judged(shop, base="origin/main", head="HEAD"):
    git(shop.work, "fetch", "-q")
    told = verify_diff(Git(shop.work), base, head, shop.now)
    return told.code, "\n".join(told.lines)


def token_of(shop, at):
    return shop.bodies["dev"][at]["data"]["evidence.jws"]


def entry(shop, sha, token=None, **changes):
    """Return a history entry as the promoter would write it from dev's newest verdict."""
    token = token_of(shop, -1) if token is None else token
    made = {
        "revision": sha,
        "at": stamp(shop.now),
        "kind": "promote",
        "from": "dev",
        "evidence": token,
        "by": "operator",
    }
    return made | {"verdict": f"dev-{sha[:12]}-1"} | changes


def pin(sha, *entries):
    """Return a change that pins a commit with these entries in front of the history."""

    def change(release_):
        release_["revision"] = sha
        release_["history"] = [*entries, *release_["history"]]

    return change


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


def test_rollback_and_release_are_proven(shop, staged):
    shop.round()
    before = git(shop.remote, "rev-parse", "main")
    desk = Desk(Git(shop.work), ("operator", "operator@example.org"))
    rollback(desk, "staging", None, "why", shop.now)
    release(desk, "staging", "it was the weather", shop.now)
    code, said = judged(shop, before, "origin/main")
    assert (code, shop.pin("staging")) == (0, staged[0])
    assert "refused" not in said


def test_a_hold_that_vanishes_without_an_entry_is_refused(shop, staged):
    shop.edit("staging", hold={"revisions": [staged[1]], "reason": "no"})
    branch(shop, "staging", lambda r: r.pop("hold"))
    code, said = judged(shop)
    assert code == 1
    assert "no entry of kind release says who took it off" in said


def test_a_rollback_that_forgets_its_hold_is_refused(shop, staged):
    shop.round()
    rollback(Desk(Git(shop.work), ("operator", "o@example.org")), "staging", None, "why", shop.now)
    rolled = shop.release("staging")
    rolled.pop("hold")
    git(shop.work, "fetch", "-q")
    git(shop.work, "checkout", "-q", "-B", "pr", "origin/main~1")
    (shop.work / "clusters/staging/release.yaml").write_text(yamlio.dump({"release": rolled}))
    git(shop.work, "commit", "-q", "-am", "half a rollback")
    assert f"the hold of {staged[1][:12]} is gone" in judged(shop, "origin/main~1")[1]


def test_a_signed_override_is_proven_once(shop, staged):
    shop.edit("prod", "cluster", protected=True)
    before, new = git(shop.remote, "rev-parse", "main"), staged[1]
    override(Desk(Git(shop.work), ("operator", "o@example.org")), "prod", new, "fire", KEYS["chief"], shop.now)
    assert judged(shop, before, "origin/main")[0] == 0
    token = shop.release("prod")["history"][0]["evidence"]
    branch(shop, "prod", pin(new, entry(shop, new, token=token, kind="override", **{"from": "", "verdict": ""})))
    assert "was used before" in judged(shop)[1]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"cluster": "staging"}, "for"),
        ({"revision": "f" * 40}, "for ffffffffffff"),
        ({"at": "2026-11-01T00:00:00Z"}, "more than 7 days ago"),
        ({"at": "2026-12-24T00:00:00Z"}, "in the future"),
    ],
)
def test_an_override_for_something_else_is_refused(shop, staged, made, told):
    new = staged[1]
    facts = {"cluster": "prod", "revision": new, "reason": "fire", "by": "operator", "at": stamp(shop.now)} | made
    token = sign_override(Override(**facts), KEYS["chief"])
    branch(shop, "prod", pin(new, entry(shop, new, token=token, kind="override", **{"from": "", "verdict": ""})))
    code, said = judged(shop)
    assert code == 1
    assert told in said


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


def live(shop, cluster, head="origin/main"):
    git(shop.work, "fetch", "-q")
    told = verify_live(Git(shop.work), cluster, head, shop.now)
    return told.code, "\n".join(told.lines)


def test_what_runs_is_proven_by_its_newest_entry_however_old_it_is(shop, staged):
    shop.round()
    shop.now += timedelta(days=400)
    assert live(shop, "staging") == (0, f"staging at {staged[1][:12]} is proven by its history")


def test_before_a_sync_a_hand_edited_pin_is_refused(shop, staged):
    shop.edit("staging", revision=staged[1])
    assert live(shop, "staging")[0] == 1


def test_before_a_sync_forged_evidence_is_refused(shop, staged):
    token = shop.says("dev", "PASS", staged[1], attempt=2, key="stranger")["data"]["evidence.jws"]
    history = [entry(shop, staged[1], token=token), *shop.release("staging")["history"]]
    shop.edit("staging", revision=staged[1], history=history)
    code, said = live(shop, "staging")
    assert code == 1
    assert "key" in said


def test_a_rollback_is_proven_before_a_sync_though_its_leader_is_malformed(shop, staged):
    shop.round()
    rollback(Desk(Git(shop.work), ("operator", "o@example.org")), "staging", None, "why", shop.now)
    shop.commit(**{"clusters/dev/cluster.yaml": "cluster: [\n"})
    assert live(shop, "staging")[0] == 0


def test_a_rollback_to_what_never_ran_here_is_refused_before_a_sync(shop, staged):
    made = entry(shop, staged[1], kind="rollback")
    shop.edit("staging", revision=staged[1], history=[made, *shop.release("staging")["history"]])
    assert "never ran here" in live(shop, "staging")[1]


def test_a_cluster_that_tracks_main_has_nothing_to_prove(shop):
    assert live(shop, "dev")[0] == 0


def test_a_shallow_clone_gives_no_answer(shop, tmp_path, staged):
    import subprocess

    from leanrag.core.errors import InputError

    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{shop.remote}", tmp_path / "shallow"], check=True)
    with pytest.raises(InputError, match="shallow"):
        verify_diff(Git(tmp_path / "shallow"), "origin/main", "HEAD", shop.now)


def test_a_commit_of_main_reads_the_same_whatever_was_read_before(shop, staged):
    commits = Commits(Git(shop.remote))
    assert commits.at(staged[0]).facts("dev") == commits.at(staged[1]).facts("dev")
