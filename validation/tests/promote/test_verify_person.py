"""A rollback, a release and an override are proven by their entries: no hold vanishes, no override counts twice."""

import pytest

from leanrag.core import yamlio
from leanrag.core.clock import stamp
from leanrag.core.git import Git
from leanrag.evidence.override import Override, sign_override
from leanrag.promote.commands import release, rollback
from leanrag.promote.desk import Desk
from leanrag.promote.proving import override

from .conftest import KEYS, git
from .diffs import branch, entry, judged, pin


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
