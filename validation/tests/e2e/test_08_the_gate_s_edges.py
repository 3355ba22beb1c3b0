"""What the gate sees of a real cluster, and how it shares it: its decisions are tested without one, its edges here."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, Configuration

from leanrag.catalog.export import export
from leanrag.core.errors import UnreachableError
from leanrag.gate.access import Access, by_kubeconfig
from leanrag.gate.clusterrun import ClusterRun, _declared, _expected
from leanrag.gate.converge import Expected, problems
from leanrag.gate.lease import Lease
from leanrag.gate.live import Eyes
from leanrag.gate.problem import told
from leanrag.gate.source import Source, clone
from leanrag.gate.wait import Clock

from .world import World


@pytest.fixture(scope="module")
def access(world: World) -> Access:
    return by_kubeconfig(world.kubeconfig)


@pytest.fixture(scope="module")
def eyes(world: World, access: Access) -> Eyes:
    return Eyes(access, world.argocd, access)


@pytest.fixture(scope="module")
def source(world: World, tmp_path_factory: pytest.TempPathFactory) -> Source:
    who = world.operator
    return clone(who.url, who.main(), "dev", tmp_path_factory.mktemp("clone") / "git", who.credentials)


@pytest.fixture(scope="module")
def expected(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Expected:
    run = ClusterRun("dev", source.sha, "", Path("out"), Path("guidellm"), trigger="nightly")
    return _expected(run, _declared(run, export(source.git, source.sha, tmp_path_factory.mktemp("tree"))))


def test_what_git_lists_is_what_argo_cd_and_the_nodes_show(
    world: World, eyes: Eyes, source: Source, expected: Expected
) -> None:
    def left() -> str:
        seen = eyes.look(expected)
        accepted = source.accepted(app.revision for app in seen.applications)
        return told(problems(_accepting(expected, accepted), seen)) or "nothing"

    world.wait_for(lambda: left() == "nothing", 240, why="dev runs what main renders, pod for pod")
    seen = eyes.look(expected)
    assert {app.name for app in seen.applications} >= {*expected.apps, "dev", "dev-gate"}
    running = eyes.own(expected, seen)
    assert {pod.namespace for pod in running} == {"dev-serving", "dev-rag"}
    assert all(container.image_id for pod in running for container in pod.containers)


def test_a_pod_of_another_spec_is_seen_although_argo_cd_is_content(
    world: World, eyes: Eyes, expected: Expected
) -> None:
    """A pod beside the Deployment's, with its labels: the Service sends it requests, and no status shows it."""
    [work] = [each for each in expected.workloads if each.name == "chat"]
    container = {"name": "engine", "image": "bench.local/lean-rag/inference-sim:0.10.2", "args": ["--model", "other"]}
    safe = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    spec = {
        "containers": [{**container, "securityContext": safe}],
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1001, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    labels = dict(work.selector)
    metadata = {"name": "stranger", "namespace": work.namespace, "labels": labels}
    place = world.places["dev"].api
    place.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    try:
        said = told(problems(expected, eyes.look(expected)))
        assert "pod stranger: is of another spec: engine: " in said
    finally:
        place.delete("Pod", "stranger", work.namespace)


def test_two_runs_take_turns_on_a_real_lease(world: World, access: Access) -> None:
    first, second = (Lease(access.client, world.places["dev"].gate, "gate-e2e", name) for name in ("first", "second"))
    clock = Clock(time.monotonic, time.sleep)
    assert first.acquire(5, clock, print) == ""
    assert second.acquire(1, clock, print) == "first"
    assert first.renew() == ""
    first.release()
    assert second.acquire(5, clock, print) == ""
    assert first.take() == "second"
    second.release()


def test_what_may_not_be_read_is_said(access: Access, expected: Expected) -> None:
    nowhere = Eyes(access, "no-such-namespace", access)
    assert nowhere.look(expected).applications == ()
    bad = _nobody(access)
    with pytest.raises(UnreachableError, match=r"40[13]"):
        Eyes(bad, "argocd", bad).look(expected)


def _nobody(access: Access) -> Access:
    made = Configuration()
    made.host, made.ssl_ca_cert = access.client.configuration.host, access.client.configuration.ssl_ca_cert
    return Access(ApiClient(made), access.namespace)


def _accepting(expected: Expected, accepted: frozenset[str]) -> Expected:
    return replace(expected, accepted=accepted)
