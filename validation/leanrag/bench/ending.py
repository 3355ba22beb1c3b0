"""Ending a bench as a whole, whichever state it is in."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from leanrag.bench.processes import MARK, Processes

_POLL = 0.05
# Seconds between SIGTERM and SIGKILL. An API server would wait a minute for its open watches; it holds no data.
_GRACE = 3.0
_STORE = "etcd"


def end_all(processes: Processes) -> int:
    """End every part and return how many were alive.

    What holds a node is killed first: the kernel then ends kubelet, containerd and every pod with it. etcd is last,
    because whoever loses it meanwhile waits for it.
    """
    alive = [name for name in processes.names() if processes.pids(name)]
    holders = [name for name in alive if name.startswith("node-")]
    others = [name for name in alive if name not in (*holders, _STORE)]
    _end(processes, holders, signal.SIGKILL)
    for names in (others, [_STORE]):
        _end(processes, names, signal.SIGTERM)
        _end(processes, names, signal.SIGKILL)
    strangers = _end_marked(processes.folder)
    for name in processes.names():
        processes.forget(name)
    return len(alive) or strangers


def _end(processes: Processes, names: Iterable[str], number: signal.Signals) -> None:
    """Send a signal to parts and wait for their end, at most `_GRACE` seconds."""
    left = [name for name in names if processes.pids(name)]
    for name in left:
        processes.signal(name, number)
    deadline = time.monotonic() + _GRACE
    while (left := [name for name in left if processes.pids(name)]) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _end_marked(folder: Path) -> int:
    """Kill what no record names, wait for its end, and return how many processes that were."""
    count = len(left := _marked(folder))
    deadline = time.monotonic() + _GRACE
    while left and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_POLL)
        left = _marked(folder)
    return count


def _marked(folder: Path) -> tuple[int, ...]:
    """Return processes that carry this folder's mark though no record names them."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            ours = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if ours and process.environ().get(MARK) == str(folder):
                found.append(process.pid)
    return tuple(found)
