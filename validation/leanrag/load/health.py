"""The load client's own limits, measured while it runs: how late its event loop is, and how busy its processors.

GuideLLM's processes are found by their working folder, which is this run's alone. Without /proc nothing is measured.
"""

import contextlib
import json
import math
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.load.node import Node
from leanrag.load.report import ClientHealth, Stage

EVERY_SECONDS = 1.0
FILE = "client.json"
LAG_QUANTILE = 0.99
# A figure from fewer requests is the largest of a handful.
FEW = 10
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Sample:
    """How busy the client was from `start` to `end` (Unix seconds): shares of all its processors, and of one.

    `busiest` is its busiest process over one processor: an event loop has no more, whatever stands idle beside it.
    """

    start: float
    end: float
    processors: float
    busiest: float


class Watch:
    """A context that samples the processes working in `folder` once a second, in a thread of its own."""

    def __init__(self, folder: Path, every: float = EVERY_SECONDS, proc: Path = _PROC) -> None:
        self._folder, self._every, self._proc = folder, every, proc
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="client health", daemon=True)
        self._samples: list[Sample] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What was seen until now."""
        return tuple(self._samples)

    def _run(self) -> None:
        available, before, began = processors(), burnt(self._folder, self._proc), time.time()
        while not self._stop.wait(self._every):
            now, seen = time.time(), burnt(self._folder, self._proc)
            if (one := sample(before, seen, began, now, available)) is not None:
                self._samples.append(one)
            before, began = seen, now


def processors() -> float:
    """Return how many processors this process may use, which a container's limit may make a fraction."""
    count = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    with contextlib.suppress(OSError, ValueError):
        # cgroup v2, as the container itself sees it: "max 100000", or microseconds of each period.
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return min(count, int(quota) / int(period))
    return count


def burnt(folder: Path, proc: Path = _PROC) -> dict[int, float]:
    """Return the processor seconds that each process working in `folder` has used so far."""
    found = {}
    for entry in proc.iterdir() if proc.is_dir() else ():
        # Processes end while they are looked at, and those of others cannot be looked at.
        with contextlib.suppress(OSError, ValueError, IndexError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == folder:
                # Its name, in brackets, may hold blanks; utime and stime are the 14th and 15th field (proc(5)).
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                found[int(entry.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def sample(
    before: Mapping[int, float], after: Mapping[int, float], start: float, end: float, available: float
) -> Sample | None:
    """Return how busy the client was between two looks; None when no process was there at both."""
    both = before.keys() & after.keys()
    if not both or end <= start:
        return None
    spent = [max(0.0, after[pid] - before[pid]) / (end - start) for pid in both]
    return Sample(start, end, sum(spent) / available, max(spent))


def client_health(stage: Stage, samples: Sequence[Sample] = ()) -> ClientHealth:
    """Return what a run shows of its own client; start-up and report writing are no part of it."""
    return ClientHealth(loop_lag(stage), _cpu(stage, samples), achieved(stage))


def loop_lag(stage: Stage) -> float | None:
    """Return the 99th percentile of the seconds between a request's moment and its first byte.

    In an open loop the moment is planned; in a closed one it is the end of the answer before. Both ways it is the time
    that the client's event loop took to come round.
    """
    late = sorted(max(0.0, row.start - row.targeted) for row in stage.rows if row.targeted is not None)
    return late[math.ceil(LAG_QUANTILE * len(late)) - 1] if len(late) >= FEW else None


def _cpu(stage: Stage, samples: Sequence[Sample]) -> float | None:
    """Return the mean share of the time in which requests were sent."""
    if not stage.rows:
        return None
    begin, end = stage.rows[0].start, stage.rows[-1].start
    inside = [one for one in samples if one.start >= begin and one.end <= end]
    return max(_mean(one.processors for one in inside), _mean(one.busiest for one in inside)) if inside else None


def _mean(values: Iterator[float]) -> float:
    seen = tuple(values)
    return sum(seen) / len(seen)


def achieved(stage: Stage) -> float | None:
    """Return what was sent over what was asked: the rate of an open loop, the requests in flight of a closed one."""
    if stage.streams is not None:
        return in_flight(stage, stage.start, stage.end) / stage.streams if stage.end > stage.start else None
    planned = sorted(row.targeted for row in stage.rows if row.targeted is not None)
    starts = sorted(row.start for row in stage.rows)
    if len(planned) < FEW or starts[-1] <= starts[0]:
        return None
    return (planned[-1] - planned[0]) / (starts[-1] - starts[0])


def in_flight(stage: Stage, begin: float, end: float) -> float:
    """Return how many requests were under way on average between two moments."""
    return sum(max(0.0, min(row.end, end) - max(row.start, begin)) for row in stage.rows) / (end - begin)


def keep(path: Path, samples: Sequence[Sample]) -> None:
    """Write the samples beside a report."""
    write_atomic(path, json.dumps([asdict(one) for one in samples]) + "\n")


def kept(path: Path) -> tuple[Sample, ...]:
    """Return the samples of a file, none when there is no file; InputError says why it cannot be used."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no samples of the load client: {error}", hint="run the load again") from None
    return tuple(
        Sample(*(one.at(name).number() for name in ("start", "end", "processors", "busiest")))
        for one in Node(value, str(path)).items()
    )
