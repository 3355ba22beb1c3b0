"""Health and metrics of the promoter tell of every cluster once: what waits, what was refused, how long a pin took."""

from datetime import datetime

from leanrag.promote.moves import Why
from leanrag.promote.serving import Health, merged


def body(name, metrics, created="2026-11-20T00:00:00Z"):
    return {"metadata": {"name": name, "creationTimestamp": created}, "data": {"metrics.prom": metrics}}


def test_metrics_of_several_clusters_make_one_document_with_each_family_once():
    one = '# TYPE leanrag_gate_outcome gauge\nleanrag_gate_outcome{cluster="a"} 1\n# EOF\n'
    two = one.replace('"a"', '"b"')
    sha = "a" * 12
    text = merged("", {"a": [body(f"verdict-{sha}-1", one)], "b": [body(f"verdict-{sha}-1", two)]})
    assert text.splitlines() == [
        "# TYPE leanrag_gate_outcome gauge",
        'leanrag_gate_outcome{cluster="a"} 1',
        'leanrag_gate_outcome{cluster="b"} 1',
        "# EOF",
    ]


def test_only_the_newest_verdict_of_a_cluster_is_shown_and_foreign_families_are_left_out():
    sha = "a" * 12
    old = body(f"verdict-{sha}-1", "# TYPE leanrag_x gauge\nleanrag_x 1\n# EOF\n", "2026-11-19T00:00:00Z")
    new = body(f"verdict-{sha}-2", "# TYPE leanrag_x gauge\nleanrag_x 2\n# TYPE up gauge\nup 0\nleanrag_y 1\n# EOF\n")
    other = body("something", "# TYPE leanrag_x gauge\nleanrag_x 3\n", "2026-12-01T00:00:00Z")
    assert merged("", {"a": [old, new, other]}).splitlines() == ["# TYPE leanrag_x gauge", "leanrag_x 2", "# EOF"]


def test_a_refused_push_makes_it_sick_and_the_next_good_round_well(shop):
    health = Health(10.0)
    assert health.sick()
    shop.passes("dev", shop.change())
    hook = shop.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    health.success(shop.round())
    assert "pre-receive hook declined" in health.sick()
    hook.unlink()
    health.success(shop.round())
    assert (health.sick(), health.written, health.refused) == ("", 1, 1)


def test_waiting_names_the_kind_of_waiting(shop):
    assert {each.why for each in shop.decide().values()} == {Why.VERDICT}


def test_lead_time_is_from_the_commit_to_its_pin_and_a_rollback_has_none(shop):
    sha = shop.change()
    shop.settle(sha)
    health = Health(10.0)
    shop.passes("prod", sha)
    health.success(shop.round())
    leads = {each.cluster: each for each in health.pinned}
    committed = shop.facts().line.at(sha)
    at = datetime.fromisoformat(shop.release("prod")["history"][0]["at"]).timestamp()
    assert leads["prod"].at == at
    assert leads["prod"].lead == max(0.0, at - committed)
    assert "dev" not in leads  # it tracks main
    assert f'leanrag_promoter_lead_time_seconds{{cluster="prod"}} {leads["prod"].lead:.10g}' in health.metrics()
    back = shop.release("prod")["history"][0] | {"kind": "rollback", "at": "2099-01-01T00:00:00Z"}
    shop.edit("prod", history=[back, *shop.release("prod")["history"]])
    assert "prod" not in {each.cluster for each in shop.round().pinned}
