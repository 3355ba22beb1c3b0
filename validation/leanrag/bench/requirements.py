"""What this machine must offer before a bench can start; everything that is missing is said at once."""

import os
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from leanrag.bench import cgroups, links
from leanrag.bench.model import Bench
from leanrag.bench.namespaces import EMPTIED
from leanrag.bench.network import Network
from leanrag.bench.node import cni_folder, containerd_root
from leanrag.core.errors import InputError
from leanrag.core.files import cache_dir
from leanrag.core.process import run
from leanrag.core.progress import say

# Program → Debian package.
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "conntrack": "conntrack",
    "git": "git",
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "redis-server": "redis-server",
    "runc": "runc",
    "unshare": "util-linux",
}
_CNI_PACKAGE = "containernetworking-plugins"
_DISK, _DISK_FIRST = 3 * 2**30, 16 * 2**30  # free bytes, once its images are there and before (measured: 13 GB)
_SOCKET_LIMIT = 100  # bytes of a Unix socket's path, less what containerd appends


def require(bench: Bench) -> None:
    """Install missing Debian packages where that is possible; InputError with every obstacle that remains."""
    problems = [problem for check in (_platform, _root) for problem in check()]
    if not problems:
        _install()
        problems = [*_programs(), *_cgroups(), *_folder(bench.state), *_disk(bench)]
        problems += [*_addresses(bench.network), *_ports(bench)]
    if problems:
        raise InputError(
            "the bench cannot start here: " + "; ".join(problems),
            hint="use a Linux machine as root, or any cluster with Argo CD: CLUSTER=current",
        )


def _platform() -> list[str]:
    return [] if sys.platform == "linux" else [f"it needs Linux, and this is {sys.platform}"]


def _root() -> list[str]:
    return [] if os.geteuid() == 0 else ["it needs root, to make network namespaces and mounts"]


def missing(which: Callable[[str], str | None] = shutil.which, cni: Path | None = None) -> tuple[str, ...]:
    """Return the Debian packages of the programs that are not there."""
    packages = {package for program, package in PROGRAMS.items() if not which(program)}
    if not (cni or cni_folder()):
        packages.add(_CNI_PACKAGE)
    return tuple(sorted(packages))


def _install() -> None:
    packages = missing()
    if not packages or not shutil.which("apt-get"):
        return
    say(f"installing with apt-get: {' '.join(packages)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    argv = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    if run(argv, what="apt-get install", timeout=600, env=quiet, check=False).returncode:
        run(["apt-get", "update", "-qq"], what="apt-get update", timeout=300, env=quiet)
        run(argv, what="apt-get install", timeout=600, env=quiet, hint=f"install by hand: {' '.join(packages)}")


def _programs() -> list[str]:
    packages = missing()
    return [f"programs of these Debian packages are missing: {', '.join(packages)}"] if packages else []


def _cgroups() -> list[str]:
    if not cgroups.MOUNTED.is_dir() or not cgroups.hierarchies():
        return [f"no cgroups are mounted at {cgroups.MOUNTED}"]
    closed = [str(each) for each in cgroups.hierarchies() if not os.access(each, os.W_OK)]
    return [f"cgroups cannot be made in {', '.join(closed)}"] if closed else []


def _folder(folder: Path) -> list[str]:
    if any(folder.is_relative_to(each) for each in EMPTIED):
        return [f"{folder} is in a folder that is empty inside a node; set LEANRAG_CACHE to another"]
    longest = len(str(folder / "spoke" / "containerd.sock"))
    return [f"{folder} is too long a path for a socket; set LEANRAG_CACHE"] if longest > _SOCKET_LIMIT else []


def _disk(bench: Bench) -> list[str]:
    """A node on a full disk removes images and ends pods, which looks like anything but a full disk."""
    there = all(containerd_root(bench.network, each).is_dir() for each in bench.nodes)
    wanted = _DISK if there else _DISK_FIRST
    free = shutil.disk_usage(cache_dir()).free
    if free >= wanted:
        return []
    return [
        f"{free / 2**30:.1f} GiB are free in {cache_dir()}, and {wanted / 2**30:.0f} are needed (or set LEANRAG_CACHE)"
    ]


def _addresses(network: Network) -> list[str]:
    ours = (network.bridge, *(node.link for node in network.nodes))
    return list(links.overlapping(network.ranges, ours))


def _ports(bench: Bench) -> list[str]:
    """Return the ports that another program holds on every address of this machine."""
    wanted = {bench.network.etcd_port: "etcd", bench.network.etcd_port + 1: "etcd"}
    for node in bench.nodes:
        wanted |= {node.api_port: f"apiserver-{node.name}", node.dns_port: f"coredns-{node.name}"}
    open_ports = ((port, part) for port, part in wanted.items() if not bench.processes.alive(part))
    return [f"another program listens on port {port}, which {part} needs" for port, part in open_ports if _held(port)]


def _held(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(1)
        except OSError:
            return True
    return False
