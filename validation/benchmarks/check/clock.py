"""Whole programs by the clock: wall and CPU seconds, and the memory of all their processes together."""

import contextlib
import os
import platform
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO

import psutil

from leanrag.core.errors import ToolError
from leanrag.core.files import cache_dir

_TIMEOUT = 3600
_LOOK = 0.2  # seconds between two looks at memory
_KEPT = {"check", "render"}  # folders of the cache that hold results, not tools


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one program: seconds, MiB (0: not looked at), exit status and what it printed."""

    wall: float
    cpu: float
    memory: float
    status: int
    output: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page: a heading, words, and rows of a table; `lost` names what had to be found and was not."""

    title: str
    words: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were taken on, and how busy it was with other things when the run began."""

    cores: int
    python: str
    load: float

    @classmethod
    def now(cls) -> "Machine":
        """Look at this machine."""
        return cls(len(os.sched_getaffinity(0)), platform.python_version(), os.getloadavg()[0])


def timed(
    argv: Sequence[str | Path], cwd: Path | None = None, env: Mapping[str, str] | None = None, look: bool = False
) -> Run:
    """Run a program to its end; `look` at its memory meanwhile, which costs some of its time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        words = [str(each) for each in argv]
        process = subprocess.Popen(words, cwd=cwd, stdout=out, stderr=err, env={**os.environ, **(env or {})})
        peak = _Peak(process.pid) if look else None
        process.wait(_TIMEOUT)
        wall = time.perf_counter() - began
        output, said = (_all(each) for each in (out, err))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode not in (0, 1):
        raise ToolError(f"{argv[0]}: exit {process.returncode}: {(said or output)[-500:]}", hint="run it by hand")
    return Run(wall, cpu, peak.end() if peak else 0.0, process.returncode, output)


def _all(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


class _Peak:
    """The largest sum of proportional set sizes of a process and all below it, looked at while it runs."""

    def __init__(self, pid: int) -> None:
        self.pid, self.bytes, self.ended = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.ended.wait(_LOOK):
            with contextlib.suppress(psutil.Error):
                top = psutil.Process(self.pid)
                self.bytes = max(self.bytes, sum(map(_size, (top, *top.children(recursive=True)))))

    def end(self) -> float:
        self.ended.set()
        self.thread.join()
        return self.bytes / 2**20


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def in_turn(runs: int, rows: Mapping[str, Callable[[], Run]]) -> dict[str, list[Run]]:
    """Run all rows one after the other, so many times over: what slows the machine down slows down every row."""
    found: dict[str, list[Run]] = {name: [] for name in rows}
    for _ in range(runs):
        for name, row in rows.items():
            found[name].append(row())
    return found


def middle(runs: Sequence[Run]) -> Run:
    """Return the run of median wall time."""
    return sorted(runs, key=lambda run: run.wall)[len(runs) // 2]


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """Return the median of our wall time over theirs, pair by pair."""
    return median(one.wall / other.wall for one, other in zip(ours, theirs, strict=True))


@contextlib.contextmanager
def fresh_cache() -> Iterator[dict[str, str]]:
    """Yield an environment whose cache has all tools and schemas, and no result."""
    with tempfile.TemporaryDirectory(prefix="leanrag-cache-") as folder:
        for each in cache_dir().iterdir():
            if each.name not in _KEPT:
                (Path(folder) / each.name).symlink_to(each)
        yield {"LEANRAG_CACHE": folder}
