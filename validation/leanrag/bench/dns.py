"""Names of Services in pods: CoreDNS on this machine, behind the Service kube-system/kube-dns of its Kubernetes."""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from leanrag.bench.model import Bench
from leanrag.bench.network import DOMAIN, Network, Node
from leanrag.core.files import write_atomic
from leanrag.render.tools import tool

_ROLE = "system:coredns"
_LABELS = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}


def start(bench: Bench, node: Node) -> None:
    """Start CoreDNS for a Kubernetes, and wait until it answers for Service default/kubernetes."""
    corefile = bench.state / node.name / "Corefile"
    write_atomic(corefile, _corefile(bench.network, node, str(bench.state / node.name / "dns.conf")))
    bench.apply(objects(bench.network, node), node.name)
    ready = _resolves(bench.network.host, node.dns_port)
    bench.processes.start(f"coredns-{node.name}", (tool("coredns"), "-conf", corefile), ready=ready, allowance=30)


def objects(network: Network, node: Node) -> tuple[dict[str, Any], ...]:
    """Return what CoreDNS may read, and the Service without selector that leads to it."""
    name = {"namespace": "kube-system", "name": "kube-dns"}
    ports = [{"name": protocol.lower(), "protocol": protocol, "port": node.dns_port} for protocol in ("UDP", "TCP")]
    service_ports = [{**port, "port": 53, "targetPort": node.dns_port} for port in ports]
    reads = [
        {"apiGroups": [""], "resources": ["services", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    return (
        {"apiVersion": f"{rbac}/v1", "kind": "ClusterRole", "metadata": {"name": _ROLE}, "rules": reads},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _ROLE},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": _ROLE},
            "subjects": [{"apiGroup": rbac, "kind": "User", "name": _ROLE}],
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**name, "labels": _LABELS},
            "spec": {"clusterIP": node.dns_service, "ports": service_ports},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**name, "labels": {"kubernetes.io/service-name": "kube-dns"}},
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{"addresses": [network.host], "conditions": {"ready": True}}],
        },
    )


def _corefile(network: Network, node: Node, kubeconfig: str) -> str:
    """Return the Corefile. What is no name of the cluster does not exist: nothing is asked outside."""
    return f""".:{node.dns_port} {{
    bind {network.host}
    errors
    cache 5
    kubernetes {DOMAIN} in-addr.arpa {{
        kubeconfig {kubeconfig}
        ttl 5
    }}
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def _resolves(host: str, port: int) -> Callable[[], bool]:
    labels = f"kubernetes.default.svc.{DOMAIN}".split(".")
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    question = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", 1, 1)

    def ready() -> bool:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.settimeout(1)
            asked.sendto(question, (host, port))
            flags, _, answers = struct.unpack("!2x3H", asked.recv(512)[:8])
            return bool(flags & 0xF == 0 and answers > 0)
        return False

    return ready
