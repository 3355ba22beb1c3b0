"""Sides of known law: what a service of that latency would have written into a report."""

import math
import random
from collections.abc import Iterable
from dataclasses import replace

from leanrag.compare.facts import Facts
from leanrag.compare.sides import Run, Side, SideFile
from leanrag.load.report import Counts, Row, Stage

FACTS = Facts("5f1d", "NVIDIA-L4", "vllm 0.11.2", {"cache_dtype": "auto"}, "tiny", "", "guidellm 0.8.1")
STREAMS = 4
TOKENS = 32


def latencies(n: int, draw: random.Random, rho: float = 0.0, factor: float = 1.0) -> list[float]:
    """Lognormal around 0.2 s, sigma 0.5; neighbours correlated by rho in the logarithm."""
    x, found = draw.gauss(0, 1), []
    for _ in range(n):
        x = rho * x + math.sqrt(1 - rho * rho) * draw.gauss(0, 1)
        found.append(0.2 * factor * math.exp(0.5 * x))
    return found


def rows(ttft: Iterable[float], draw: random.Random) -> tuple[Row, ...]:
    """A closed loop of STREAMS: each row begins when its stream is free."""
    free = [1000.0] * STREAMS
    found = []
    for first in ttft:
        stream = free.index(min(free))
        gap = 0.01 * math.exp(0.05 * draw.gauss(0, 1))
        e2e = first + gap * (TOKENS - 1)
        start = free[stream]
        free[stream] = start + e2e
        found.append(Row("successful", start, start + e2e, None, first, gap, e2e, 64, TOKENS))
    return tuple(sorted(found, key=lambda row: row.start))


def stage(found: Iterable[Row], streams: int = STREAMS) -> Stage:
    found = tuple(found)
    ended = [row for row in found if row.status != "incomplete"]
    counts = Counts(sum(r.status == "successful" for r in found), sum(r.status == "errored" for r in found), 0)
    end = max(row.end for row in ended)
    return Stage("concurrent", None, streams, 1, 999.0, end, counts, found, ("max_requests",), None, ())


def run(seed: int, n: int = 300, factor: float = 1.0, rho: float = 0.0, between: float = 0.0) -> Run:
    """One run; `between` is the standard deviation of the logarithm of the whole run's speed."""
    draw = random.Random(seed)
    own = factor * math.exp(between * draw.gauss(0, 1))
    made = stage(rows(latencies(n, draw, rho, own), draw))
    return Run(f"run-{seed}.json.gz", {made.name: made})


def side(
    name: str,
    seeds: Iterable[int],
    n: int = 300,
    factor: float = 1.0,
    rho: float = 0.0,
    between: float = 0.0,
    facts: Facts = FACTS,
    told: SideFile | None = None,
) -> Side:
    runs = tuple(run(seed, n, factor, rho, between) for seed in seeds)
    return Side(name, f"out/{name}", facts, runs, told or SideFile(schema="leanrag.io/side/v1"))


def changed(one: Side, **facts: object) -> Side:
    return replace(one, facts=replace(one.facts, **facts))
