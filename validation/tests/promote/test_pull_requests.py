"""What a person has to merge is one branch on top of main, made anew or withdrawn with its verdict."""

from leanrag.promote.moves import Why

from .conftest import git


def test_a_pull_request_is_one_branch_on_top_of_main_and_main_stays(shop):
    shop.edit("staging", approval="manual")
    new = shop.change()
    shop.passes("dev", new)
    report = shop.round()
    branch = f"promote/staging/{new[:12]}"
    assert [move.revision for move in report.proposed] == [new]
    assert shop.branches() == [branch]
    assert (shop.pin("staging"), shop.pin("staging", branch)) == (None, new)


def test_a_pull_request_that_waits_is_not_proposed_again(shop):
    shop.edit("staging", approval="manual")
    shop.passes("dev", shop.change())
    shop.round()
    tip = git(shop.remote, "rev-parse", shop.branches()[0])
    assert shop.round().proposed == ()
    assert git(shop.remote, "rev-parse", shop.branches()[0]) == tip
    wait = shop.decide()["staging"]
    assert (wait.why, wait.reason) == (Why.PERSON, f"a person has to merge the branch {shop.branches()[0]}")


def test_a_newer_commit_replaces_the_branch_of_the_older(shop):
    shop.edit("staging", approval="manual")
    older = shop.change()
    shop.passes("dev", older)
    shop.round()
    newer = shop.change()
    shop.passes("dev", newer)
    shop.round()
    assert shop.branches() == [f"promote/staging/{newer[:12]}"]


def test_a_branch_is_withdrawn_when_its_verdict_is_revoked(shop):
    shop.edit("staging", approval="manual")
    new = shop.change()
    shop.passes("dev", new)
    shop.round()
    shop.says("dev", "FAIL", new, attempt=2)
    shop.round()
    assert shop.branches() == []


def test_a_branch_stays_while_verdicts_cannot_be_read(shop):
    shop.edit("staging", approval="manual")
    shop.passes("dev", shop.change())
    shop.round()
    before = shop.branches()
    shop.bodies, shop.problems = {}, {"dev": "connection refused"}
    shop.round()
    assert shop.branches() == before != []


def test_a_merged_branch_is_removed_and_the_pin_is_the_proposed_one(shop):
    shop.edit("staging", approval="manual")
    new = shop.change()
    shop.passes("dev", new)
    shop.round()
    branch = shop.branches()[0]
    git(shop.work, "fetch", "-q")
    git(shop.work, "merge", "-q", "--no-ff", "-m", "merge", f"origin/{branch}")
    git(shop.work, "push", "-q", "origin", "main")
    shop.round()
    assert (shop.pin("staging"), shop.branches()) == (new, [])


def test_a_branch_that_main_has_overtaken_is_made_anew(shop):
    shop.edit("staging", approval="manual")
    new = shop.change()
    shop.passes("dev", new)
    shop.round()
    shop.edit("staging", onFail="rollback")
    shop.round()
    assert shop.branches() == [f"promote/staging/{new[:12]}"]
    assert shop.release("staging", shop.branches()[0])["onFail"] == "rollback"


def test_a_persons_commits_on_a_branch_are_not_removed(shop):
    shop.edit("staging", approval="manual")
    shop.passes("dev", shop.change())
    shop.round()
    branch = shop.branches()[0]
    git(shop.work, "fetch", "-q")
    git(shop.work, "checkout", "-q", "-b", "mine", f"origin/{branch}")
    git(shop.work, "commit", "-q", "--allow-empty", "-m", "a thought")
    git(shop.work, "push", "-q", "origin", f"mine:{branch}")
    git(shop.work, "checkout", "-q", "main")
    shop.passes("dev", shop.change())
    shop.round()
    assert branch in shop.branches()
