"""Asks the GPU exporters while a load runs: every one behind a name, for the GPUs of the pods that are measured."""

import math
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from leanrag.engine.sampler import Sampler
from leanrag.engine.snapshot import Snapshot
from leanrag.load.gpu_figures import gpus

# DCGM's exporter itself reads the GPUs every 30 s (charts/platform/gpu).
EVERY_SECONDS = 15.0
_MOST_PROBLEMS = 3


@dataclass(frozen=True, slots=True)
class Exporters:
    """Whom to ask: `urls` of /metrics, one an exporter; only GPUs of `pods` (namespace, name) count.

    `problem` says why there is nobody to ask, "" where nobody was meant.
    """

    urls: tuple[str, ...] = ()
    pods: tuple[tuple[str, str], ...] = ()
    problem: str = ""

    @property
    def labels(self) -> tuple[Mapping[str, str], ...]:
        """The pods as labels on the exporter's own page."""
        return tuple({"namespace": namespace, "pod": name} for namespace, name in self.pods)


NOBODY = Exporters()


def behind(url: str, pods: Iterable[tuple[str, str]]) -> Exporters:
    """Return all that a name stands for: DNS gives a Service without an address of its own as its pods' addresses."""
    parts = urlsplit(url)
    port = parts.port or 80
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return Exporters(problem=f"{url}: {error.strerror or error}")
    hosts = sorted({str(each[4][0]) for each in found})
    return Exporters(tuple(f"{parts.scheme}://{_host(each)}:{port}/metrics" for each in hosts), tuple(pods))


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@dataclass(slots=True)
class Asked:
    """What exporters said: after the run, one sequence of snapshots for each that has a GPU of the pods."""

    exporters: tuple[Sequence[Snapshot], ...] = ()
    problems: tuple[str, ...] = ()


@contextmanager
def asking(whom: Exporters) -> Iterator[Asked]:
    """Ask all of them until the block ends. Silence costs the run nothing: it is told in `problems`."""
    told, samplers = Asked(), [Sampler(url, EVERY_SECONDS) for url in whom.urls]
    # At once: one that does not answer costs its timeout, and there may be one on every node.
    with ThreadPoolExecutor(max(1, len(samplers))) as pool:
        list(pool.map(Sampler.__enter__, samplers))
        try:
            yield told
        finally:
            list(pool.map(lambda each: each.__exit__(None, None, None), samplers))
    told.exporters = tuple(each.snapshots for each in samplers if _shows(each.snapshots, whom.labels))
    told.problems = _few([*filter(None, [whom.problem]), *(why for each in samplers for why in each.problems)])


def _shows(snapshots: Sequence[Snapshot], pods: Iterable[Mapping[str, str]]) -> bool:
    return any(gpus(snapshots, -math.inf, math.inf, **pod) for pod in pods)


def _few(problems: Sequence[str]) -> tuple[str, ...]:
    left = len(problems) - _MOST_PROBLEMS
    return (*problems[:_MOST_PROBLEMS], *([f"and {left} more like these"] if left > 0 else []))
