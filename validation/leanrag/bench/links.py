"""The bench's bridge and the wires to its nodes; all else of a node's network is in its own namespace."""

import json
from collections.abc import Iterable
from ipaddress import IPv4Network, ip_network
from typing import Any

from leanrag.bench.network import Network, Node
from leanrag.core.process import run


def make_bridge(network: Network) -> None:
    """Make sure that the bridge is there with this machine's address on it, and up."""
    if network.bridge not in interfaces():
        ip("link", "add", network.bridge, "type", "bridge")
    if network.host not in _addresses(network.bridge):
        ip("address", "add", f"{network.host}/{network.subnet.prefixlen}", "dev", network.bridge)
    ip("link", "set", network.bridge, "up")


def connect(network: Network, node: Node, holder: int) -> None:
    """Wire a node, whose network namespace process `holder` keeps, to the bridge; pods and Services become reachable.

    The routes on this machine let host processes (API server, Argo CD, a test) reach pod addresses and ClusterIPs.
    """
    if node.link not in interfaces():
        ip("link", "add", node.link, "type", "veth", "peer", "name", "eth0", "netns", str(holder))
    ip("link", "set", node.link, "master", network.bridge, "up")
    ip("route", "replace", str(node.pods), "via", node.address)
    ip("route", "replace", str(node.services), "via", node.address)


def configure_node(network: Network, node: Node, holder: int) -> None:
    """Give a node its address and routes, and let it forward, all inside its own network namespace."""
    inside = ("nsenter", f"--target={holder}", "--net", "--")
    prefix = network.subnet.prefixlen
    others = [each for each in network.nodes if each.name != node.name]
    commands = [
        f"ip link set lo up && ip address replace {node.address}/{prefix} dev eth0 && ip link set eth0 up",
        f"ip route replace default via {network.host}",
        *(f"ip route replace {each.pods} via {each.address}" for each in others),
        "echo 1 >/proc/sys/net/ipv4/ip_forward",
    ]
    run([*inside, "sh", "-ec", "\n".join(commands)], what=f"the network of node {node.name}", timeout=20)


def remove(network: Network) -> None:
    """Remove the bridge and the wires; their routes go with them."""
    for name in (*(node.link for node in network.nodes), network.bridge):
        if name in interfaces():
            ip("link", "delete", name)


def interfaces() -> tuple[str, ...]:
    """Return the names of this machine's network interfaces."""
    return tuple(each["ifname"] for each in _listed("link", "show"))


def overlapping(ranges: Iterable[IPv4Network], ours: Iterable[str]) -> tuple[str, ...]:
    """Return one sentence for each range that this machine uses already on another interface than `ours`."""
    names = set(ours)
    taken = [(each["dst"], each.get("dev", "")) for each in _listed("route", "show", "table", "main")]
    found = []
    for wanted in ranges:
        for destination, device in taken:
            if destination != "default" and device not in names and _overlaps(destination, wanted):
                found.append(f"{wanted} is taken: {device} has a route to {destination}")
    return tuple(found)


def _overlaps(destination: str, wanted: IPv4Network) -> bool:
    network = ip_network(destination, strict=False)
    return isinstance(network, IPv4Network) and network.overlaps(wanted)


def _addresses(device: str) -> tuple[str, ...]:
    found = _listed("address", "show", "dev", device)
    return tuple(info["local"] for each in found for info in each.get("addr_info", ()))


def _listed(*words: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(ip("-json", "-4", *words) or "[]")
    return [each for each in listed if each]


def ip(*words: str) -> str:
    """Run iproute2's ip and return its output."""
    return run(["ip", *words], what="ip " + " ".join(words), timeout=20).stdout
