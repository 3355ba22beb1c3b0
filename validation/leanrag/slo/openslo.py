"""Objectives as OpenSLO v1 writes them, and as it is read: https://github.com/OpenSLO/OpenSLO, README at aa5cb78.

A latency becomes a ratio of counts from the engine's own histogram, which any tool that asks Prometheus can compute;
what only a client sees (errors, availability, goodput) becomes a ratio whose source is `leanrag`. OpenSLO has no word
for confidence, zone and unit: they are annotations, and a document without them is read by its queries.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from leanrag.slo.objectives import LATENCIES, Metric, Objective, Slo

VERSION = "openslo/v1"
PREFIX = "leanrag.io/"
SOURCE = "leanrag"
_PER_TOKEN = "vllm:request_time_per_output_token_seconds"
# The engine's histogram of the same quantity as the client's. GuideLLM's `itl` is the mean gap of a request, and so is
# vLLM's request_time_per_output_token (v1/metrics/stats.py 0.32.0); its inter_token_latency is of single gaps.
HISTOGRAMS: Mapping[Metric, str] = {
    "ttft": "vllm:time_to_first_token_seconds",
    "itl": _PER_TOKEN,
    "tpot": _PER_TOKEN,
    "e2e": "vllm:e2e_request_latency_seconds",
    "queue": "vllm:request_queue_time_seconds",
}
COUNTERS: Mapping[str, str] = {
    "tokens/s": "vllm:generation_tokens_total",
    "requests/s": "vllm:request_success_total",
}
_NAME = 63


def export(slo: Slo, model: str, window: str = "") -> tuple[dict[str, Any], ...]:
    """Return one SLO document an objective; `window` is a rolling one, such as 28d, and left out when empty."""
    return tuple(_document(one, model, window) for one in slo.objectives)


def _document(one: Objective, model: str, window: str) -> dict[str, Any]:
    service = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") or "model"
    name = f"{service[: _NAME - len(one.metric) - 1].strip('-')}-{one.metric.lower()}"
    spec: dict[str, Any] = {
        "description": one.sentence,
        "service": service[:_NAME].strip("-"),
        "indicator": {"metadata": {"name": name}, "spec": _indicator(one, model)},
    }
    if window:
        spec["timeWindow"] = [{"duration": window, "isRolling": True}]
    metadata = {"name": name, "displayName": f"{model[:40]} {one.name}", "annotations": dict(_annotations(one))}
    return {"apiVersion": VERSION, "kind": "SLO", "metadata": metadata, "spec": spec | _target(one)}


def _annotations(one: Objective) -> Iterator[tuple[str, str]]:
    yield f"{PREFIX}metric", one.metric
    yield f"{PREFIX}unit", one.unit
    yield f"{PREFIX}confidence", f"{one.confidence!r}"
    if one.zone:
        yield f"{PREFIX}zone", f"{one.zone.good!r} to {one.zone.bad!r}"


def _target(one: Objective) -> dict[str, Any]:
    target = float(1 - Decimal(str(one.allowed)))
    if one.metric != "throughput":
        return {"budgetingMethod": "Occurrences", "objectives": [{"target": target}]}
    told = {"op": "gte", "value": one.limit, "target": target, "timeSliceTarget": 1.0, "timeSliceWindow": "1m"}
    return {"budgetingMethod": "Timeslices", "objectives": [told]}


def _indicator(one: Objective, model: str) -> dict[str, Any]:
    chosen = f"model_name={json.dumps(model)}"
    if one.metric == "throughput":
        return {"thresholdMetric": _prometheus(f"sum(rate({COUNTERS[one.unit]}{{{chosen}}}[1m]))")}
    if one.metric in LATENCIES:
        name, edge = HISTOGRAMS[one.metric], edge_text(one)
        good = _prometheus(f'sum({name}_bucket{{{chosen},le="{edge}"}})')
        return {"ratioMetric": {"counter": True, "good": good, "total": _prometheus(f"sum({name}_count{{{chosen}}})")}}
    counted = "bad" if one.metric == "errorRate" else "good"
    ratio = {counted: _ours(one.metric, model), "total": _ours("requests", model)}
    return {"ratioMetric": {"counter": True, **ratio}}


def edge_text(one: Objective) -> str:
    """Return a latency's limit as vLLM's Python client writes the edge of a bucket: 10 s is "10.0"."""
    return repr(float(Decimal(str(one.limit)) * (Decimal("0.001") if one.unit == "ms" else 1)))


def _prometheus(query: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}


def _ours(metric: str, model: str) -> dict[str, Any]:
    return {"metricSource": {"type": SOURCE, "spec": {"metric": metric, "model": model}}}
