"""A comparison as one JSON document: what programs read, and what the page is made of."""

import math
from typing import Any

from leanrag.compare.comparison import Comparison, Load
from leanrag.compare.contrast import Contrast, off_scale
from leanrag.compare.economy import memory, per_million
from leanrag.compare.facts import NAMES
from leanrag.compare.sides import Side
from leanrag.core.result import JSON

SCHEMA = "leanrag.io/comparison/v1"


def document(found: Comparison) -> dict[str, JSON]:
    """Return schema leanrag.io/comparison/v1: seconds, tokens a second, shares; `change` is candidate over baseline."""
    base, new = found.sides
    return {
        "schema": SCHEMA,
        "answer": found.answer.value,
        "outcome": found.answer.outcome.value,
        "reason": found.reason,
        "base": _side(base),
        "new": _side(new),
        "sameCodeRuns": found.same_code,
        "matters": [
            {"name": one.name, "kind": one.kind, "base": one.base, "new": one.new, "note": one.note}
            for one in found.matters
        ],
        "doubts": list(found.doubts),
        "contrasts": [_contrast(one) for one in found.contrasts],
        "loads": [_load(one, found.sides[one.side]) for one in found.loads],
    }


def _side(side: Side) -> JSON:
    facts: dict[str, JSON] = {name: _plain(getattr(side.facts, name)) for name in NAMES}
    return {
        "name": side.name,
        "path": side.path,
        "runs": [run.source for run in side.runs],
        "facts": facts,
        "gpus": side.told.gpus,
        "pricePerGpuHour": side.told.price,
        "memory": memory(side),
    }


def _contrast(one: Contrast) -> JSON:
    seen = one.evidence
    return {
        "stage": seen.stage,
        "metric": seen.measure.metric,
        "percentile": seen.measure.percentile,
        "kind": seen.measure.kind,
        "moreIsBetter": seen.measure.more_is_better,
        "base": _finite(seen.sides[0]),
        "new": _finite(seen.sides[1]),
        "requests": list(seen.requests),
        "change": one.change,
        "lower": one.lower,
        "upper": one.upper,
        "margin": one.margin,
        "noise": off_scale(seen.noise.sd, seen.measure) if seen.noise else None,
        "noiseDegrees": seen.noise.df if seen.noise else None,
        "lag1": max((each.lag1 for each in seen.serials), default=None),
        "block": max((each.block for each in seen.serials), default=None),
        "pWorse": one.worse,
        "pBetter": one.better,
        "pWithin": one.within,
        "answer": one.answer.value,
        "reason": one.reason,
    }


def _load(one: Load, side: Side) -> JSON:
    return {
        "stage": one.stage,
        "side": ("base", "new")[one.side],
        "requests": one.requests,
        "seconds": one.seconds,
        "tokensPerSecond": one.tokens_per_second,
        "costPerMillionOutputTokens": per_million(side, one),
        "percentiles": {
            metric: {f"p{p:g}": _finite(value) for p, value in seen.items()} for metric, seen in one.percentiles.items()
        },
        "values": {metric: list(values) for metric, values in one.values.items()},
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _plain(value: Any) -> JSON:
    return dict(value) if isinstance(value, dict) else value or None
