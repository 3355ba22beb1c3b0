"""A node's own network, mounts and process numbers, all held by one process: when it ends, the node ends with it.

So nothing of a node can stay behind on the machine: no pod process, no mount of kubelet or containerd, no netfilter
rule of kube-proxy, whichever way the bench came to its end.
"""

import json
import shlex
from contextlib import suppress
from pathlib import Path

from leanrag.bench import cgroups, links
from leanrag.bench.network import Network, Node
from leanrag.bench.processes import Processes
from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.render.tools import tool

# What kubelet, containerd and the CNI plugins write to outside the folders that they can be told. Each is one of the
# bench's own folders inside the node; the machine's are not seen there.
_OVERLAID = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers")
_MADE = "made-folders.json"


def holder(node: Node) -> str:
    """Return the name of the process that holds a node."""
    return f"node-{node.name}"


def cgroup(network: Network, node: Node) -> str:
    """Return the cgroup below which a node's pods live."""
    return f"{network.bridge}/{node.name}"


def prepare(network: Network, node: Node, processes: Processes) -> None:
    """Make sure that a node's namespaces, its wire and its cgroup are there."""
    cgroups.make(cgroup(network, node))
    _make_mount_points(processes.folder)
    own = processes.folder / node.name / "overlaid"
    pairs = [(own / path.strip("/").replace("/", "-"), path) for path in _OVERLAID]
    for source, _ in pairs:
        source.mkdir(parents=True, exist_ok=True)
    mounts = [f"mount --bind {shlex.quote(str(source))} {path}" for source, path in pairs]
    # /run is emptied: containerd puts the sockets of its shims and the network namespaces of pods there.
    script = "; ".join((*mounts, "mount -t tmpfs -o mode=755 tmpfs /run", f"exec {shlex.quote(str(tool('pause')))}"))
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


def _make_mount_points(folder: Path) -> None:
    """Make the folders that must be there to be overlaid, and note which, so that `down` can remove them."""
    made = _made(folder)
    for path in (Path(each) for each in _OVERLAID):
        missing = [each for each in (path, *path.parents) if not each.exists()]
        made += [str(each) for each in missing if str(each) not in made]
        write_atomic(folder / _MADE, json.dumps(made))  # before they are made: a crash in between is harmless
        path.mkdir(parents=True, exist_ok=True)


def _made(folder: Path) -> list[str]:
    with suppress(OSError, ValueError):
        return [str(each) for each in json.loads((folder / _MADE).read_text())]
    return []


def remove(network: Network, folder: Path) -> None:
    """Remove wires, bridge, cgroups and the folders that were made; every process has ended before."""
    links.remove(network)
    left = cgroups.remove(network.bridge)
    for path in sorted(_made(folder), key=len, reverse=True):
        with suppress(OSError):  # another bench, or a real kubelet, uses it by now
            Path(path).rmdir()
    if left:
        raise InputError(
            "processes still live in " + ", ".join(map(str, left)), hint="end them, then again: leanrag bench down"
        )
