"""What each part of a bench takes of the machine's memory: proportional set sizes, shared pages counted once."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from leanrag.bench.processes import Processes


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a running bench: `mib` is the PSS of all its processes in MiB."""

    name: str
    alive: bool
    processes: int
    mib: float
    log: str


def parts(processes: Processes) -> tuple[Part, ...]:
    """Return every part, and for each node one more that stands for its pods and their shims."""
    found = []
    for name in processes.names():
        pids = processes.pids(name)
        found.append(Part(name, processes.alive(name), len(pids), _mib(pids), str(processes.log(name))))
        if name.startswith("node-"):
            pods = _below(pids)
            found.append(Part(f"pods-{name.removeprefix('node-')}", bool(pids), len(pods), _mib(pods), ""))
    return tuple(found)


def _below(pids: Iterable[int]) -> tuple[int, ...]:
    """Return what the node's process 1 adopted: the shims of containerd, and the pods below them."""
    held = set(pids)
    found: set[int] = set()
    for pid in held:
        with suppress(psutil.Error):
            found |= {each.pid for each in psutil.Process(pid).children(recursive=True)}
    return tuple(sorted(found - held))


def _mib(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        with suppress(psutil.Error, AttributeError, OSError):
            total += psutil.Process(pid).memory_full_info().pss
    return total / 2**20
