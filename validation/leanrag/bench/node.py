"""One Kubernetes node in its own namespaces: containerd, kubelet and kube-proxy, and what their files say."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from leanrag.bench import namespaces
from leanrag.bench.control import authority
from leanrag.bench.network import DOMAIN, Network, Node
from leanrag.bench.processes import Processes
from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir, write_atomic
from leanrag.core.process import run
from leanrag.render.tools import tool

PAUSE = "bench.local/lean-rag/pause:1"
IMAGES = "k8s.io"  # the containerd namespace that kubelet's images live in
_CNI = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))


def containerd_root(network: Network, node: Node) -> Path:
    """Return where containerd keeps images: outside the state folder, because `down` keeps them."""
    return cache_dir() / "bench" / f"containerd-{network.instance}-{node.name}"


def socket(folder: Path, node: Node) -> Path:
    """Return containerd's socket."""
    return folder / node.name / "containerd.sock"


def ctr(folder: Path, node: Node, *words: str | Path, timeout: float = 600) -> str:
    """Run containerd's ctr against a node, in the namespace of kubelet's images, and return its output."""
    argv = ("ctr", "--address", socket(folder, node), "--namespace", IMAGES, *words)
    return run(argv, what=f"ctr {' '.join(map(str, words))} on node {node.name}", timeout=timeout).stdout


def cni_folder() -> Path | None:
    """Return where the CNI plugins are, or None."""
    return next((each for each in _CNI if (each / "ptp").is_file() and (each / "host-local").is_file()), None)


def start_containerd(network: Network, node: Node, processes: Processes) -> None:
    """Start containerd and wait for it; containers of an earlier run are removed first, their images stay."""
    folder = processes.folder / node.name
    name = f"containerd-{node.name}"
    if not processes.alive(name):
        _forget_containers(network, node, processes)
        _empty(folder / "own" / "var-lib-cni")
    write_atomic(folder / "cni" / "10-bench.conflist", json.dumps(_cni(network, node), indent=1))
    write_atomic(folder / "containerd.toml", _containerd(network, node, processes.folder))
    argv = ("containerd", "--config", folder / "containerd.toml")
    processes.start(name, argv, node=node.name, ready=_answers(processes.folder, node), allowance=30)


def _forget_containers(network: Network, node: Node, processes: Processes) -> None:
    """Remove what a run that ended left in containerd's books, with the part that serves kubelet switched off."""
    root = containerd_root(network, node)
    if not (root / "io.containerd.metadata.v1.bolt" / "meta.db").is_file():
        return
    folder = processes.folder / node.name
    plain = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n' + _containerd(network, node, processes.folder)
    write_atomic(folder / "containerd-plain.toml", plain)
    name = f"containerd-plain-{node.name}"
    argv = ("containerd", "--config", folder / "containerd-plain.toml")
    processes.start(name, argv, node=node.name, ready=_answers(processes.folder, node), allowance=30)
    containers = ctr(processes.folder, node, "containers", "list", "-q").split()
    if containers:
        ctr(processes.folder, node, "containers", "rm", *containers)
    processes.stop(name)
    processes.forget(name)
    for kind in ("containers", "sandboxes"):
        _empty(root / "io.containerd.grpc.v1.cri" / kind)


def _empty(folder: Path) -> None:
    """Remove what is in a folder; it stays itself, because a node may have it mounted."""
    for each in folder.glob("*"):
        shutil.rmtree(each, ignore_errors=True)


def _answers(folder: Path, node: Node) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            return bool(ctr(folder, node, "version", timeout=5))
        except ToolError:
            return False

    return ready


def start_agents(network: Network, node: Node, processes: Processes) -> None:
    """Start kubelet and kube-proxy; it does not wait until the node is ready."""
    folder = processes.folder / node.name
    write_atomic(folder / "resolv.conf", "")  # names outside the bench do not exist
    write_atomic(folder / "kubelet.yaml", yaml.safe_dump(_kubelet(network, node, processes.folder)))
    write_atomic(folder / "kube-proxy.yaml", yaml.safe_dump(_kube_proxy(node, folder)))
    kubelet = (
        tool("kubelet"),
        f"--config={folder / 'kubelet.yaml'}",
        f"--kubeconfig={folder / 'node.conf'}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        "--root-dir=/var/lib/kubelet",
    )
    processes.start(f"kubelet-{node.name}", kubelet, node=node.name)
    proxy = (tool("kube-proxy"), f"--config={folder / 'kube-proxy.yaml'}")
    processes.start(f"kube-proxy-{node.name}", proxy, node=node.name)


def _cni(network: Network, node: Node) -> dict[str, Any]:
    """Point-to-point links: every packet of a pod is routed, so that Services need no netfilter on bridges."""
    addresses = {"type": "host-local", "ranges": [[{"subnet": str(node.pods)}]], "routes": [{"dst": "0.0.0.0/0"}]}
    plugin = {"type": "ptp", "ipam": addresses}
    return {"cniVersion": "0.4.0", "name": f"{network.bridge}-{node.name}", "plugins": [plugin]}


def _containerd(network: Network, node: Node, folder: Path) -> str:
    """Return containerd's configuration; without CAP_SYS_RESOURCE, sandboxes die unless `restrict_oom_score_adj`."""
    return f"""version = 2
root = {json.dumps(str(containerd_root(network, node)))}
state = "/run/containerd"
[grpc]
  address = {json.dumps(str(socket(folder, node)))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = {json.dumps(str(cni_folder()))}
    conf_dir = {json.dumps(str(folder / node.name / "cni"))}
"""


def _kubelet(network: Network, node: Node, folder: Path) -> dict[str, Any]:
    """Return kubelet's configuration; images are never collected, because there is no registry to get them from."""
    pki = authority(folder, node).folder
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{socket(folder, node)}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{namespaces.cgroup(network, node)}",
        "failSwapOn": False,
        "clusterDNS": [node.dns_service],
        "clusterDomain": DOMAIN,
        "resolvConf": str(folder / node.name / "resolv.conf"),
        "volumePluginDir": "/var/lib/kubelet/plugins",
        "makeIPTablesUtilChains": False,
        "maxPods": 200,
        "imageGCHighThresholdPercent": 100,
        # A disk that was full for a moment keeps pods away for five minutes otherwise.
        "evictionPressureTransitionPeriod": "10s",
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "200Mi", "imagefs.available": "200Mi"},
    }


def _kube_proxy(node: Node, folder: Path) -> dict[str, Any]:
    """Return kube-proxy's configuration; the zeros leave connection tracking as the kernel has it."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(folder / "proxy.conf")},
        "mode": "nftables",
        "clusterCIDR": str(node.pods),
        "hostnameOverride": node.name,
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
