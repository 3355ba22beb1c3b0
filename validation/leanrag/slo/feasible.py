"""Promises that no run of this traffic could ever prove, found before a request is sent."""

import math
from collections.abc import Iterator

from leanrag.core.errors import InputError
from leanrag.slo.alpha import levels
from leanrag.slo.binomial import required
from leanrag.slo.objectives import LATENCIES, REQUEST_LATENCIES, Objective, Slo, Zone
from leanrag.slo.sequential import fixed_n

# Measured for GuideLLM 0.8.1 on two cores: beyond these its own delays show in the figures.
MOST_STREAMS = 128
MOST_RATE = 150.0
# Throughput is judged by equal parts of the run, see leanrag.load.flow.
MOST_PARTS = 20
# A run is ended when more than this is certain; a promise that allows more would never be judged to its end.
MOST_ERRORS = 0.1
_LARGEST_ERROR = 0.5


def problems(slo: Slo) -> tuple[str, ...]:
    """Return one line for each impossibility: its key under `slo.`, what is wrong, and the way out."""
    each = (line for one in slo.objectives for line in (*_objective(one, slo), *_zone(one)))
    return (*_traffic(slo), *each, *_together(slo))


def most_requests(slo: Slo) -> int:
    """Return how many measured requests a run may have, its extension included."""
    return math.floor(slo.traffic.requests * (1.0 + slo.extension))


def _traffic(slo: Slo) -> Iterator[str]:
    traffic, mean = slo.traffic, _mean_rate(slo)
    wanted = "rate" if traffic.profile == "constant" else "streams"
    if getattr(traffic, wanted) is None:
        yield f"traffic.{wanted}: is missing; profile {traffic.profile} needs it"
    if (traffic.streams or 0) > MOST_STREAMS:
        yield f"traffic.streams: {traffic.streams} is more than one client measures honestly; at most {MOST_STREAMS}"
    if (traffic.rate or 0) > MOST_RATE:
        yield f"traffic.rate: {traffic.rate:g}/s is more than one client measures honestly; at most {MOST_RATE:g}/s"
    if mean and traffic.sent / mean > traffic.max_duration_seconds:
        yield (
            f"traffic.maxDurationSeconds: {traffic.sent} requests at {mean:g}/s take "
            f"{traffic.sent / mean:.0f} s, the run ends after {traffic.max_duration_seconds:g} s; "
            "raise it, or the rate"
        )


def _mean_rate(slo: Slo) -> float | None:
    """Requests a second over the whole run; None in a closed loop, whose rate nobody knows beforehand."""
    rate, end = slo.traffic.rate, slo.shape.ramp_to if slo.shape else None
    return (rate + end) / 2 if rate and end else rate


def _objective(objective: Objective, slo: Slo) -> Iterator[str]:
    key, traffic = f"objectives.{objective.metric}", slo.traffic
    if objective.metric == "throughput":
        yield from _throughput(objective, slo)
        return
    if objective.zone and slo.decision == "sequential":
        yield from _looked_at_often(objective, objective.zone, slo)
    else:
        # A declared extension is a second look, and each has half of the errors.
        sure = (1.0 + objective.confidence) / 2 if slo.extension else objective.confidence
        need, most = required(objective.allowed, sure), most_requests(slo)
        if need is None or need > most:
            what = f"p{objective.percentile:g}" if objective.percentile is not None else f"{objective.limit:g}"
            yield _too_few(key, f"{what} at {sure * 100:g} %", need, most, "promise less")
    if objective.metric in LATENCIES and objective.limit_seconds > traffic.timeout_seconds:
        yield (
            f"{key}.limit: {objective.limit:g} {objective.unit} is above traffic.timeoutSeconds "
            f"{traffic.timeout_seconds:g}; requests are given up before they could break it"
        )
    if objective.metric == "errorRate" and objective.limit > MOST_ERRORS:
        yield f"{key}.limit: {objective.limit:g} is more than {MOST_ERRORS:g}, where a run is ended early; lower it"
    if objective.metric in ("itl", "tpot") and traffic.output_tokens < 2:
        yield f"{key}: one output token has no gap; raise traffic.outputTokens to 2 or more"


def _too_few(key: str, what: str, need: int | None, sent: int, way: str) -> str:
    wanted = need or "ten million"
    return f"{key}: {what} needs >= {wanted} requests; traffic sends {sent}; raise traffic.requests, or {way}"


def _looked_at_often(objective: Objective, zone: Zone, slo: Slo) -> Iterator[str]:
    """With fewer requests than the fixed test of this zone, the sequential one is undecided more often than not."""
    share, most = levels(objective.confidence, len(slo.objectives), slo.share_alpha), most_requests(slo)
    if not zone.good < objective.allowed < zone.bad or share.false_pass >= _LARGEST_ERROR:
        return
    what = f"a zone of {zone.good:g} to {zone.bad:g} at {objective.confidence * 100:g} %"
    try:
        need: int | None = fixed_n(zone, share.false_pass, share.false_block)[0]
    except InputError:
        need = None
    if need is None or need > most:
        yield _too_few(f"objectives.{objective.metric}", what, need, most, "widen the zone")


def _throughput(objective: Objective, slo: Slo) -> Iterator[str]:
    """More than what is asked for never comes back."""
    key, need = "objectives.throughput", required(objective.allowed, objective.confidence) or 0
    if need > MOST_PARTS:
        yield (
            f"{key}: {objective.confidence * 100:g} % needs >= {need} parts of the run; it is cut into {MOST_PARTS} "
            "at most; lower slo.confidence"
        )
    mean, recorded = _mean_rate(slo), slo.shape is not None and slo.shape.recording
    if mean is None or (recorded and objective.unit == "tokens/s"):
        return
    asked = mean * (slo.traffic.output_tokens if objective.unit == "tokens/s" else 1)
    if objective.limit >= asked:
        yield (
            f"{key}.limit: {objective.limit:g} {objective.unit}, and the traffic asks for {asked:g}; "
            "raise traffic.rate, or promise less"
        )


def _zone(objective: Objective) -> Iterator[str]:
    zone = objective.zone
    if zone and objective.metric == "queue":
        yield "objectives.queue.zone: the engine counts requests and gives no order to look at them in; drop it"
    if zone and not zone.good < objective.allowed < zone.bad:
        yield (
            f"objectives.{objective.metric}.zone: {zone.good:g} to {zone.bad:g} does not hold {objective.allowed:g}, "
            "the share that may break the promise; write good below it and bad above it"
        )


def _together(slo: Slo) -> Iterator[str]:
    if any(one.metric == "goodput" for one in slo.objectives) and not any(
        one.metric in REQUEST_LATENCIES for one in slo.objectives
    ):
        yield f"objectives.goodput: no latency is promised; promise one of {', '.join(REQUEST_LATENCIES)}"
    if slo.decision == "sequential" and not any(one.zone for one in slo.objectives):
        yield "decision: sequential needs a zone; give one to an objective, to a p95 such as {good: 0.03, bad: 0.07}"
    if slo.decision == "sequential" and slo.confidence <= 1.0 - _LARGEST_ERROR:
        yield f"confidence: {slo.confidence:g} allows either answer; a sequential decision needs more than 0.5"
