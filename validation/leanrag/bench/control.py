"""The control plane: etcd, API servers, controller managers and schedulers as processes of this machine."""

import http.client
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import requests

from leanrag.bench.certificates import Authority, Subject, signing_pair
from leanrag.bench.kubeconfig import write_kubeconfig
from leanrag.bench.network import DOMAIN, Network, Node
from leanrag.bench.processes import Processes
from leanrag.render.tools import tool

ADMIN = Subject("admin", ("system:masters",))
_CLIENTS = {
    "controller-manager": Subject("system:kube-controller-manager"),
    "scheduler": Subject("system:kube-scheduler"),
    "proxy": Subject("system:kube-proxy"),
    "dns": Subject("system:coredns"),
}


def start_etcd(network: Network, processes: Processes) -> None:
    """Start etcd on the loopback address, where no pod reaches it, and wait until it answers."""
    processes.start("etcd", etcd(network, processes.folder))
    processes.wait("etcd", lambda: _healthy_etcd(network.etcd_port), 30)


def etcd(network: Network, folder: Path) -> tuple[str | Path, ...]:
    """Return etcd's command line."""
    client, peer = (f"http://127.0.0.1:{network.etcd_port + offset}" for offset in (0, 1))
    return (
        tool("etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--log-level=warn",
    )


def _healthy_etcd(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException), closing(http.client.HTTPConnection("127.0.0.1", port, 2)) as to:
        to.request("GET", "/health")
        return to.getresponse().status == 200
    return False


def authority(folder: Path, node: Node) -> Authority:
    """Return the certificate authority of a Kubernetes; the hub's and the spoke's do not trust each other."""
    return Authority(folder / node.name / "pki")


def prepare(network: Network, node: Node, folder: Path) -> None:
    """Make certificates, token keys and kubeconfigs of a Kubernetes, each unless it is there."""
    issuer = authority(folder, node)
    issuer.prepare()
    inside = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}")
    serves = (network.host, node.api_service, "127.0.0.1", "localhost", *inside)
    issuer.issue("apiserver", Subject("kube-apiserver", serves=serves))
    issuer.issue("apiserver-kubelet", Subject("kube-apiserver-kubelet-client", ("system:masters",)))
    issuer.issue("kubelet", Subject(f"system:node:{node.name}", ("system:nodes",), (node.address, node.name)))
    signing_pair(issuer.folder, "tokens")
    server = url(network, node)
    for name, subject in _CLIENTS.items():
        write_kubeconfig(folder / node.name / f"{name}.conf", issuer, name, subject, server)
    node_user = Subject(f"system:node:{node.name}", ("system:nodes",))
    write_kubeconfig(folder / node.name / "node.conf", issuer, "node", node_user, server)
    write_kubeconfig(admin(folder, node), issuer, "admin", ADMIN, server)


def admin(folder: Path, node: Node) -> Path:
    """Return the kubeconfig that may do everything: admin.conf of the hub, spoke.conf of the spoke."""
    return folder / ("admin.conf" if node.name == "hub" else f"{node.name}.conf")


def url(network: Network, node: Node) -> str:
    """Return the URL of an API server, for host processes, nodes and other clusters."""
    return f"https://{network.host}:{node.api_port}"


def start_api(network: Network, node: Node, processes: Processes) -> None:
    """Start an API server; it does not wait for it."""
    processes.start(f"apiserver-{node.name}", api_server(network, node, processes.folder))


def wait_api(network: Network, node: Node, processes: Processes) -> None:
    """Wait until an API server says that it is ready."""
    processes.wait(f"apiserver-{node.name}", _ready_api(network, node, processes.folder), 60)


def _ready_api(network: Network, node: Node, folder: Path) -> Callable[[], bool]:
    issuer = authority(folder, node)
    pair = tuple(str(path) for path in issuer.issue("admin", ADMIN))

    def ready() -> bool:
        with suppress(requests.RequestException), requests.Session() as session:
            session.trust_env = False  # a proxy does not know the bench's addresses
            session.cert, session.verify = (pair[0], pair[1]), str(issuer.certificate)
            return session.get(f"{url(network, node)}/readyz", timeout=2).status_code == 200
        return False

    return ready


def api_server(network: Network, node: Node, folder: Path) -> tuple[str | Path, ...]:
    """Return an API server's command line: it listens on the bridge only, and reaches kubelets by InternalIP.

    Aggregator routing sends webhook calls to endpoints instead of ClusterIPs.
    """
    pki = authority(folder, node).folder
    return (
        tool("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{network.etcd_port}",
        f"--etcd-prefix=/{node.name}",
        f"--bind-address={network.host}",
        f"--advertise-address={network.host}",
        f"--secure-port={node.api_port}",
        f"--cert-dir={pki}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{DOMAIN}",
        f"--service-account-key-file={pki / 'tokens.pub'}",
        f"--service-account-signing-key-file={pki / 'tokens.key'}",
        f"--service-cluster-ip-range={node.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--enable-aggregator-routing=true",
        "--allow-privileged=true",
        "--profiling=false",
    )


def start_controllers(node: Node, processes: Processes) -> None:
    """Start controller manager and scheduler of a Kubernetes."""
    folder = processes.folder / node.name
    pki = authority(processes.folder, node).folder
    common = ("--leader-elect=false", "--secure-port=0", "--profiling=false")
    manager = (
        tool("kube-controller-manager"),
        f"--kubeconfig={folder / 'controller-manager.conf'}",
        f"--service-account-private-key-file={pki / 'tokens.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--use-service-account-credentials",
        *common,
    )
    processes.start(f"controller-manager-{node.name}", manager)
    scheduler = (tool("kube-scheduler"), f"--kubeconfig={folder / 'scheduler.conf'}", *common)
    processes.start(f"scheduler-{node.name}", scheduler)
