"""What an engine's snapshots say about a moment and about a stretch of time, in the words of a request's life."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from leanrag.diagnose.model import Engine
from leanrag.engine.histogram import Histogram, histogram
from leanrag.engine.snapshot import Delta, Snapshot, delta, total, values
from leanrag.size.served import Arguments

# Phases as vLLM 0.32.0 has them (v1/metrics/stats.py): queue ends with the first SCHEDULED event and prefill with the
# first token, so preemptions lengthen prefill and decode, never queue. Tokens wait in no phase but their own request's.
PHASES: Mapping[str, str] = {
    "ttft": "vllm:time_to_first_token_seconds",
    "itl": "vllm:inter_token_latency_seconds",
    "tpot": "vllm:request_time_per_output_token_seconds",
    "e2e": "vllm:e2e_request_latency_seconds",
    "queue": "vllm:request_queue_time_seconds",
    "prefill": "vllm:request_prefill_time_seconds",
    "decode": "vllm:request_decode_time_seconds",
}
_RUNNING, _WAITING, _CACHE = "vllm:num_requests_running", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"
_PREEMPTIONS, _STEPS = "vllm:num_preemptions", "vllm:iteration_tokens_total"
_HITS, _QUERIES = "vllm:prefix_cache_hits", "vllm:prefix_cache_queries"
_CONFIG, _STARTED = "vllm:cache_config_info", "process_start_time_seconds"


@dataclass(frozen=True, slots=True)
class Moment:
    """The gauges of one scrape; `kv` is the used share of the KV cache, 0 to 1. None: not told."""

    at: float
    running: float | None
    waiting: float | None
    kv: float | None


@dataclass(frozen=True, slots=True)
class Window:
    """What was counted between two scrapes."""

    start: float
    end: float
    phases: Mapping[str, Histogram]


@dataclass(frozen=True, slots=True)
class Signals:
    """All of a run's snapshots. `resets` says that the engine started again, so that counts are missing."""

    moments: tuple[Moment, ...] = ()
    windows: tuple[Window, ...] = ()
    whole: Mapping[str, Histogram] = field(default_factory=dict)
    preemptions: float | None = None
    hit_share: float | None = None
    tokens_per_step: float | None = None
    started: float | None = None
    resets: bool = False

    def during(self, start: float, end: float) -> tuple[Moment, ...]:
        """Return the moments from `start` to `end`, or the nearest one when no scrape fell between."""
        first = bisect_left(self.moments, start, key=lambda each: each.at)
        last = bisect_right(self.moments, end, key=lambda each: each.at)
        if first < last or not self.moments:
            return self.moments[first:last]
        return (min(self.moments[max(0, first - 1) : first + 1], key=lambda each: abs(each.at - start)),)

    def mean(self, phase: str, at: float) -> float | None:
        """Return the mean of a phase, in seconds, of the requests that ended it about that moment; None: none did."""
        told = [each for each in self.windows if phase in each.phases and each.phases[phase].count]
        if not told:
            return None
        nearest = min(told, key=lambda each: max(each.start - at, at - each.end, 0.0))
        return nearest.phases[phase].mean


def signals(snapshots: Sequence[Snapshot], start: float | None = None, end: float | None = None) -> Signals:
    """Return what these snapshots say of the time from `start` to `end`; without them, of all they span."""
    taken = _within(sorted(snapshots, key=lambda each: each.moment), start, end)
    if not taken:
        return Signals()
    steps = [delta(before, after) for before, after in pairwise(taken)]
    over = delta(taken[0], taken[-1])
    queries, hits = total(over.samples, _QUERIES), total(over.samples, _HITS)
    batches = histogram(over.samples, _STEPS)
    return Signals(
        moments=tuple(_moment(each) for each in taken),
        windows=tuple(_window(each) for each in steps),
        whole=_phases(over),
        preemptions=total(over.samples, _PREEMPTIONS),
        hit_share=(hits or 0.0) / queries if queries else None,
        tokens_per_step=batches.mean if batches else None,
        started=total(taken[-1].samples, _STARTED),
        resets=any(each.resets for each in steps),
    )


def _within(taken: Sequence[Snapshot], start: float | None, end: float | None) -> Sequence[Snapshot]:
    """Keep the last one before `start` and the first one after `end`: what happens between is then whole."""
    before = [index for index, each in enumerate(taken) if start is not None and each.moment <= start]
    after = [index for index, each in enumerate(taken) if end is not None and each.moment >= end]
    return taken[max(before, default=0) : min(after, default=len(taken)) + 1]


def _moment(taken: Snapshot) -> Moment:
    running, waiting = total(taken.samples, _RUNNING), total(taken.samples, _WAITING)
    # Of several engine cores the fullest one is where requests wait.
    return Moment(taken.moment, running, waiting, max(values(taken.samples, _CACHE).values(), default=None))


def _window(over: Delta) -> Window:
    return Window(over.start, over.start + over.seconds, _phases(over))


def _phases(over: Delta) -> dict[str, Histogram]:
    found = {phase: histogram(over.samples, name) for phase, name in PHASES.items()}
    return {phase: each for phase, each in found.items() if each is not None}


def engine(snapshots: Sequence[Snapshot], given: Mapping[str, str] | None = None) -> Engine:
    """Return how the engine was started: what its arguments say (by name without dashes), else what it tells itself."""
    told, arguments = _config(snapshots), dict(given or {})
    blocks, size = _number(told.get("num_gpu_blocks", "")), _number(told.get("block_size", ""))
    said = Arguments(arguments)
    return Engine(
        max_num_seqs=_whole(said, "max-num-seqs"),
        max_num_batched_tokens=_whole(said, "max-num-batched-tokens"),
        kv_tokens=_number(told.get("kv_cache_size_tokens", "")) or (blocks * size if blocks and size else None),
        block_size=int(size) if size else _whole(said, "block-size"),
        prefix_caching=_caching(told, arguments),
        kv_cache_dtype=arguments.get("kv-cache-dtype") or told.get("cache_dtype", ""),
        gpu_memory_utilization=said.number("gpu-memory-utilization", 0) or None,
        tensor_parallel=_whole(said, "tensor-parallel-size") or 1,
    )


def _config(snapshots: Sequence[Snapshot]) -> dict[str, str]:
    """Return the labels of the engine's cache configuration, as the last snapshot has them."""
    for taken in reversed(snapshots):
        for series in values(taken.samples, _CONFIG):
            return dict(series.labels)
    return {}


def _caching(told: Mapping[str, str], arguments: Mapping[str, str]) -> bool | None:
    if told.get("enable_prefix_caching") in {"True", "False"}:
        return told["enable_prefix_caching"] == "True"
    if "no-enable-prefix-caching" in arguments:
        return False
    return True if "enable-prefix-caching" in arguments else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _whole(said: Arguments, name: str) -> int | None:
    return int(said.number(name, 0)) or None
