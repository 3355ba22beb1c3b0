"""A PASS moves nothing past a hold, a freeze, a person, an image without digest or a file nobody can read."""

from datetime import timedelta

import pytest

from leanrag.promote import facts
from leanrag.promote.moves import Delivery, Move, Why

from .decisions import moved


def test_a_commit_on_hold_is_not_placed(shop):
    new = shop.change()
    shop.passes("dev", new)
    shop.edit("staging", hold={"revisions": [new], "reason": "it lost answers"})
    wait = shop.decide()["staging"]
    assert wait.why is Why.HOLD
    assert "on hold on staging: it lost answers (leanrag release staging)" in wait.reason


def test_a_hold_holds_every_commit_of_equal_content(shop):
    bad = shop.change()
    shop.edit("staging", hold={"revisions": [bad]})
    again = shop.commit(**{"docs/x.md": "the same again\n"})
    shop.passes("dev", again)
    assert f"renders what {bad[:12]} does" in shop.decide()["staging"].reason


def test_a_hold_does_not_hold_the_repair(shop):
    bad = shop.change()
    shop.edit("staging", hold={"revisions": [bad]})
    repaired = shop.change()
    shop.passes("dev", repaired)
    assert moved(shop) == repaired


def test_a_hold_on_staging_holds_prod_as_well(shop):
    new = shop.change()
    shop.passes("staging", new)
    shop.edit("staging", hold={"revisions": [new]})
    assert "on hold on staging" in shop.decide()["prod"].reason


WINDOW = {"schedule": "0 18 * * 5", "duration": "62h", "timeZone": "Europe/Berlin", "reason": "weekend"}


def test_a_freeze_window_stops_a_promotion_and_says_until_when(shop):
    shop.edit("staging", "cluster", freeze=[WINDOW])
    shop.passes("dev", shop.change())
    assert isinstance(shop.decide()["staging"], Move)
    shop.now += timedelta(hours=6)
    wait = shop.decide()["staging"]
    assert (wait.why, "frozen until 2026-11-23T07:00:00Z: weekend" in wait.reason) == (Why.FROZEN, True)


@pytest.mark.parametrize("changes", [{"approval": "manual"}, {"delivery": "pull-request"}])
def test_approval_by_a_person_is_a_pull_request(shop, changes):
    shop.edit("staging", **changes)
    shop.passes("dev", shop.change())
    assert shop.decide()["staging"].delivery is Delivery.PULL_REQUEST


def test_a_protected_cluster_waits_until_its_images_are_locked(shop, monkeypatch):
    shop.edit("staging", "cluster", protected=True)
    sha = shop.change()
    shop.passes("dev", sha)
    asked = []
    monkeypatch.setattr(facts, "held_back", lambda _, *what: asked.append(what) or "'x:1' has no digest; lock it")
    wait = shop.decide()["staging"]
    assert (wait.why, wait.reason) == (Why.IMAGES, f"{sha[:12]}: 'x:1' has no digest; lock it")
    assert asked == [("staging", sha)]
    monkeypatch.setattr(facts, "held_back", lambda *_: "")
    assert isinstance(shop.decide()["staging"], Move)


def test_a_commit_that_is_not_sound_on_a_protected_cluster_waits(shop):
    shop.edit("staging", "cluster", protected=True)
    shop.passes("dev", shop.change())
    wait = shop.decide()["staging"]
    assert wait.why is Why.IMAGES
    assert "leanrag check --cluster staging says FAIL" in wait.reason


def test_a_cluster_that_is_not_protected_is_not_asked_for_locked_images(shop, monkeypatch):
    shop.passes("dev", shop.change())
    monkeypatch.setattr(facts, "held_back", lambda *_: "locked")
    assert isinstance(shop.decide()["staging"], Move)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"follows": "nowhere"}, "there is no such cluster"),
        ({"follows": "staging"}, "it follows itself"),
        ({"follows": "prod"}, "it follows itself through prod and staging"),
        ({"revision": "main"}, "tracks main"),
    ],
)
def test_what_cannot_be_followed_is_a_problem(shop, changes, told):
    shop.passes("dev", shop.change())
    shop.edit("staging", **changes)
    wait = shop.decide()["staging"]
    assert (wait.why, told in wait.reason) == (Why.PROBLEM, True)


def test_a_malformed_file_stops_its_own_cluster_only(shop):
    new = shop.change()
    shop.passes("dev", new)
    shop.commit(**{"clusters/prod/release.yaml": "release: [\n"})
    found = shop.decide()
    assert isinstance(found["staging"], Move)
    assert "clusters/prod/release.yaml" in found["prod"].reason


def test_a_malformed_leader_stops_its_followers_and_is_named(shop):
    shop.passes("dev", shop.change())
    shop.commit(**{"clusters/dev/cluster.yaml": "cluster: [\n"})
    assert "it follows dev, and there: clusters/dev/cluster.yaml" in shop.decide()["staging"].reason


def test_verdicts_that_cannot_be_read_are_unknown_not_absent(shop):
    shop.problems = {"dev": "connection refused"}
    wait = shop.decide()["staging"]
    assert (wait.why, "connection refused" in wait.reason) == (Why.UNKNOWN, True)
