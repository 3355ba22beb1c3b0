"""A round writes what was decided, all of it or nothing, and never over what somebody else has pushed."""

import subprocess
import threading

import pytest

from leanrag.core import yamlio
from leanrag.core.errors import UnreachableError
from leanrag.core.git import Git
from leanrag.promote.rounds import ATTEMPTS

from .conftest import facts_of, git


def pins_of(shop, sha, cluster="staging"):
    """Count the commits of main that set a pin."""
    return len(
        git(shop.remote, "log", "--format=%H", "-S", f"  revision: {sha}", "main", "--", f"clusters/{cluster}").split()
    )


def test_the_pin_commit_carries_the_proof_and_changes_one_file(shop):
    new = shop.change()
    shop.passes("dev", new)
    shop.round()
    entry = shop.release("staging")["history"][0]
    assert (entry["revision"], entry["kind"], entry["from"], entry["verdict"]) == (
        new,
        "first",
        "dev",
        f"dev-{new[:12]}-1",
    )
    assert entry["evidence"] == shop.bodies["dev"][0]["data"]["evidence.jws"]
    assert git(shop.remote, "show", "--format=", "--name-only", "main") == "clusters/staging/release.yaml"


def test_the_comment_at_the_head_of_the_file_stays(shop):
    shop.passes("dev", shop.change())
    shop.round()
    assert git(shop.remote, "show", "main:clusters/staging/release.yaml").startswith("# Our staging.\nrelease:\n")


def test_a_commit_of_digits_only_is_written_as_text(shop):
    from leanrag.catalog.model import ReleaseFacts
    from leanrag.promote.pins import as_text

    assert "revision: '" + "1" * 40 in as_text("staging", ReleaseFacts(revision="1" * 40))


def test_several_pins_arrive_in_one_push(shop):
    shop.edit("prod", follows="dev")
    new = shop.change()
    shop.passes("dev", new)
    shop.round()
    assert shop.pin("staging") == shop.pin("prod") == new


def test_many_pins_at_once_are_one_commit_that_names_each(shop):
    files = {}
    for number in range(12):
        facts = facts_of("prod")["cluster"] | {"name": f"edge{number}", "namespacePrefix": f"lr-edge{number}"}
        files[f"clusters/edge{number}/cluster.yaml"] = yamlio.dump({"cluster": facts})
        files[f"clusters/edge{number}/release.yaml"] = "release: {follows: dev}\n"
    new = shop.commit(**files)
    shop.passes("dev", new)
    assert len(shop.round().written) == 13
    assert {shop.pin(f"edge{number}") for number in range(12)} == {new}
    message = git(shop.remote, "log", "-1", "--format=%B", "main")
    assert message.startswith("promote: 13 clusters")
    assert f"promote(edge7): {new[:12]} from dev" in message


def test_a_round_that_has_nothing_to_do_writes_nothing(shop):
    shop.settle(shop.change())
    before = git(shop.remote, "rev-parse", "main")
    report = shop.round()
    assert (report.written, report.proposed, git(shop.remote, "rev-parse", "main")) == ((), (), before)


def test_main_that_moved_between_decision_and_push_is_read_again(shop):
    new = shop.change()
    shop.passes("dev", new)
    promoter = shop.promoter()
    real, landed = promoter.confirm, []

    def confirm(facts, clusters):
        if not landed:
            landed.append(shop.commit(**{"README.md": "meanwhile\n"}))
        return real(facts, clusters)

    promoter.confirm = confirm
    report = promoter.round()
    assert shop.pin("staging") == new
    assert "rejected" in report.refused[0]
    assert Git(shop.remote).is_ancestor(landed[0], "main")
    assert pins_of(shop, new) == 1


def test_what_a_person_pushed_meanwhile_decides_the_second_attempt(shop):
    new = shop.change()
    shop.passes("dev", new)
    promoter = shop.promoter()
    real, held = promoter.confirm, []

    def confirm(facts, clusters):
        if not held:
            held.append(shop.edit("staging", hold={"revisions": [new], "reason": "no"}))
        return real(facts, clusters)

    promoter.confirm = confirm
    promoter.round()
    assert shop.pin("staging") is None


def test_two_promoters_at_once_pin_once(shop):
    new = shop.change()
    shop.passes("dev", new)
    both = [shop.promoter("one"), shop.promoter("two")]
    barrier, reports = threading.Barrier(2), []
    for promoter in both:
        real = promoter.confirm

        def confirm(facts, clusters, real=real, waited=[]):  # noqa: B006 - one list a promoter is meant
            if not waited:
                waited.append(True)
                barrier.wait(20)
            return real(facts, clusters)

        promoter.confirm = confirm
    threads = [threading.Thread(target=lambda p=p: reports.append(p.round())) for p in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert shop.pin("staging") == new
    assert pins_of(shop, new) == 1
    # In one and the same second both make the very same commit, and both may say so.
    assert sorted(len(report.written) for report in reports) in ([0, 1], [1, 1])


def test_a_remote_that_refuses_is_reported_in_its_own_words_and_not_asked_again_and_again(shop):
    shop.passes("dev", shop.change())
    hook = shop.remote / "hooks" / "pre-receive"
    count = shop.folder / "count"
    hook.write_text(f"#!/bin/sh\necho x >> {count}\necho main is protected >&2\nexit 1\n")
    hook.chmod(0o755)
    report = shop.round()
    assert shop.pin("staging") is None
    assert "main is protected" in report.refused[0]
    assert len(count.read_text().split()) == 1 < ATTEMPTS


def test_a_remote_that_is_gone_is_an_outage_and_writes_nothing(shop):
    shop.passes("dev", shop.change())
    promoter = shop.promoter()
    shop.remote.rename(shop.folder / "away.git")
    with pytest.raises(UnreachableError):
        promoter.round()
    (shop.folder / "away.git").rename(shop.remote)
    assert promoter.round().written


def test_a_verdict_that_is_revoked_before_the_push_stops_it(shop):
    new = shop.change()
    shop.passes("dev", new)
    promoter = shop.promoter()
    real = promoter.confirm

    def confirm(facts, clusters):
        shop.says("dev", "FAIL", new, attempt=2)
        return real(facts, clusters)

    promoter.confirm = confirm
    assert promoter.round().written == ()
    assert shop.pin("staging") is None


def test_commits_are_signed_when_a_key_is_configured(shop, tmp_path):
    from leanrag.promote.desk import Desk

    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "promoter", "-f", key], check=True)
    shop.passes("dev", shop.change())
    promoter = shop.promoter()
    promoter.desk = Desk(promoter.git, signing_key=key)
    promoter.round()
    assert "-----BEGIN SSH SIGNATURE-----" in git(shop.remote, "cat-file", "commit", "main")


def test_the_whole_way_from_a_commit_to_prod_has_no_loop(shop):
    shop.edit("prod", approval="manual")
    new = shop.change()
    for cluster in ("dev", "staging"):
        shop.passes(cluster, new)
        shop.round()
    assert shop.pin("staging") == new
    branch = f"promote/prod/{new[:12]}"
    assert shop.branches() == [branch]
    git(shop.work, "pull", "-q")
    git(shop.work, "fetch", "-q")
    git(shop.work, "merge", "-q", "--no-ff", "-m", "merge", f"origin/{branch}")
    git(shop.work, "push", "-q", "origin", "main")
    shop.passes("dev", git(shop.remote, "rev-parse", "main"))
    for _ in range(3):
        assert shop.round().written == ()
    assert [shop.pin(cluster) for cluster in ("staging", "prod")] == [new, new]
