"""A pin moves on a PASS and on nothing less; everything else waits, and says why in one sentence."""

from datetime import timedelta

import pytest

from leanrag.core import yamlio
from leanrag.promote.moves import Hold, Wait, Why

from .conftest import facts_of
from .decisions import moved


def test_a_pass_moves_the_pin_of_the_follower_and_of_nobody_else(shop):
    new = shop.change()
    shop.passes("dev", new)
    found = shop.decide()
    assert (moved(shop), found["staging"].source) == (new, "dev")
    assert isinstance(found["prod"], Wait)
    assert "staging has no verdict" in found["prod"].reason


def test_without_a_verdict_everybody_waits_and_says_for_whom(shop):
    assert {name: type(each) for name, each in shop.decide().items()} == {"staging": Wait, "prod": Wait}
    assert shop.decide()["staging"].reason == "dev has no verdict about a commit"


@pytest.mark.parametrize("outcome", ["FAIL", "INCONCLUSIVE", "NOT_RUN"])
def test_anything_but_a_pass_waits_with_the_gates_own_words(shop, outcome):
    shop.says("dev", outcome, shop.change())
    wait = shop.decide()["staging"]
    assert wait.why is Why.VERDICT
    assert f"is {outcome}: it is a {outcome}" in wait.reason


def test_the_newest_commit_that_passed_is_taken_though_a_newer_one_failed(shop):
    good, bad = shop.change(), shop.change()
    shop.passes("dev", good)
    shop.says("dev", "FAIL", bad)
    assert moved(shop) == good


def test_of_two_commits_that_passed_the_newer_is_taken(shop):
    older, newer = shop.change(), shop.change()
    shop.passes("dev", newer)
    shop.passes("dev", older)
    assert moved(shop) == newer


def test_a_later_fail_of_the_same_commit_revokes_its_pass(shop):
    new = shop.change()
    shop.passes("dev", new)
    shop.says("dev", "FAIL", new, attempt=2, trigger="nightly")
    assert "FAIL" in shop.decide()["staging"].reason


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": "stranger"}, "key"),
        ({"contentHash": "sha256:" + "0" * 64}, "other content"),
        ({"scope": "local"}, "scope local"),
        ({"ended": None}, "too old"),
    ],
)
def test_evidence_that_is_not_about_this_moves_nothing(shop, changes, told):
    new = shop.change()
    if "ended" in changes:
        changes = {"ended": shop.now - timedelta(days=8)}
    body = shop.says("dev", "PASS", new, **({"key": "dev"} | changes))
    shop.bodies = {"dev": [body]}
    wait = shop.decide()["staging"]
    assert isinstance(wait, Wait)
    assert told in wait.reason


def test_a_commit_that_is_not_on_main_is_no_candidate(shop):
    new = shop.change()
    shop.passes("dev", new)
    shop.bodies["dev"][0]["metadata"]["name"] = f"verdict-{'f' * 12}-1"
    assert isinstance(shop.decide()["staging"], Wait)


def test_only_a_descendant_of_the_pin_is_a_candidate(shop):
    old, new = shop.change(), shop.change()
    shop.edit("staging", revision=new)
    shop.passes("dev", old)
    assert "no verdict about a commit after its pin" in shop.decide()["staging"].reason


def test_a_pin_that_main_does_not_contain_is_a_problem(shop):
    shop.edit("staging", revision="f" * 40)
    wait = shop.decide()["staging"]
    assert wait.why is Why.PROBLEM
    assert "main does not descend from its pin ffffffffffff" in wait.reason


def test_a_commit_that_changes_only_documents_moves_nothing(shop):
    shop.settle(shop.change())
    docs = shop.commit(**{"README.md": "new words\n", "docs/x.md": "x\n"})
    shop.passes("dev", docs)
    wait = shop.decide()["staging"]
    assert (wait.why, "changes nothing here" in wait.reason) == (Why.SETTLED, True)


def test_a_pin_commit_is_no_news_so_the_loop_ends(shop):
    new = shop.change()
    shop.passes("dev", new)
    assert shop.round().written
    shop.passes("dev", shop.facts().main)
    assert shop.round().written == ()
    assert shop.decide()["staging"].why is Why.SETTLED


def test_a_change_for_prod_alone_passes_through_staging(shop):
    shop.settle(shop.change())
    only_prod = shop.change("overlays/prod/data/store.yaml")
    shop.passes("dev", only_prod)
    shop.round()
    assert [shop.pin(cluster) == only_prod for cluster in ("staging", "prod")] == [True, False]
    shop.passes("staging", only_prod)
    shop.round()
    assert shop.pin("prod") == only_prod


def test_a_change_for_staging_alone_does_not_go_on_to_prod(shop):
    shop.settle(shop.change())
    only_staging = shop.change("overlays/staging/data/store.yaml")
    shop.passes("dev", only_staging)
    shop.round()
    shop.passes("staging", only_staging)
    assert shop.decide()["prod"].why is Why.SETTLED


def test_a_follower_that_requires_a_full_run_refuses_a_smoke_run(shop):
    shop.edit("staging", "cluster", gate={**facts_of("staging")["cluster"]["gate"], "requires": "full"})
    new = shop.change()
    shop.passes("dev", new, mode="smoke")
    wait = shop.decide()["staging"]
    assert (wait.why, wait.reason.endswith("mode smoke, and full is required")) == (Why.REQUIRES, True)


def test_a_failing_pin_is_put_on_hold(shop):
    bad = shop.settle(shop.change())
    shop.says("staging", "FAIL", bad, attempt=2, trigger="nightly")
    assert [each for each in shop.decisions() if isinstance(each, Hold)] == [
        Hold("staging", bad, "", f"staging-{bad[:12]}-2", "it is a FAIL")
    ]
    shop.round()
    assert shop.release("staging")["hold"]["revisions"] == [bad]
    assert shop.round().written == ()


def test_a_failing_pin_goes_back_where_the_cluster_says_so(shop):
    shop.edit("staging", onFail="rollback")
    good, bad = shop.settle(shop.change()), shop.settle(shop.change())
    shop.says("staging", "FAIL", bad, attempt=2, trigger="nightly")
    shop.round()
    assert shop.pin("staging") == good
    assert shop.release("staging")["hold"]["revisions"] == [bad]


def test_a_failing_pin_gives_way_to_a_repair_that_passed(shop):
    bad = shop.settle(shop.change())
    shop.says("staging", "FAIL", bad, attempt=2)
    repaired = shop.change()
    shop.passes("dev", repaired)
    shop.round()
    assert shop.pin("staging") == repaired


def test_what_fails_here_does_not_come_back_as_an_equal_commit(shop):
    bad = shop.settle(shop.change())
    shop.says("staging", "FAIL", bad, attempt=2)
    only_prod = shop.change("overlays/prod/data/store.yaml")
    shop.passes("dev", only_prod)
    assert "renders what fails here" in shop.decide()["staging"].reason


def test_a_cluster_that_appeared_later_is_promoted_to_like_any_other(shop):
    facts = facts_of("dev")["cluster"] | {"name": "edge"}
    files = {
        "clusters/edge/cluster.yaml": yamlio.dump({"cluster": facts}),
        "clusters/edge/release.yaml": "release: {follows: dev}\n",
    }
    new = shop.commit(**files)
    shop.passes("dev", new)
    assert moved(shop, "edge") == new


def test_a_new_cluster_is_not_pinned_to_a_commit_that_does_not_know_it(shop):
    before = shop.change()
    shop.passes("dev", before)
    facts = facts_of("dev", namespacePrefix="lr-edge")
    facts["cluster"]["name"] = "edge"
    files = {
        "clusters/edge/cluster.yaml": yamlio.dump(facts),
        "clusters/edge/release.yaml": "release: {follows: dev}\n",
    }
    after = shop.commit("a cluster at the edge", **files)
    assert "no readable clusters/edge/cluster.yaml" in shop.decide()["edge"].reason
    shop.passes("dev", after)
    assert moved(shop, "edge") == after
