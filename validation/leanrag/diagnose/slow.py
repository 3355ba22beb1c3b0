"""The requests that broke a promise, and what the engine was doing while each of them waited and worked."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import quantiles

from leanrag.diagnose.model import Alone, Engine, Span, Symptom
from leanrag.diagnose.signals import Moment, Signals
from leanrag.load.observe import figure
from leanrag.load.report import Row
from leanrag.slo.objectives import LATENCIES, Metric, Objective, Traffic

# So many requests in flight, in the mean of a request's life, are one: its own, and the edges of its neighbours.
ALONE = 1.5
FEWEST_ALONE = 5
_PER_TOKEN = frozenset({"itl", "tpot"})


@dataclass(frozen=True, slots=True)
class Portrait:
    """One request. `value` is the client's figure; the phases are the engine's means of those that ended with it.

    `full`: 1 when the KV cache had no room for its prompt while it waited, else 0; `seats`: 1 when every seat of the
    batch was taken; `flight`: requests in the engine; `late`: seconds that the client sent it late. None: nobody told.
    """

    value: float
    slow: bool
    queue: float | None = None
    prefill: float | None = None
    decode: float | None = None
    full: float | None = None
    seats: float | None = None
    flight: float | None = None
    late: float | None = None


def promises(objectives: Iterable[Objective], traffic: Traffic) -> Iterator[tuple[Objective, Metric, float]]:
    """Yield each promise about a time, with its metric and its limit in seconds; availability is one about e2e."""
    for one in objectives:
        if one.metric in LATENCIES:
            yield one, one.metric, one.limit_seconds
        elif one.metric == "availability":
            yield one, "e2e", traffic.timeout_seconds


def taken(row: Row, metric: Metric) -> float | None:
    """Return a latency in seconds; a request that was given up has at least its age. None: failed, or no figure."""
    if row.status == "errored":
        return None
    value = row.queued if metric == "queue" else figure(row, metric)
    given_up = row.status == "incomplete" and metric not in _PER_TOKEN
    return row.age if value is None and given_up else value


def symptom(one: Objective, metric: Metric, limit: float, rows: Sequence[Row]) -> Symptom | None:
    """Return the broken promise, or None when no more requests than allowed broke it."""
    values = [value for row in rows if (value := taken(row, metric)) is not None and value > limit]
    failed = sum(row.status == "errored" for row in rows)
    if not rows or (len(values) + failed) / len(rows) <= one.allowed:
        return None
    seen = sum(values) / len(values) if values else 0.0
    return Symptom(one.name, metric, limit, seen, len(values) + failed, len(rows), len(values))


def portraits(found: Symptom, rows: Iterable[Row], seen: Signals, engine: Engine) -> tuple[Portrait, ...]:
    """Return one for each request that has the figure, in the order of their start."""
    told = ((row, taken(row, found.metric)) for row in rows)
    return tuple(_portrait(row, value, found, seen, engine) for row, value in told if value is not None)


def _portrait(row: Row, value: float, found: Symptom, seen: Signals, engine: Engine) -> Portrait:
    if value <= found.limit:
        return Portrait(value, False)
    per_token = found.metric in _PER_TOKEN
    waited = seen.during(row.start, row.start + (row.ttft or row.age))
    lived = waited if found.metric in {"ttft", "queue"} else seen.during(row.start, row.end)
    full, seats = met(waited, row.prompt_tokens, engine)
    return Portrait(
        value,
        True,
        queue=0.0 if per_token else _queue(row, seen),
        prefill=0.0 if per_token or found.metric == "queue" else seen.mean("prefill", row.end),
        decode=_decode(found.metric, row, seen),
        full=full,
        seats=seats,
        flight=in_engine(lived),
        late=None if row.targeted is None else max(0.0, row.start - row.targeted),
    )


def met(waited: Sequence[Moment], prompt: float | None, engine: Engine) -> tuple[float | None, float | None]:
    """Say whether the cache was ever full for such a prompt in this time, and all seats ever taken: 1 or 0.

    Once is enough: vLLM tells its gauges after a step, so while a long prefill fills the room that a finished request
    left, that room is still told as free.
    """
    full = [value for each in waited if (value := _full(each, prompt, engine)) is not None]
    seats = [value for each in waited if (value := _seats(each, engine)) is not None]
    return max(full, default=None), max(seats, default=None)


def in_engine(lived: Sequence[Moment]) -> float | None:
    """Return the mean number of requests in the engine, running and waiting."""
    return _mean(_sum(each.running, each.waiting) for each in lived)


def _queue(row: Row, seen: Signals) -> float | None:
    return row.queued if row.queued is not None else seen.mean("queue", row.end)


def _decode(metric: Metric, row: Row, seen: Signals) -> float | None:
    if metric in _PER_TOKEN:
        each = seen.mean("tpot", row.end)
        return each if each is not None else seen.mean("itl", row.end)
    return seen.mean("decode", row.end) if metric == "e2e" else 0.0


def _full(each: Moment, prompt: float | None, engine: Engine) -> float | None:
    """Say whether the cache had no room: vLLM admits a request when its whole prompt fits (scheduler_reserve_full_isl).

    (vllm 0.32.0, v1/core/sched/scheduler.py and kv_cache_manager.py.) Without the sizes: 0.9, from where llm-d's page
    of model server metrics calls the cache nearly full.
    """
    if each.kv is None:
        return None
    if engine.kv_tokens and prompt:
        # Whole blocks are given away, and one of all is never used (BlockPool's null block).
        block = engine.block_size or 1
        free = (1.0 - each.kv) * (engine.kv_tokens - block)
        return float(round(free) < math.ceil(prompt / block) * block)
    return float(each.kv > 0.9)


def _seats(each: Moment, engine: Engine) -> float | None:
    if each.running is None or engine.max_num_seqs is None:
        return None
    return float(each.running >= engine.max_num_seqs)


def _sum(*values: float | None) -> float | None:
    return sum(value for value in values if value is not None) if None not in values else None


def _mean(values: Iterable[float | None]) -> float | None:
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told else None


def alone(rows: Sequence[Row], all_rows: Sequence[Row]) -> Alone | None:
    """Return what requests took that had the engine to themselves: the middle half of them; None of fewer than five.

    `all_rows` are all that were in flight, `rows` those that count.
    """
    busy = _Busy(all_rows)
    lone = [row for row in rows if row.status == "successful" and busy.beside(row) <= ALONE]
    ttft = [value for row in lone if (value := figure(row, "ttft")) is not None]
    itl = [value for row in lone if (value := figure(row, "itl")) is not None]
    if min(len(ttft), len(itl)) < FEWEST_ALONE:
        return None
    return Alone(middle(ttft), middle(itl), f"{len(lone)} requests of this run that were alone")


def middle(values: Sequence[float]) -> Span:
    """Return the quartiles of measured times, between which half of them lie."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    return Span(low, high)


class _Busy:
    """How many requests were in flight, added up over time."""

    def __init__(self, rows: Iterable[Row]) -> None:
        steps = sorted((moment, change) for row in rows for moment, change in ((row.start, 1), (row.end, -1)))
        self._moments = [moment for moment, _ in steps]
        self._counts = list(accumulate(change for _, change in steps))
        spans = (
            (later - earlier) * count
            for earlier, later, count in zip(self._moments, self._moments[1:], self._counts, strict=False)
        )
        self._areas = [0.0, *accumulate(spans)]

    def beside(self, row: Row) -> float:
        """Return the mean number in flight during a request's life, itself included."""
        return (self._area(row.end) - self._area(row.start)) / row.age if row.age > 0 else 1.0

    def _area(self, moment: float) -> float:
        # Every start and end is one of the moments, so nothing has to be interpolated.
        return self._areas[bisect_left(self._moments, moment)]
