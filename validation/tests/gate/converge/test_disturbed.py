"""A whole run in a cluster, its edges given: what it publishes when something is wrong, or moves meanwhile."""

import os
import signal
import time

from leanrag.core.outcome import Outcome

from .surroundings import item, outcomes

NEW = "fedcba9876543210fedcba9876543210fedcba98"


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


def test_a_nightly_run_of_a_commit_that_is_no_longer_wanted_ends_at_once(cluster_run):
    cluster_run.source.newer = NEW
    verdict = cluster_run.run(cluster_run.around(trigger="nightly"))
    assert verdict.reason == f"converge: superseded by {NEW}, which this cluster should run by now"
    assert not cluster_run.lease.held
