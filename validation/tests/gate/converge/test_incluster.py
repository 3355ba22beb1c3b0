"""A whole run in a cluster, its edges given: what it publishes when all is well, and when something moves meanwhile."""

import os
import signal
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from leanrag.core.errors import UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.evidence.keys import make_key, parse_key
from leanrag.gate.incluster import InCluster
from leanrag.gate.live import Eyes
from leanrag.gate.plan import Step
from leanrag.gate.revision import Revision
from leanrag.gate.run import run_gate
from leanrag.gate.wait import Clock
from leanrag.load.exporters import NOBODY

SHA = "3127b57f2f07b62168b0257d35fe8117ae8ca877"
NEW = "fedcba9876543210fedcba9876543210fedcba98"
CONTENT = "sha256:" + "c" * 64


class Board:
    namespace = "lr-gate"

    def __init__(self):
        self.maps, self.events = {}, []

    def verdicts(self):
        return tuple(self.maps.values())

    def create(self, body):
        self.maps.setdefault(body["metadata"]["name"], body)
        return True

    def delete(self, name):
        self.maps.pop(name, None)

    def event(self, body):
        self.events.append(body)


class Lease:
    name = "gate-1"

    def __init__(self):
        self.held, self.other, self.released = False, "", False

    def acquire(self, _limit, _clock, _said):
        self.held = not self.other
        return self.other

    def renew(self):
        return self.other

    def release(self):
        self.released = True


class Source:
    sha = SHA

    def __init__(self):
        self.newer = self.silent = ""

    def content(self, _sha):
        return CONTENT

    def accepted(self, _revisions):
        return frozenset({SHA})

    def fetch(self):
        return self.silent

    def superseded(self):
        return self.newer


class Cluster:
    """Everything around a run, and the parts a test changes."""

    def __init__(self, world, plan, steps, cluster):
        self.world, self.plan, self.steps, self.cluster = world, plan, steps, cluster
        self.board, self.lease, self.source, self.down = Board(), Lease(), Source(), 0
        self.key = parse_key(make_key()[0], "test")
        self.now = 0.0

    def look(self, _expected):
        if self.down:
            self.down -= 1
            raise UnreachableError("the API server does not answer")
        return self.world.seen

    def around(self, **changes):
        eyes = Eyes(None, "argocd", None)
        view = type(
            "View",
            (),
            {"look": self.look, "own": eyes.own, "gpus": lambda *_: None, "live": Eyes.live, "operators": lambda _: {}},
        )()
        given = {
            "cluster": self.cluster,
            "mode": "full",
            "trigger": "postsync",
            "expected": self.world.expected,
            "source": self.source,
            "eyes": view,
            "lease": self.lease,
            "board": self.board,
            "deadline": 60.0,
            "key": self.key,
            "clock": Clock(lambda: self.now, self._sleep),
        }
        return InCluster(**given | changes)

    def _sleep(self, seconds):
        self.now += seconds

    def run(self, around=None, problem="", **changed):
        around = around or self.around()
        plan = self.plan(
            id=f"local-{time.monotonic_ns()}",
            scope="cluster",
            mode=around.mode,
            around=around,
            problem=problem,
            revision_now=lambda: Revision(SHA, False, CONTENT),
        )
        return run_gate(plan, [Step("converge", around.converge), *self.steps(**changed)])


@pytest.fixture
def cluster_run(world, plan, steps, cluster):
    return Cluster(world, plan, steps, cluster)


def outcomes(verdict):
    return [step.outcome.value for step in verdict.steps]


def item(verdict, step, name):
    found = next(each for each in verdict.steps if each.name == step)
    return next(each for each in found.items if each.name == name)


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


def test_nothing_is_measured_on_a_cluster_that_has_not_converged(cluster_run):
    cluster_run.world.patch({"applications": {"dev-rag-stack": {"status": {"health": {"status": "Progressing"}}}}})
    verdict = cluster_run.run(smoke=AssertionError("must not run"))
    assert outcomes(verdict) == ["INCONCLUSIVE", "PASS", "NOT_RUN", "NOT_RUN", "NOT_RUN", "NOT_RUN"]
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "converge: dev-rag-stack: is Progressing"
    assert verdict.steps[0].reason == "not within 60 s: dev-rag-stack: is Progressing"
    assert len(cluster_run.board.maps) == 1


def test_what_is_degraded_for_good_fails(cluster_run):
    cluster_run.world.patch({"applications": {"dev-rag-stack": {"status": {"health": {"status": "Degraded"}}}}})
    verdict = cluster_run.run()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "converge: dev-rag-stack: is Degraded"


def test_two_runs_never_measure_at_once(cluster_run):
    cluster_run.lease.other = "gate-nightly-1"
    verdict = cluster_run.run(smoke=AssertionError("must not run"))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "gate-nightly-1 measures these endpoints" in verdict.reason


def test_a_pod_replaced_during_the_load_takes_the_pass_away(cluster_run):
    def load(_context):
        cluster_run.world.patch({"pods": {"rag-stack-76954db984-wbx2s": {"metadata": {"uid": "another"}}}})
        return cluster_run.steps()[2].run(_context)

    verdict = cluster_run.run(load=load)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert item(verdict, "verdict", "the same pods").outcome is Outcome.INCONCLUSIVE
    assert "pods were replaced" in verdict.reason


def test_a_sync_that_healed_itself_during_the_load_takes_the_pass_away(cluster_run):
    def load(_context):
        state = {"startedAt": "2026-11-21T09:00:00Z", "finishedAt": "2026-11-21T09:00:01Z"}
        changes = {"reconciledAt": "2026-11-21T09:00:02Z", "operationState": state}
        cluster_run.world.patch({"applications": {"dev-rag-stack": {"status": changes}}})
        return cluster_run.steps()[2].run(_context)

    verdict = cluster_run.run(load=load)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "synced during the run: dev-rag-stack" in verdict.reason


def test_a_newer_commit_takes_the_pass_away(cluster_run):
    def load(_context):
        cluster_run.source.newer = NEW
        return cluster_run.steps()[2].run(_context)

    verdict = cluster_run.run(load=load)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert f"superseded by {NEW}" in verdict.reason


def test_git_that_is_silent_at_the_end_costs_no_verdict(cluster_run):
    cluster_run.source.silent = "git fetch: no route to host"
    verdict = cluster_run.run()
    assert verdict.outcome is Outcome.PASS
    assert "no route to host" in item(verdict, "verdict", "newest commit").reason


def test_an_api_server_that_restarts_costs_no_verdict(cluster_run):
    cluster_run.down = 3
    assert cluster_run.run().outcome is Outcome.PASS


def test_a_signal_during_the_load_is_published_as_inconclusive(cluster_run):
    def load(_context):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    verdict = cluster_run.run(load=load)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "load: stopped by SIGTERM"
    assert len(cluster_run.board.maps) == 1
    assert cluster_run.lease.released


def test_charts_that_do_not_render_are_checked_and_nothing_else(cluster_run):
    verdict = cluster_run.run(problem="dev-rag-stack: helm template failed", smoke=AssertionError("must not run"))
    assert outcomes(verdict) == ["NOT_RUN", "PASS", "NOT_RUN", "NOT_RUN", "NOT_RUN", "NOT_RUN"]
    assert verdict.reason == "converge: dev-rag-stack: helm template failed"


def test_observe_is_as_honest_as_full(cluster_run):
    verdict = cluster_run.run(cluster_run.around(mode="observe"), load=Outcome.FAIL)
    assert (verdict.mode, verdict.outcome) == ("observe", Outcome.FAIL)


def test_a_nightly_run_of_a_commit_that_is_no_longer_wanted_ends_at_once(cluster_run):
    cluster_run.source.newer = NEW
    verdict = cluster_run.run(cluster_run.around(trigger="nightly"))
    assert verdict.reason == f"converge: superseded by {NEW}, which this cluster should run by now"
    assert not cluster_run.lease.held


def test_git_names_of_equal_content_are_looked_up_for_every_revision_seen(cluster_run):
    asked = []
    cluster_run.source.accepted = lambda revisions: asked.extend(revisions) or frozenset({SHA})
    cluster_run.run(cluster_run.around(expected=replace(cluster_run.world.expected, accepted=frozenset())))
    assert SHA in asked
