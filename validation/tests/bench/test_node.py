"""A real Kubernetes, on a bench of its own (number 9): pods, Services, names, tokens, volumes, crash and end."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from leanrag.bench import namespaces, steps, volumes
from leanrag.bench import up as life
from leanrag.bench.model import Bench, state_dir
from leanrag.bench.state import Wanted
from leanrag.core.errors import ToolError
from leanrag.core.process import run

from .pods import answer, container, eventually, provide

pytestmark = [pytest.mark.bench, pytest.mark.filterwarnings("ignore:Unverified HTTPS request")]
# Other benches may come and go meanwhile.
_OTHERS = re.compile("lr(bench|hub|spoke)[0-8]")
WANTED = Wanted(instance=9, spoke=True, bare=True)


def machine() -> dict[str, Any]:
    """What this machine shows that a bench could leave behind."""
    groups = [str(each) for each in Path("/sys/fs/cgroup").rglob("lrbench9*")]
    folders = [each for each in ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods") if Path(each).exists()]
    names = ["ip -o link", "ip route", "ip netns", "nft list ruleset"]
    said = {name: [_without_counters(line) for line in _lines(name)] for name in names}
    return {**said, "mounts": Path("/proc/mounts").read_text(), "cgroups": groups, "folders": folders}


def _lines(command: str) -> list[str]:
    done = run(command.split(), what=command, check=False)
    return [line for line in done.stdout.splitlines() if not _OTHERS.search(line)]


def _without_counters(line: str) -> str:
    return line.split(": ", 1)[-1].split(" qlen")[0]


def processes() -> list[str]:
    """The living processes that belong to bench 9: by their arguments or their environment."""
    mark, found = str(state_dir(9)), []
    for each in psutil.process_iter():
        try:
            words = [*each.cmdline(), *each.environ().values()]
        except (psutil.Error, OSError):
            continue
        if each.pid != os.getpid() and any(mark in word for word in words):
            found.append(" ".join(words)[:200])
    return found


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    life.down(WANTED.instance)
    return machine()


@pytest.fixture(scope="module")
def bench(before: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = life.up(WANTED)
    provide(made, tmp_path_factory.mktemp("probe"))
    yield made
    life.down(WANTED.instance)


@pytest.fixture(scope="module")
def served(bench: Bench) -> str:
    """A Service in a namespace of its own with one pod behind it; its ClusterIP."""
    labels = {"app": "greeter"}
    place = {"name": "greeter", "namespace": "dev-serving", "labels": labels}
    pod = {"containers": [container("serve")]}
    ports = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
    bench.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dev-serving"}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": place, "spec": pod},
            {"apiVersion": "v1", "kind": "Service", "metadata": place, "spec": ports},
        ]
    )
    address = str(client.CoreV1Api(bench.kube()).read_namespaced_service("greeter", "dev-serving").spec.cluster_ip)
    eventually(lambda: asked(address))
    return address


def asked(address: str) -> str | None:
    """What this machine gets from a Service; None while no pod is behind it."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"http://{address}/", timeout=5).text.strip()
        except requests.ConnectionError:
            return None


def test_a_service_answers_by_its_name_from_another_namespace(bench: Bench, served: str) -> None:
    said = answer(bench, "by-name", "get", "http://greeter.dev-serving.svc.cluster.local/")
    assert said == "Complete: 200 hello from greeter"


def test_a_service_answers_by_its_short_name_with_its_namespace(bench: Bench, served: str) -> None:
    assert answer(bench, "by-short-name", "lookup", "greeter.dev-serving") == f"Complete: [{served}]"


def test_a_service_answers_by_its_address_to_pods_and_to_this_machine(bench: Bench, served: str) -> None:
    assert answer(bench, "by-address", "get", f"http://{served}/") == "Complete: 200 hello from greeter"
    assert asked(served) == "hello from greeter"


def test_a_name_outside_the_cluster_does_not_exist(bench: Bench) -> None:
    said = answer(bench, "outside", "lookup", "example.com")
    assert said.startswith("Failed:")
    assert "no such host" in said


def test_a_pod_reaches_its_api_server_with_its_own_token(bench: Bench) -> None:
    said = answer(bench, "token", "whoami", bench.network.hub.api_service)
    assert said.startswith("Complete: 201")
    assert "system:serviceaccount:default:default" in said


def test_a_failing_job_fails(bench: Bench) -> None:
    assert answer(bench, "failing", "get", "http://nobody.dev-serving/").startswith("Failed:")


def test_kubelet_takes_no_orders_from_pods(bench: Bench) -> None:
    hub = bench.network.hub
    session = requests.Session()
    session.trust_env = False
    got = session.get(f"https://{hub.address}:10250/pods", verify=False, timeout=5)
    assert got.status_code == 401


def test_a_volume_takes_what_a_pod_without_privileges_writes_and_is_offered_again(bench: Bench) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "20Gi"}}},
    }
    bench.apply([claim])
    mount = [{"name": "data", "mountPath": "/data"}]
    volume = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    said = answer(bench, "writes", "write", "/data/file", spec={"volumes": volume}, volumeMounts=mount)
    assert said == "Complete: written"
    core = client.CoreV1Api(bench.kube())
    name = core.read_namespaced_persistent_volume_claim("data", "default").spec.volume_name
    client.BatchV1Api(bench.kube()).delete_namespaced_job("writes", "default", propagation_policy="Background")
    bench.delete([claim])
    eventually(lambda: core.read_persistent_volume(name).status.phase == "Released" or None)
    assert volumes.renew(bench) == 1
    eventually(lambda: core.read_persistent_volume(name).status.phase == "Available" or None)
    assert not list((bench.state / "hub" / "volumes" / name).iterdir())


def test_the_spoke_is_a_cluster_of_its_own_that_hub_certificates_do_not_open(bench: Bench) -> None:
    nodes = client.CoreV1Api(bench.kube("spoke")).list_node().items
    assert [each.metadata.name for each in nodes] == ["spoke"]
    crossed = bench.kube()
    crossed.configuration.host = f"https://{bench.network.host}:{bench.network.spoke.api_port}"
    crossed.configuration.verify_ssl = False
    crossed.rest_client = client.rest.RESTClientObject(crossed.configuration)
    with pytest.raises(ApiException) as refused:
        client.CoreV1Api(crossed).list_node()
    assert refused.value.status == 401


def test_a_second_up_changes_nothing(bench: Bench) -> None:
    then = {name: bench.processes.record(name) for name in bench.processes.names()}
    life.up(WANTED)
    assert {name: bench.processes.record(name) for name in bench.processes.names()} == then


@pytest.mark.parametrize("how", ["crash", "restart"])
def test_up_after_every_process_was_killed_continues_with_the_same_data(bench: Bench, served: str, how: str) -> None:
    for name in bench.processes.names():
        bench.processes.signal(name, signal.SIGKILL)
    eventually(lambda: not any(bench.processes.pids(name) for name in bench.processes.names()) or None)
    if how == "restart":  # what a machine that starts again lacks, too: bridge and cgroups
        namespaces.remove(bench.network)
    life.up(WANTED)
    eventually(lambda: asked(served))
    assert answer(bench, f"after-the-{how}", "get", f"http://{served}/") == "Complete: 200 hello from greeter"


def test_down_leaves_nothing_behind(before: dict[str, Any], bench: Bench) -> None:
    assert processes()
    assert machine() != before
    life.down(WANTED.instance)
    assert machine() == before
    assert processes() == []
    assert not bench.state.exists()


def test_an_up_that_fails_midway_ends_what_it_started(before: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ToolError("the node fell over")

    monkeypatch.setattr(steps, "wait_node", fail)
    with pytest.raises(ToolError, match="fell over"):
        life.up(WANTED)
    assert machine() == before
    assert processes() == []
