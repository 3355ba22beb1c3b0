"""The figures behind each cause, in words."""

from collections.abc import Callable, Iterator, Mapping

from leanrag.diagnose.explain import Case, Means, behind, engine_figure
from leanrag.diagnose.model import Cause, Fact, shown
from leanrag.diagnose.start import Start
from leanrag.slo.decide import percent

_Facts = Callable[[Case, Means], Iterator[Fact]]


def facts(cause: Cause, case: Case, means: Means) -> tuple[Fact, ...]:
    """Return what was seen that speaks for this cause."""
    return tuple(_ALL[cause](case, means))


def _cache(case: Case, means: Means) -> Iterator[Fact]:
    if means.full is not None:
        why = "a prompt is admitted when the whole of it fits"
        yield Fact("slow requests that met a full KV cache", percent(means.full), why)
    yield from _largest(case, "kv", "KV cache in use at most", percent)
    if case.seen.preemptions:
        why = "the work of a preempted request is thrown away and done again"
        yield Fact("preemptions", f"{case.seen.preemptions:g} in {case.symptom.n} requests", why)
    yield from _queue(means)


def _compute(case: Case, means: Means) -> Iterator[Fact]:
    for name, value in (("prefill", means.prefill), ("decode", means.decode)):
        if value:
            yield Fact(f"{name} of the slow requests", shown(value))
    yield from _alone(case)
    if means.flight is not None:
        yield Fact("requests in the engine beside a slow one", f"{means.flight:.1f}")
    if case.seen.tokens_per_step is not None:
        most = case.engine.max_num_batched_tokens
        yield Fact("tokens in one step", f"{case.seen.tokens_per_step:.0f}{f' of {most}' if most else ''} in the mean")
    if means.seats is not None and means.queue:
        yield Fact("slow requests that found every seat taken", percent(means.seats), "the others waited for the pace")


def _floor(case: Case, means: Means) -> Iterator[Fact]:
    yield from _alone(case)
    yield Fact("promised", shown(case.symptom.limit), "less traffic does not make one request faster")


def _alone(case: Case) -> Iterator[Fact]:
    if case.alone is not None:
        ttft, itl = case.alone.ttft, case.alone.itl
        seen = (
            f"first token {shown(ttft.low)} to {shown(ttft.high)}, then {shown(itl.low)} to {shown(itl.high)} a token"
        )
        yield Fact("a request that is alone", seen, case.alone.source)


def _seats(case: Case, means: Means) -> Iterator[Fact]:
    yield from _queue(means)
    yield from _largest(case, "waiting", "requests waiting at most", "{:g}".format)
    if means.seats is not None:
        seen = f"{percent(means.seats)}, of {case.engine.max_num_seqs}"
        yield Fact("slow requests that found every seat taken", seen)
    else:
        yield Fact("seats of the batch", "not known", "say --engine-args to tell a full batch from a slow one")
    if means.full is not None:
        yield Fact("slow requests that met a full KV cache", percent(means.full), "so memory is not what they wait for")


def _queue(means: Means) -> Iterator[Fact]:
    if means.queue is not None:
        yield Fact("queue time of the slow requests", shown(means.queue), "by the engine's own histogram")


def _prefix(case: Case, means: Means) -> Iterator[Fact]:
    yield Fact("prompt tokens that begin like others", percent(case.shared or 0.0), "as the traffic declares")
    hits = case.seen.hit_share
    yield Fact("prompt tokens found in the cache", "none are looked up" if hits is None else percent(hits))
    if case.engine.prefix_caching is not None:
        yield Fact("prefix caching", "on" if case.engine.prefix_caching else "off", "the engine says so")
    yield Fact("prefill of the slow requests", shown(means.prefill or 0.0))


def _client(case: Case, means: Means) -> Iterator[Fact]:
    yield from _outside(case, means)
    yield from _late(case, means, "")
    seen = case.client
    if seen and seen.cpu_share is not None:
        yield Fact("processors of the client in use", percent(seen.cpu_share))
    if seen and seen.achieved is not None:
        why = "nothing waited in the engine" if behind(case) else ""
        yield Fact("sent of what was asked", percent(seen.achieved), why)
    for code in case.complaints:
        yield Fact("the load tool complains", code)


def _network(case: Case, means: Means) -> Iterator[Fact]:
    yield from _outside(case, means)
    yield from _late(case, means, "so the client is not what took it")


def _late(case: Case, means: Means, why: str) -> Iterator[Fact]:
    lag = case.client.loop_lag if case.client else None
    if means.late is not None:
        yield Fact("slow requests left late by", f"{shown(means.late)} in the mean", why)
    elif lag is not None:
        yield Fact("requests left late by (p99)", shown(lag), why)


def _outside(case: Case, means: Means) -> Iterator[Fact]:
    name = case.symptom.metric
    engine = case.seen.whole.get(engine_figure(name, case.seen))
    yield Fact(f"{name} as the client saw it", f"{shown(means.every)} in the mean of all requests")
    if engine is not None and engine.mean is not None:
        yield Fact(f"{name} as the engine saw it", f"{shown(engine.mean)} in the mean")
        above = engine.share_above(case.symptom.limit)
        if above is not None and case.symptom.limit:
            seen = f"{percent(means.share)} by the client, at most {percent(above.high)} by the engine"
            yield Fact("beyond the limit", seen)


def _largest(case: Case, name: str, what: str, say: Callable[[float], str]) -> Iterator[Fact]:
    told = [value for each in case.seen.moments if (value := getattr(each, name)) is not None]
    if told:
        yield Fact(what, say(max(told)))


def of_start(case: Case, start: Start, began: float) -> tuple[Fact, ...]:
    """Return the evidence of a cold start; `began` is when the first of these requests was sent."""
    seen = [
        Fact(f"the first {start.count} requests", f"{shown(start.head)} in the mean, {percent(start.head_slow)} slow"),
        Fact("those after", f"{shown(start.rest)} in the mean, {percent(start.rest_slow)} slow", "the same traffic"),
    ]
    if case.seen.started is not None and began > case.seen.started:
        seen.append(Fact("the engine was up for", f"{began - case.seen.started:.0f} s"))
    return tuple(seen)


def unasked(case: Case, means: Means) -> dict[Cause, str]:
    """Return why nobody could tell a cause from its absence, by cause."""
    missing: dict[Cause, str] = {}
    if not case.seen.whole:
        nobody = "the engine's metrics were not scraped during the run"
        missing |= dict.fromkeys(("KV-cache wall", "queueing", "network-bound"), nobody)
    elif means.queue is None:
        missing |= dict.fromkeys(("KV-cache wall", "queueing"), "the engine told no queue times")
    if case.alone is None:
        lone = "nobody measured a request that is alone; say --alone"
        missing |= dict.fromkeys(("compute wall", "latency floor"), lone)
    if case.shared is None:
        missing["prefix cache ineffective"] = "nobody said how much of the prompts begins alike; say --shared"
    if not case.watched:
        outside = "these are the engine's own figures; nobody measured from outside"
        missing |= dict.fromkeys(("client-bound", "network-bound", "cold start"), outside)
    elif case.client is None and not case.complaints:
        missing["client-bound"] = "nobody watched the load client"
    return missing


_ALL: Mapping[Cause, _Facts] = {
    "KV-cache wall": _cache,
    "compute wall": _compute,
    "latency floor": _floor,
    "queueing": _seats,
    "prefix cache ineffective": _prefix,
    "client-bound": _client,
    "network-bound": _network,
}
