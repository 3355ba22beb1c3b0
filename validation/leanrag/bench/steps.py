"""What `bench up` does once the bridge is there, in this order. Each step is done again without harm."""

import time
from collections.abc import Callable
from datetime import datetime
from functools import partial

from kubernetes.client.exceptions import ApiException

from leanrag.bench import (
    applying,
    archive,
    argocd,
    control,
    dns,
    gitserver,
    images,
    keda,
    kserve,
    llmd,
    namespaces,
    node,
    ogx,
    volumes,
)
from leanrag.bench.model import Bench
from leanrag.bench.network import Node
from leanrag.bench.state import Wanted
from leanrag.core.errors import StoppedError
from leanrag.core.files import cache_dir
from leanrag.render.tools import tool

Step = tuple[str, Callable[[], object]]
_KUBERNETES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
    "pause",
)
_NODE_ALLOWANCE = 60.0


def programs(wanted: Wanted) -> tuple[str, ...]:
    """Return the names of the programs that are built before anything is started."""
    delivery = () if wanted.bare else ("argocd", "helm")
    controllers = [part for asked, parts, _, _ in _controllers(wanted) if asked for part in parts]
    return (*_KUBERNETES, *delivery, *controllers)


def steps(bench: Bench, wanted: Wanted) -> tuple[Step, ...]:
    """Return every step with the words that announce it; a bare bench is Kubernetes alone."""
    found: list[Step] = [("certificates and etcd", lambda: _etcd(bench))]
    for each in bench.nodes:
        found += _kubernetes(bench, each)
    if not wanted.bare:
        found += [
            ("images", lambda: images.provide(bench)),
            ("Git server", lambda: gitserver.start(bench)),
            ("Argo CD", lambda: argocd.start(bench)),
        ]
    found += [(words, partial(start, bench)) for asked, _, words, start in _controllers(wanted) if asked]
    return tuple(found)


def _controllers(wanted: Wanted) -> tuple[tuple[bool, tuple[str, ...], str, Callable[[Bench], None]], ...]:
    """Return the controllers: whether each is asked for, its programs, its name, and what starts it."""
    return (
        (wanted.kserve, (kserve.MANAGER.part,), "KServe", kserve.start),
        (wanted.llmd, llmd.PROGRAMS, "llm-d", llmd.start),
        (wanted.ogx, (ogx.OPERATOR.part,), "operator of OGX", ogx.start),
        (wanted.keda, (keda.OPERATOR.part,), "KEDA", keda.start),
    )


def _etcd(bench: Bench) -> None:
    for each in bench.nodes:
        control.prepare(bench.network, each, bench.state)
    control.start_etcd(bench.network, bench.processes)


def _kubernetes(bench: Bench, each: Node) -> tuple[Step, ...]:
    return (
        (f"{each.name}: API server and container runtime", lambda: _servers(bench, each)),
        (f"{each.name}: controllers, kubelet, Services, DNS, volumes", lambda: _agents(bench, each)),
        (f"{each.name}: node ready", lambda: wait_node(bench, each)),
    )


def _servers(bench: Bench, each: Node) -> None:
    control.start_api(bench.network, each, bench.processes)
    namespaces.prepare(bench.network, each, bench.processes)
    node.start_containerd(bench.network, each, bench.processes)
    _import_pause(bench, each)
    control.wait_api(bench.network, each, bench.processes)


def _import_pause(bench: Bench, each: Node) -> None:
    """Give the node the image of pods' sandboxes."""
    if node.PAUSE not in node.ctr(bench.state, each, "images", "list", "-q").split():
        path = cache_dir() / "bench" / "pause.tar"
        archive.write_image(path, node.PAUSE, {"/pause": tool("pause")}, ("/pause",))
        node.ctr(bench.state, each, "images", "import", path)
    # On a full disk the kubelet removes images that no container uses; without this one no pod starts any more.
    node.ctr(bench.state, each, "images", "label", node.PAUSE, "io.cri-containerd.pinned=pinned")


def _agents(bench: Bench, each: Node) -> None:
    control.start_controllers(each, bench.processes)
    node.start_agents(bench.network, each, bench.processes)
    dns.start(bench, each)
    volumes.renew(bench, each.name)


def wait_node(bench: Bench, each: Node) -> None:
    """Wait until the node is Ready and pods can be made: the namespace `default` has its ServiceAccount."""
    deadline = time.monotonic() + _NODE_ALLOWANCE
    api = bench.kube(each.name)
    while not (_node_ready(bench, each, api) and _exists(api, "/api/v1/namespaces/default/serviceaccounts/default")):
        for name in (f"kubelet-{each.name}", f"controller-manager-{each.name}"):
            bench.processes.must_live(name)
        if time.monotonic() > deadline:
            log = bench.processes.log(f"kubelet-{each.name}")
            raise StoppedError(f"node {each.name} is not Ready after {_NODE_ALLOWANCE:.0f} s", hint=f"its log: {log}")
        time.sleep(0.2)


def _node_ready(bench: Bench, each: Node, api: object) -> bool:
    """True when this kubelet, and not one before it, says that the node is ready."""
    kubelet = bench.processes.record(f"kubelet-{each.name}")
    try:
        conditions = applying.get(api, f"/api/v1/nodes/{each.name}")["status"].get("conditions", ())
    except ApiException:
        return False
    ready = [one["lastHeartbeatTime"] for one in conditions if one["type"] == "Ready" and one["status"] == "True"]
    return bool(ready and kubelet and datetime.fromisoformat(ready[0]).timestamp() + 1 > kubelet.started)


def _exists(api: object, path: str) -> bool:
    try:
        applying.get(api, path)
    except ApiException:
        return False
    return True
