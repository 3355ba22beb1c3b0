"""The one value to change next, computed from what was seen: a key of charts/serving/model where it has one.

It is a next step, not a promise: after it, measure again.
"""

import math
from collections.abc import Callable, Mapping

from leanrag.diagnose.explain import Case, Means
from leanrag.diagnose.model import Cause, Change
from leanrag.diagnose.start import Start

# Above this share of the memory a GPU has no room for CUDA graphs and fragments (the chart's profiles stop at 0.92).
MOST_MEMORY = 0.95
# What the step from 0.9 to 0.95 gives is little; half as much again needs another type, and more another replica.
LITTLE, TWICE = 1.1, 2.0
_EIGHT_BIT = "fp8"
_BATCH = 8


def change(cause: Cause, case: Case, means: Means) -> Change:
    """Return the value to change next for a cause."""
    return _ALL[cause](case, means)


def _cache(case: Case, means: Means) -> Change:
    engine, wanted = case.engine, _wanted(case, means)
    needs = f"what was in the engine needs about {wanted:.1f} times its KV cache"
    if engine.kv_cache_gib:
        then = math.ceil(engine.kv_cache_gib * max(wanted, LITTLE))
        return Change("capacity.cpuKvCacheGiB", f"{engine.kv_cache_gib:g}", str(then), needs)
    share = engine.gpu_memory_utilization
    if share and share < MOST_MEMORY and wanted <= LITTLE:
        return Change("capacity.gpuMemoryUtilization", f"{share:g}", f"{MOST_MEMORY:g}", needs)
    if engine.gpus and wanted <= TWICE and not engine.kv_cache_dtype.startswith(_EIGHT_BIT):
        now = engine.kv_cache_dtype or "not known"
        return Change("capacity.kvCacheDtype", now, _EIGHT_BIT, f"{needs}; 8 bit hold twice the tokens of 16")
    return _replicas(case, wanted, needs)


def _wanted(case: Case, means: Means) -> float:
    """Return how many KV caches the requests in the engine would fill; at least a little more than one."""
    per_request = (case.prompt_tokens or 0) + case.tokens
    if not case.engine.kv_tokens or means.flight is None or not case.prompt_tokens:
        return TWICE
    return max(LITTLE, means.flight * per_request / case.engine.kv_tokens)


def _replicas(case: Case, factor: float, why: str) -> Change:
    now = case.engine.replicas
    return Change("capacity.replicas", str(now), str(max(now + 1, math.ceil(now * factor))), why)


def _compute(case: Case, means: Means) -> Change:
    """Fewer requests on one engine: as many as meet the limit, on a line from one request to those that were there."""
    fits, flight = _meets(case, means), means.flight
    if fits is None or flight is None:
        return _replicas(case, TWICE, "each engine then has half of the requests")
    why = f"about {fits:.0f} requests at once keep the promise on one engine, {flight:.0f} were there"
    return _replicas(case, flight / fits, why)


def _meets(case: Case, means: Means) -> float | None:
    """Return how many requests at once would meet the limit; None when one alone does not, or nobody knows."""
    if case.alone is None or means.flight is None or means.flight <= 1 or case.symptom.metric == "queue":
        return None
    first, gap = case.alone.ttft.high, case.alone.itl.high
    lone = {"ttft": first, "e2e": first + gap * (case.tokens - 1)}.get(case.symptom.metric, gap)
    if not lone < case.symptom.limit < means.value:
        return None
    return 1 + (means.flight - 1) * (case.symptom.limit - lone) / (means.value - lone)


def _floor(case: Case, means: Means) -> Change:
    engine = case.engine
    if engine.gpus == 0:
        return Change("capacity.gpus", "0", "1", "one request alone is too slow, and only a faster engine mends that")
    then = str(engine.tensor_parallel * 2)
    why = "one request alone is too slow; more GPUs share its layers (or fewer bits: model.quantization)"
    return Change("capacity.parallelism.tensor", str(engine.tensor_parallel), then, why)


def _seats(case: Case, means: Means) -> Change:
    seats, flight = case.engine.max_num_seqs, means.flight
    if seats is None or flight is None or _decode_is_full(case, means):
        return _replicas(case, TWICE, "requests come faster than one engine serves them")
    room = case.engine.kv_tokens or math.inf
    fit = room / ((case.prompt_tokens or 0) + case.tokens)
    then = min(math.ceil(max(flight, seats + 1) / _BATCH) * _BATCH, math.floor(fit))
    if then <= seats:
        return _replicas(case, TWICE, f"the KV cache has no room for more than {fit:.0f} requests at once")
    return Change("capacity.maxNumSeqs", str(seats), str(then), f"{flight:.0f} requests were there, {seats} had a seat")


def _decode_is_full(case: Case, means: Means) -> bool:
    """Whether a larger batch would break the promise of every token: each is as slow as it may be already."""
    itl = case.seen.whole.get("itl")
    return bool(case.itl_limit and itl and itl.mean and itl.mean > case.itl_limit)


def _prefix(case: Case, means: Means) -> Change:
    if case.engine.prefix_caching is False:
        return Change("capacity.prefixCaching", "off", "on", "the same beginnings are computed again for each request")
    if case.engine.replicas > 1:
        why = "a picker that knows prefixes sends like prompts to the same engine"
        return Change("runtime", "each replica with a cache of its own", "llm-d", why)
    why = "only whole blocks from the first token on are found again: nothing that differs may stand before them"
    return Change("the prompt's order", "what differs stands before what is shared", "what is shared first", why)


def _client(case: Case, means: Means) -> Change:
    why = "the figures are the client's own until it has room: nothing of the service is proven"
    return Change("processors of the load client", "too few", "twice as many, or half the traffic", why)


def _network(case: Case, means: Means) -> Change:
    why = "what lies between (gateway, proxy, TLS, distance) is then left out, and can be added back piece by piece"
    return Change("the address that is measured", "as it was", "the engine's own Service, inside the cluster", why)


def of_start(start: Start, warmup: int) -> Change:
    """Return the warm-up that leaves out the slow beginning."""
    why = f"{start.count} requests were slow until caches and kernels were there; do not send users before"
    then = warmup + math.ceil(start.count / _BATCH) * _BATCH
    return Change("slo.traffic.warmupRequests", str(warmup), str(then), why)


_ALL: Mapping[Cause, Callable[[Case, Means], Change]] = {
    "KV-cache wall": _cache,
    "compute wall": _compute,
    "latency floor": _floor,
    "queueing": _seats,
    "prefix cache ineffective": _prefix,
    "client-bound": _client,
    "network-bound": _network,
}
