"""A node's own network, mounts and process numbers, all held by one process: when it ends, the node ends with it.

So nothing of a node can stay behind on the machine: no pod process, no mount of kubelet or containerd, no netfilter
rule of kube-proxy, whichever way the bench came to its end.
"""

import shlex
from contextlib import suppress
from pathlib import Path

from leanrag.bench import cgroups, links
from leanrag.bench.network import Network, Node
from leanrag.bench.processes import Processes
from leanrag.core.errors import InputError
from leanrag.render.tools import tool

# What kubelet, containerd and the CNI plugins write to outside the folders that they can be told, and where the node
# has it instead: in folders of its own below these, which are empty in a node. The machine's are never touched, nor
# are mount points made in them: removing one of those would unmount it in the nodes of all other benches.
EMPTIED = ("/run", "/var/lib", "/var/log")
_OWN = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers")


def holder(node: Node) -> str:
    """Return the name of the process that holds a node."""
    return f"node-{node.name}"


def cgroup(network: Network, node: Node) -> str:
    """Return the cgroup below which a node's pods live."""
    return f"{network.bridge}/{node.name}"


def prepare(network: Network, node: Node, processes: Processes) -> None:
    """Make sure that a node's namespaces, its wire and its cgroup are there."""
    cgroups.make(cgroup(network, node))
    own = processes.folder / node.name / "own"
    mounts = [f"mount -t tmpfs -o mode=755 tmpfs {path}" for path in EMPTIED]
    for path in _OWN:
        source = own / path.strip("/").replace("/", "-")
        source.mkdir(parents=True, exist_ok=True)
        mounts += [f"mkdir -p {path}", f"mount --bind {shlex.quote(str(source))} {path}"]
    script = "; ".join((*mounts, f"exec {shlex.quote(str(tool('pause')))}"))
    unshare = ("unshare", "--net", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child")
    found = processes.start(
        holder(node), (*unshare, "--mount-proc", "sh", "-ec", script), ready=lambda: _holds(processes, node)
    )
    links.connect(network, node, found.pid)
    links.configure_node(network, node, found.pid)


def _holds(processes: Processes, node: Node) -> bool:
    """True when the holder has become `pause`: by then everything is mounted."""
    names = []
    for pid in processes.pids(holder(node)):
        with suppress(OSError):
            names.append(Path(f"/proc/{pid}/comm").read_text().strip())
    return "pause" in names


def remove(network: Network) -> None:
    """Remove wires, bridge and cgroups; every process has ended before."""
    links.remove(network)
    left = cgroups.remove(network.bridge)
    if left:
        raise InputError(
            "processes still live in " + ", ".join(map(str, left)), hint="end them, then again: leanrag bench down"
        )
