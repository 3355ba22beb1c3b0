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
_GRACE = 8.0  # seconds between SIGTERM and SIGKILL


def end_all(processes: Processes) -> int:
    """End every part and return how many were alive.

    What holds a node is killed first: the kernel then ends kubelet, containerd and every pod with it.
    """
    alive = [name for name in processes.names() if processes.pids(name)]
    holders = [name for name in alive if name.startswith("node-")]
    for name in holders:
        processes.signal(name, signal.SIGKILL)
    _wait(processes, holders)
    others = [name for name in alive if name not in holders]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for name in others:
            processes.signal(name, number)
        _wait(processes, others)
    strangers = _marked(processes.folder)
    for pid in strangers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for name in processes.names():
        processes.forget(name)
    return len(alive) + (0 if alive else len(strangers))


def _wait(processes: Processes, names: Iterable[str]) -> None:
    left = list(names)
    deadline = time.monotonic() + _GRACE
    while (left := [name for name in left if processes.pids(name)]) and time.monotonic() < deadline:
        time.sleep(_POLL)


def _marked(folder: Path) -> tuple[int, ...]:
    """Return processes that carry this folder's mark though no record names them."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == str(folder):
                found.append(process.pid)
    return tuple(found)
