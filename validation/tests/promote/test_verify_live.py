"""No pin acts on a cluster that the cluster's own history does not prove."""

from datetime import timedelta

from leanrag.core.git import Git
from leanrag.promote.commands import rollback
from leanrag.promote.desk import Desk
from leanrag.promote.proving import verify_live

from .conftest import git
from .diffs import entry


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
