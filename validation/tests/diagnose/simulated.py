"""A small engine that batches as vLLM does, in simulated time: it makes requests and scrapes whose cause is known.

A step decodes one token of each running request and prefills what seats, tokens and KV cache allow; it takes a fixed
time and some more for each token. A request that finds no room for its next token throws out the last one.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from leanrag.engine.exposition import Series, series
from leanrag.engine.snapshot import Snapshot
from leanrag.load.report import ClientHealth, Counts, Row, Stage

BEGIN = 1_700_000_000.0
EDGES = (0.001, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 40.0, 160.0, float("inf"))
PHASES = {
    "ttft": "vllm:time_to_first_token_seconds",
    "itl": "vllm:inter_token_latency_seconds",
    "tpot": "vllm:request_time_per_output_token_seconds",
    "e2e": "vllm:e2e_request_latency_seconds",
    "queue": "vllm:request_queue_time_seconds",
    "prefill": "vllm:request_prefill_time_seconds",
    "decode": "vllm:request_decode_time_seconds",
    "prompt": "vllm:request_prompt_tokens",
    "answer": "vllm:request_generation_tokens",
}


@dataclass(frozen=True, slots=True)
class World:
    """The engine, the way to it, the client, and the traffic. Seconds, tokens, requests a second."""

    rate: float = 4.0
    requests: int = 200
    prompt: int = 200
    output: int = 30
    shared: float = 0.0
    seats: int = 64
    budget: int = 2048
    kv_tokens: int = 100_000
    caching: bool = True
    fixed: float = 0.005
    per_token: float = 0.00002
    per_request: float = 0.0001
    network: float = 0.0
    lag: float = 0.0
    cold_requests: int = 0
    cold: float = 0.0
    jitter: float = 0.1
    every: float = 1.0
    seed: int = 1


@dataclass(slots=True)
class _Request:
    index: int
    arrival: float
    prompt: int
    todo: int
    output: int
    done: int = 0
    held: int = 0
    scheduled: float | None = None
    first: float | None = None
    end: float = 0.0


@dataclass(slots=True)
class _Log:
    phases: list[tuple[float, str, float]] = field(default_factory=list)
    gauges: list[tuple[float, int, int, float]] = field(default_factory=list)
    counts: list[tuple[float, str, float]] = field(default_factory=list)


def run(world: World) -> tuple[Stage, tuple[Snapshot, ...]]:
    """Return what the client and the scrapes saw."""
    draw, log = random.Random(world.seed), _Log()
    waiting = deque(_arrivals(world, draw))
    done = _serve(world, waiting, draw, log)
    rows = tuple(_row(world, each, draw) for each in sorted(done, key=lambda each: each.index))
    end = max(row.end for row in rows)
    health = ClientHealth(max(0.002, world.lag), 0.95 if world.lag else 0.2, 1.0)
    counts = Counts(len(rows), 0, 0)
    stage = Stage(
        "constant", world.rate, None, 1, rows[0].start, end, counts, rows, ("max_requests",), False, (), health
    )
    moments = [BEGIN - 1 + index * world.every for index in range(int((end - BEGIN + 3) / world.every) + 1)]
    return stage, tuple(_scrapes(world, log, moments))


def _arrivals(world: World, draw: random.Random) -> Iterator[_Request]:
    moment = BEGIN
    for index in range(world.requests):
        moment += draw.expovariate(world.rate)
        hit = int(world.prompt * world.shared) if world.caching and index else 0
        yield _Request(index, moment, world.prompt, world.prompt - hit, world.output)


def _serve(world: World, arriving: deque[_Request], draw: random.Random, log: _Log) -> list[_Request]:
    now, waiting, running, done = BEGIN, deque[_Request](), list[_Request](), list[_Request]()
    while arriving or waiting or running:
        if not waiting and not running:
            now = max(now, arriving[0].arrival)
        while arriving and arriving[0].arrival <= now:
            waiting.append(arriving.popleft())
        tokens, working = _schedule(world, waiting, running, now, log)
        slow = world.cold / max(1, len(working)) if any(each.index < world.cold_requests for each in working) else 0.0
        step = world.fixed + world.per_token * tokens + world.per_request * len(running) + slow
        now += step * max(0.2, draw.gauss(1.0, world.jitter))
        _advance(world, running, working, now, done, log)
        used = sum(each.held for each in running) / world.kv_tokens
        log.gauges.append((now, len(running), len(waiting), used))
    return done


def _schedule(
    world: World, waiting: deque[_Request], running: list[_Request], now: float, log: _Log
) -> tuple[int, list[_Request]]:
    """Return the tokens of this step and the requests whose prefill is in it."""
    _make_room(world, waiting, running, now, log)
    budget, filling = world.budget - sum(each.todo == 0 for each in running), []
    for each in [one for one in running if one.todo]:
        budget -= _fill(each, budget, filling)
    while waiting and budget > 0 and len(running) < world.seats and _fits(world, waiting[0], running):
        each = waiting.popleft()
        each.scheduled = each.scheduled or now
        each.held = each.prompt + each.done
        running.append(each)
        log.counts += [(now, "queries", each.prompt), (now, "hits", each.prompt - each.todo)] if world.caching else []
        budget -= _fill(each, budget, filling)
    return world.budget - budget, filling


def _fill(each: _Request, budget: int, filling: list[_Request]) -> int:
    taken = min(each.todo, max(0, budget))
    each.todo -= taken
    filling.append(each)
    return taken


def _fits(world: World, each: _Request, running: Sequence[_Request]) -> bool:
    return sum(one.held for one in running) + each.prompt + each.done <= world.kv_tokens


def _make_room(world: World, waiting: deque[_Request], running: list[_Request], now: float, log: _Log) -> None:
    while len(running) > 1 and sum(each.held + 1 for each in running) > world.kv_tokens:
        each = running.pop()
        each.todo, each.held = each.prompt + each.done, 0
        waiting.appendleft(each)
        log.counts.append((now, "preemptions", 1))


def _advance(
    world: World, running: list[_Request], filled: Sequence[_Request], now: float, done: list[_Request], log: _Log
) -> None:
    for each in [one for one in running if one.todo == 0]:
        each.done += 1
        each.held += 1
        if each.first is None:
            each.first = now
            log.phases.append((now, "ttft", now - each.arrival))
        if each.done >= each.output:
            running.remove(each)
            each.end = now
            done.append(each)
            log.phases += _finished(each, now)


def _finished(each: _Request, now: float) -> list[tuple[float, str, float]]:
    assert each.first is not None
    assert each.scheduled is not None
    gap = (each.end - each.first) / (each.output - 1)
    values = {
        "queue": each.scheduled - each.arrival,
        "prefill": each.first - each.scheduled,
        "decode": each.end - each.first,
        "e2e": each.end - each.arrival,
        "tpot": gap,
        "prompt": float(each.prompt),
        "answer": float(each.output),
    }
    return [(now, name, value) for name, value in values.items()] + [(now, "itl", gap)] * (each.output - 1)


def _row(world: World, each: _Request, draw: random.Random) -> Row:
    assert each.first is not None
    late = world.lag * draw.random()
    way = world.network + late
    start = each.arrival
    gap = (each.end - each.first) / (each.output - 1)
    first, end = each.first - start + way, each.end - start + way
    return Row("successful", start, start + end, start - late, first, gap, end, each.prompt, each.output)


def _scrapes(world: World, log: _Log, moments: Sequence[float]) -> Iterator[Snapshot]:
    for moment in moments:
        samples = _gauges(world, log, moment)
        for name, wire in PHASES.items():
            samples |= _histogram(wire, [value for at, phase, value in log.phases if phase == name and at <= moment])
        for name, wire in (("queries", "prefix_cache_queries"), ("hits", "prefix_cache_hits")):
            samples[series(f"vllm:{wire}_total")] = _total(log, name, moment)
        samples[series("vllm:num_preemptions_total")] = _total(log, "preemptions", moment)
        yield Snapshot(moment, samples)


def _total(log: _Log, name: str, moment: float) -> float:
    return sum(value for at, kind, value in log.counts if kind == name and at <= moment)


def _gauges(world: World, log: _Log, moment: float) -> dict[Series, float]:
    before = [each for each in log.gauges if each[0] <= moment]
    _, running, waiting, used = before[-1] if before else (0.0, 0, 0, 0.0)
    config = {
        "block_size": "16",
        "num_gpu_blocks": str(world.kv_tokens // 16),
        "enable_prefix_caching": str(world.caching),
    }
    return {
        series("vllm:num_requests_running"): float(running),
        series("vllm:num_requests_waiting"): float(waiting),
        series("vllm:kv_cache_usage_perc"): used,
        series("vllm:cache_config_info", **config): 1.0,
        series("process_start_time_seconds"): BEGIN - 30.0,
    }


def _histogram(wire: str, values: Sequence[float]) -> dict[Series, float]:
    held: Callable[[float], float] = lambda edge: float(sum(value <= edge for value in values))  # noqa: E731
    edges = {series(f"{wire}_bucket", le="+Inf" if edge == float("inf") else str(edge)): held(edge) for edge in EDGES}
    return {**edges, series(f"{wire}_sum"): sum(values), series(f"{wire}_count"): float(len(values))}
