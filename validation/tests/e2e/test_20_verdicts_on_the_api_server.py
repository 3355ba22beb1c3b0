"""The gate's own account, with the rights of its chart and no more, puts up verdicts that nobody can edit."""

import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from kubernetes.client import ApiClient, ApiException, BatchV1Api, Configuration, CoreV1Api, RbacAuthorizationV1Api

from leanrag.catalog.repository import Repository
from leanrag.cli.rerun import gate_rerun_verb, gate_verdicts_verb
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import read
from leanrag.gate.access import Access, by_kubeconfig
from leanrag.gate.board import ClusterBoard
from leanrag.gate.notice import Place
from leanrag.gate.publish import publish
from leanrag.gate.rerun import Rerunner
from leanrag.gate.verdict import Verdict
from leanrag.render.helm import render_cluster

ROOT = Path(__file__).resolve().parents[3]
KEY = parse_key(make_key()[0], "test")
SHA = "a" * 40


@pytest.fixture(scope="module")
def kubeconfig(request):
    """Any API server will do: LEANRAG_E2E_KUBECONFIG names one, else it is that of the stories."""
    named = os.environ.get("LEANRAG_E2E_KUBECONFIG")
    return Path(named) if named else request.getfixturevalue("world").kubeconfig


@pytest.fixture(scope="module")
def admin(kubeconfig):
    return by_kubeconfig(kubeconfig)


@pytest.fixture(scope="module")
def namespace(admin):
    """A namespace with the account, the role and the CronJob of the gate's chart in it."""
    name = f"e-{uuid.uuid4().hex[:8]}-gate"
    core, rbac = CoreV1Api(admin.client), RbacAuthorizationV1Api(admin.client)
    core.create_namespace({"metadata": {"name": name}})
    # The Jobs here are looked at, not run.
    core.create_namespaced_resource_quota(name, {"metadata": {"name": "no-pods"}, "spec": {"hard": {"pods": "0"}}})
    repository = Repository(ROOT)
    cluster = repository.cluster("dev")
    own = cluster.namespaces["gate"]
    makers = {
        "ServiceAccount": core.create_namespaced_service_account,
        "Role": rbac.create_namespaced_role,
        "RoleBinding": rbac.create_namespaced_role_binding,
        "CronJob": BatchV1Api(admin.client).create_namespaced_cron_job,
    }
    for manifest in render_cluster(repository, cluster):
        if manifest.app.name == "dev-gate" and manifest.namespace == own and manifest.kind in makers:
            body = {**manifest.body, "metadata": {**manifest.body["metadata"], "namespace": name}}
            for subject in body.get("subjects", ()):
                subject["namespace"] = name
            makers[manifest.kind](name, body)
    yield name
    core.delete_namespace(name)


@pytest.fixture
def gate(admin, namespace):
    """The API server as the gate's ServiceAccount sees it."""
    asked = {"spec": {"expirationSeconds": 600}}
    token = CoreV1Api(admin.client).create_namespaced_service_account_token("gate", namespace, asked).status.token
    made = Configuration()
    made.host, made.ssl_ca_cert = admin.client.configuration.host, admin.client.configuration.ssl_ca_cert
    made.api_key = {"authorization": f"Bearer {token}"}
    return Access(ApiClient(made), namespace)


@pytest.fixture(autouse=True)
def _empty(admin, namespace):
    yield
    board = ClusterBoard(admin, namespace)
    for body in board.verdicts():
        board.delete(body["metadata"]["name"])
    BatchV1Api(admin.client).delete_collection_namespaced_job(namespace, propagation_policy="Background")


def verdict(number=1, **changes):
    now = stamp(utc_now())
    steps = (StepResult("smoke", Outcome.PASS, "", 0.1),)
    content = "sha256:" + "b" * 64
    made = Verdict(f"dev-{number}", "cluster", "dev", "dev", SHA, False, content, "full", Outcome.PASS, "good", steps)
    return replace(made, **{"start": now, "end": now, "trigger": "postsync"} | changes)


def put(access, tmp_path, number=1, **changes):
    return publish(
        verdict(number, **changes),
        board=ClusterBoard(access),
        out=tmp_path,
        deadline=30,
        key=KEY,
        where=Place("Job", "gate", "", "batch/v1"),
    )


def test_the_gates_account_may_publish_and_what_it_published_verifies(gate, admin, namespace, tmp_path):
    done = put(gate, tmp_path)
    assert done.problem == ""
    (body,) = ClusterBoard(admin, namespace).verdicts()
    assert (body["metadata"]["name"], body["immutable"]) == ("verdict-aaaaaaaaaaaa-1", True)
    assert read(body, [KEY.public]).problem == ""
    events = CoreV1Api(admin.client).list_namespaced_event(namespace).items
    assert [(each.reason, each.involved_object.kind) for each in events] == [("GatePassed", "Job")]


def test_a_published_verdict_cannot_be_edited_even_by_an_administrator(gate, admin, namespace, tmp_path):
    put(gate, tmp_path)
    with pytest.raises(ApiException) as caught:
        CoreV1Api(admin.client).patch_namespaced_config_map(
            "verdict-aaaaaaaaaaaa-1", namespace, {"data": {"verdict.json": "{}"}}
        )
    assert caught.value.status == 422


def test_eight_at_once_get_eight_numbers(gate, admin, namespace, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda number: put(gate, tmp_path / str(number), number), range(8)))
    assert [each.problem for each in done] == [""] * 8
    assert sorted(each.verdict.attempt for each in done) == list(range(1, 9))
    assert len(ClusterBoard(admin, namespace).verdicts()) == 8


def test_the_account_prunes_its_own_verdicts_to_twenty(gate, admin, namespace, tmp_path):
    for number in range(22):
        assert put(gate, tmp_path, number).problem == ""
    names = {body["metadata"]["name"] for body in ClusterBoard(admin, namespace).verdicts()}
    assert names == {f"verdict-aaaaaaaaaaaa-{number}" for number in range(3, 23)}


@pytest.mark.parametrize(
    "attempt",
    [
        lambda api, ns: api.list_namespaced_secret(ns),
        lambda api, ns: api.patch_namespaced_config_map("x", ns, {"data": {"a": "b"}}),
        lambda api, ns: api.replace_namespaced_config_map("x", ns, {"metadata": {"name": "x"}}),
        lambda api, ns: api.list_config_map_for_all_namespaces(),
        lambda api, ns: api.create_namespaced_config_map("default", {"metadata": {"name": "x"}}),
        lambda api, ns: api.delete_namespaced_pod("x", ns),
    ],
    ids=["secrets", "patch", "replace", "everywhere", "elsewhere", "pods"],
)
def test_the_account_may_nothing_else(gate, namespace, attempt):
    with pytest.raises(ApiException) as caught:
        attempt(CoreV1Api(gate.client), namespace)
    assert caught.value.status == 403


def test_a_server_that_is_away_or_knows_us_not_is_to_be_asked_again(gate, namespace):
    gate.client.configuration.api_key = {"authorization": "Bearer nobody"}
    with pytest.raises(UnreachableError, match="401"):
        ClusterBoard(gate).verdicts()
    gate.client.configuration.host = "https://127.0.0.1:1"
    with pytest.raises(UnreachableError, match="does not answer"):
        ClusterBoard(gate).verdicts()


def test_a_manual_run_is_made_of_the_charts_cron_job(admin, namespace):
    name = Rerunner(admin, namespace).start(stamp(utc_now()))
    batch = BatchV1Api(admin.client)
    job = batch.read_namespaced_job(name, namespace)
    arguments = job.spec.template.spec.containers[0].args
    assert "--trigger=manual" in arguments
    assert not [each for each in arguments if "nightly" in each]
    assert job.metadata.owner_references[0].name == "gate-nightly"
    assert job.spec.backoff_limit == 0


def test_rerun_waits_for_the_job_and_says_what_its_verdict_says(gate, admin, namespace, kubeconfig, tmp_path, cluster):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(leanrag, gate_rerun_verb, "dev", cluster, kubeconfig, "--wait", "--timeout", "60")
        name = _wait_for_job(admin, namespace)
        put(gate, tmp_path, outcome=Outcome.FAIL, reason="TTFT p95: too slow", trigger="manual")
        _end(admin, namespace, name)
        done = running.result(timeout=60)
    assert done.output.splitlines() == [
        f"{namespace}/{name}",
        "FAIL: dev at aaaaaaaaaaaa attempt 1: TTFT p95: too slow",
    ]
    assert done.return_value == 1


def test_rerun_of_a_job_that_left_no_verdict_is_no_answer(admin, namespace, kubeconfig, cluster):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(leanrag, gate_rerun_verb, "dev", cluster, kubeconfig, "--wait", "--timeout", "60")
        _end(admin, namespace, _wait_for_job(admin, namespace))
        done = running.result(timeout=60)
    assert "left no verdict" in done.output
    assert done.return_value == 2


def test_verdicts_lists_who_counts(gate, kubeconfig, tmp_path, cluster):
    put(gate, tmp_path, 1)
    put(gate, tmp_path, 2, outcome=Outcome.FAIL, reason="TTFT p95: too slow", trigger="nightly")
    done = leanrag(gate_verdicts_verb, "dev", cluster, kubeconfig)
    _, newest, older = (line.split() for line in done.output.splitlines())
    assert newest[:4] == ["aaaaaaaaaaaa", "2", "FAIL", "nightly"]
    assert " ".join(newest).endswith("counts: TTFT p95: too slow")
    assert " ".join(older).endswith("another attempt decides")


@pytest.fixture
def cluster(namespace, tmp_path):
    """A repository whose cluster dev has its gate in our namespace, and our key."""
    root = tmp_path / "repository"
    for folder in ("charts", "clusters/dev"):
        (root / folder).mkdir(parents=True)
    (root / "clusters/dev/cluster.yaml").write_text(
        "cluster:\n  name: dev\n  environment: dev\n  platform: kubernetes\n  domain: x\n  registry: r\n"
        f"  namespacePrefix: {namespace.removesuffix('-gate')}\n  gate:\n    publicKeys: ['{KEY.public}']\n"
    )
    return root


def leanrag(verb, name, root, kubeconfig, *more):
    arguments = [name, "--root", str(root), "--kubeconfig", str(kubeconfig), *more]
    done = CliRunner().invoke(verb, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


def _wait_for_job(admin, namespace):
    batch = BatchV1Api(admin.client)
    for _ in range(200):
        fresh = [job.metadata.name for job in batch.list_namespaced_job(namespace).items if not job.status.conditions]
        if fresh:
            return fresh[0]
    raise AssertionError("no Job was created")


def _end(admin, namespace, name):
    """Stand in for the Job controller: whether the pod could run is not the question here."""
    now = utc_now().isoformat()
    ended = [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
    status = {"startTime": now, "completionTime": now, "succeeded": 1, "conditions": ended}
    BatchV1Api(admin.client).patch_namespaced_job_status(name, namespace, {"status": status})
