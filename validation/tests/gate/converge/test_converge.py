"""A cluster has converged only when nothing at all is wrong; every fault is one file, and is named first."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from leanrag.core.outcome import Outcome
from leanrag.gate.converge import extra, items, problems
from leanrag.gate.problem import Cause, Problem, ordered, told

HERE = Path(__file__).parent
FAULTS = sorted((HERE / "faults").glob("*.yaml"))
RAG = "rag-stack-76954db984-wbx2s"
OLD = "89abcdef3127b57f2f07cdef3127b57f2f07cdef"


def test_a_cluster_that_runs_the_commit_has_converged(world):
    assert problems(world.expected, world.seen) == ()
    parts = items(world.expected, world.seen, (), frozenset())
    names = ["dev-rag-stack", "dev-model-chat", "dev-model-embed", "dev-model-granite", "dev"]
    assert [(item.name, item.outcome) for item in parts] == [(name, Outcome.PASS) for name in names]
    assert parts[0].reason == "Synced at 3127b57f2f07 and Healthy, 1 pods as rendered"


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_one_fault_is_seen_and_named_first(world, path):
    fault = yaml.safe_load(path.read_text())
    world.patch(fault["patch"])
    found = ordered(problems(world.expected, world.seen))
    assert fault["says"] in str(found[0])
    assert found[0].broken is fault.get("broken", False)


def test_a_sync_that_is_retried_is_said_once(world):
    world.patch(yaml.safe_load((HERE / "faults" / "sync-being-retried.yaml").read_text())["patch"])
    world.patch({"applications": {"dev-rag-stack": {"status": {"reconciledAt": "2026-11-21T07:58:22Z"}}}})
    assert len(problems(world.expected, world.seen)) == 1


def test_an_empty_list_in_git_is_never_converged(world):
    nothing = replace(world.expected, apps={}, workloads=(), config_maps={})
    assert [str(each) for each in problems(nothing, world.seen)] == [
        "dev: Git lists no Application, so there is nothing to test"
    ]


def test_a_commit_of_equal_content_is_as_good(world):
    world.patch({"applications": {"dev-rag-stack": {"status": {"sync": {"revision": OLD}}}}})
    same = replace(world.expected, accepted=world.expected.accepted | {OLD})
    assert problems(same, world.seen) == ()


def test_a_failure_of_a_commit_that_is_gone_is_history(world):
    state = {"phase": "Failed", "syncResult": {"revision": OLD}, "operation": {"sync": {"revision": OLD}}}
    world.patch({"applications": {"dev-rag-stack": {"status": {"operationState": state}}}})
    assert problems(world.expected, world.seen) == ()


def test_an_application_that_was_never_synced_because_all_was_there_is_fine(world):
    world.patch({"applications": {"dev-rag-stack": {"status": {"operationState": None}}}})
    assert problems(world.expected, world.seen) == ()


def test_a_nightly_run_does_not_ask_for_a_running_hook(world):
    ended = {"phase": "Failed", "syncResult": {"revision": OLD}, "operation": {"sync": {"revision": OLD}}}
    world.patch({"applications": {"dev-gate": {"status": {"operationState": ended}}}})
    assert problems(replace(world.expected, hooked=False), world.seen) == ()


def test_an_application_that_git_does_not_list_is_reported_and_not_judged(world):
    world.patch({"applications": {"dev-old": {"copyOf": "dev-rag-stack", "metadata": {"name": "dev-old"}}}})
    assert problems(world.expected, world.seen) == ()
    assert [each.name for each in extra(world.expected, world.seen)] == ["dev-old"]
    last = items(world.expected, world.seen, (), frozenset())[-1]
    assert (last.name, last.outcome) == ("dev-old", Outcome.NOT_RUN)


def test_all_problems_come_in_one_sentence_the_first_cause_first(world):
    world.patch({"applications": {"dev-rag-stack": None, "dev": {"status": {"health": {"status": "Degraded"}}}}})
    world.patch({"applications": {"dev-model-chat": {"status": {"health": {"status": "Progressing"}}}}})
    world.patch({"pods": {"rag-stack-76954db984-wbx2s": None}})
    assert told(problems(world.expected, world.seen)) == (
        "dev: is Degraded; dev-rag-stack: there is no such Application; "
        "dev-rag-stack Deployment/rag-stack: 0 of 1 pods are ready; dev-model-chat: is Progressing"
    )


def test_what_lasts_fails_its_application_and_the_rest_is_inconclusive(world):
    left = (
        Problem(Cause.HEALTH, "dev-model-chat", "is Degraded", broken=True),
        Problem(Cause.POD, "dev-rag-stack", "x"),
    )
    parts = items(world.expected, world.seen, left, frozenset({left[0].key}))
    assert [item.outcome for item in parts[:3]] == [Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.PASS]


def test_variables_of_a_webhook_are_no_older_pod(world):
    added = {"env": {"OTEL_SERVICE_NAME": {"value": "rag"}}}
    world.patch({"pods": {RAG: {"spec": {"containers": {"rag-stack": added}}}}})
    assert "env OTEL_SERVICE_NAME is not in Git" in told(problems(world.expected, world.seen))
    assert problems(replace(world.expected, injected=("OTEL_",)), world.seen) == ()


def test_a_pinned_digest_must_be_the_one_that_runs(world):
    digest = "sha256:" + "b" * 64
    image = f"bench.local/lean-rag/ogx:1.5.0@{digest}"
    [deployment] = [body for body in world.git["dev-rag-stack"] if body["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = image
    world.patch({"pods": {RAG: {"spec": {"containers": {"rag-stack": {"image": image}}}}}})
    assert f"Git says {digest}" in told(problems(world.expected, world.seen))
    running = {"containerStatuses": {"rag-stack": {"imageID": f"bench.local/lean-rag/ogx@{digest}"}}}
    world.patch({"pods": {RAG: {"status": running}}})
    assert problems(world.expected, world.seen) == ()


def test_evicted_and_completed_pods_serve_nobody(world):
    evicted = {"copyOf": RAG, "metadata": {"name": "evicted"}, "status": {"phase": "Failed"}}
    world.patch({"pods": {"evicted": evicted}})
    assert problems(world.expected, world.seen) == ()


def test_no_secret_of_an_environment_is_told(world):
    changed = {"env": {"HOME": {"value": "s3cret"}}}
    world.patch({"pods": {RAG: {"spec": {"containers": {"rag-stack": changed}}}}})
    said = told(problems(world.expected, world.seen))
    assert "env HOME differs" in said
    assert "s3cret" not in said


def test_a_runtime_that_is_not_in_git_is_said_not_passed_over(world):
    world.git["dev-model-granite"] = world.git["dev-model-granite"][1:]
    parts = items(world.expected, world.seen, (), frozenset())
    assert "InferenceService/granite was not compared: its runtime 'granite' is not in Git" in parts[3].reason
