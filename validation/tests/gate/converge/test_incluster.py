"""A whole run in a cluster, its edges given: what it publishes when all is well, and what it need not measure again."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.load.exporters import NOBODY

from .surroundings import SHA, outcomes


def test_a_good_run_passes_and_is_published_with_what_was_running(cluster_run):
    verdict = cluster_run.run()
    assert outcomes(verdict) == ["PASS"] * 6
    assert verdict.outcome is Outcome.PASS
    assert (verdict.trigger, verdict.attempt, verdict.carried_from) == ("postsync", 1, None)
    assert verdict.fingerprint.startswith("sha256:")
    assert {each.image for each in verdict.subject.running} == {
        "bench.local/lean-rag/embedder:0.1.0",
        "bench.local/lean-rag/inference-sim:0.10.2",
        "bench.local/lean-rag/ogx:1.5.0",
        "registry.example.com/lean-rag/vllm:0.32.0",
    }
    published = cluster_run.board.maps[f"verdict-{SHA[:12]}-1"]
    assert published["immutable"] is True
    assert published["data"]["evidence.jws"]
    assert cluster_run.lease.released


def test_exporters_are_asked_for_the_pods_that_converge_has_seen_and_only_under_a_model_with_gpus(cluster_run):
    around = cluster_run.around(gpu_metrics="http://127.0.0.1:9400")
    cluster_run.run(around)
    apps = {each.app for each in around.expected.workloads if "model" in each.app}
    name = sorted(apps)[0]
    app = SimpleNamespace(app=SimpleNamespace(name=name))
    asked = around.exporters(SimpleNamespace(held=app))
    own = {(pod.namespace, pod.name) for pod in around.seen.pods}
    assert asked.urls == ("http://127.0.0.1:9400/metrics",)
    assert asked.pods and set(asked.pods) < own
    assert around.exporters(SimpleNamespace(held=None)) == NOBODY
    assert cluster_run.around().exporters(SimpleNamespace(held=app)) == NOBODY


def test_the_same_content_is_not_measured_twice(cluster_run):
    first = cluster_run.run()
    second = cluster_run.run(load=AssertionError("must not run"))
    assert (second.outcome, second.carried_from, second.attempt) == (Outcome.PASS, first.id, 2)
    assert second.measured_at == first.measured_at
    assert outcomes(second) == ["PASS"] * 6


def test_a_failure_is_carried_too(cluster_run):
    first = cluster_run.run(smoke=Outcome.FAIL)
    second = cluster_run.run()
    assert (second.outcome, second.carried_from) == (Outcome.FAIL, first.id)


@pytest.mark.parametrize("trigger", ["nightly", "manual"])
def test_whoever_asks_for_numbers_gets_new_ones(cluster_run, trigger):
    cluster_run.run()
    again = cluster_run.run(cluster_run.around(trigger=trigger), load=Outcome.FAIL)
    assert (again.outcome, again.carried_from, again.trigger) == (Outcome.FAIL, None, trigger)


def test_an_unsigned_run_repeats_nothing(cluster_run):
    cluster_run.run(cluster_run.around(key=None))
    again = cluster_run.run(cluster_run.around(key=None), load=Outcome.FAIL)
    assert again.carried_from is None


def test_another_image_under_the_same_content_is_measured(cluster_run):
    cluster_run.run()
    pod = cluster_run.world.live["pods"]["rag-stack-76954db984-wbx2s"]
    pod["status"]["containerStatuses"][0]["imageID"] = "x@sha256:" + "f" * 64
    assert cluster_run.run().carried_from is None


def test_observe_is_as_honest_as_full(cluster_run):
    verdict = cluster_run.run(cluster_run.around(mode="observe"), load=Outcome.FAIL)
    assert (verdict.mode, verdict.outcome) == ("observe", Outcome.FAIL)


def test_git_names_of_equal_content_are_looked_up_for_every_revision_seen(cluster_run):
    asked = []
    cluster_run.source.accepted = lambda revisions: asked.extend(revisions) or frozenset({SHA})
    cluster_run.run(cluster_run.around(expected=replace(cluster_run.world.expected, accepted=frozenset())))
    assert SHA in asked
