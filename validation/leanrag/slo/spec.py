"""The `slo:` block as users write it: shapes are checked here, and whether the traffic can prove the promises."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leanrag.core.errors import InputError
from leanrag.slo import shape
from leanrag.slo.feasible import MOST_RATE, most_requests, problems
from leanrag.slo.objectives import METRICS, Decision, Objective, ShareAlpha, Slo, Traffic, Zone
from leanrag.slo.shape import ShapeBlock

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[Finite, Field(gt=0)]
Share = Annotated[Finite, Field(gt=0, lt=1)]


class _Block(BaseModel):
    # Strict: "500" in quotes is a mistake, not a number.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Zone(_Block):
    good: Share
    bad: Share


class _Latency(_Block):
    percentile: Annotated[Finite, Field(ge=50, lt=100)]
    limit: Positive
    unit: Literal["ms", "s"]
    zone: _Zone | None = None


class _Share(_Block):
    # 0 % errors and 100 % availability are not provable by any number of requests.
    limit: Share
    unit: Literal["share"] = "share"
    zone: _Zone | None = None


class _Throughput(_Block):
    limit: Positive
    unit: Literal["tokens/s", "requests/s"]


class _Objectives(_Block):
    ttft: _Latency | None = None
    itl: _Latency | None = None
    tpot: _Latency | None = None
    e2e: _Latency | None = None
    queue: _Latency | None = None
    errorRate: _Share | None = None  # noqa: N815 - the key in YAML
    availability: _Share | None = None
    goodput: _Share | None = None
    throughput: _Throughput | None = None


class _Traffic(_Block):
    profile: Literal["constant", "concurrent"]
    requests: Annotated[int, Field(gt=0, le=100_000)]
    promptTokens: Annotated[int, Field(gt=0)]  # noqa: N815 - the key in YAML
    outputTokens: Annotated[int, Field(gt=0)]  # noqa: N815 - the key in YAML
    timeoutSeconds: Positive  # noqa: N815 - the key in YAML
    warmupRequests: Annotated[int, Field(ge=0)]  # noqa: N815 - the key in YAML
    maxDurationSeconds: Positive  # noqa: N815 - the key in YAML
    # Both may be there: Helm merges an overlay's `streams` into a default `rate`. The profile says which one counts.
    rate: Positive | None = None
    streams: Annotated[int, Field(gt=0)] | None = None
    shape: ShapeBlock | None = None


class _Slo(_Block):
    confidence: Annotated[Finite, Field(ge=0.5, lt=1)]
    objectives: _Objectives
    traffic: _Traffic
    decision: Decision = "exact"
    extension: Annotated[Finite, Field(ge=0, le=1)] = 0.0
    shareAlpha: ShareAlpha = "none"  # noqa: N815 - the key in YAML


def parse(block: object, place: str) -> Slo:
    """Return the objectives and traffic of an `slo:` block; `place` names it ("overlays/dev/models/x.yaml: slo").

    Raises InputError with every problem, one a line, each with its key: wrong shapes first; when the shapes are right,
    promises that the traffic can never prove.
    """
    if not isinstance(block, Mapping):
        raise InputError(f"{place}: not a map of confidence, objectives and traffic", hint="see charts/serving/model")
    try:
        found = _Slo.model_validate(dict(block))
    except ValidationError as error:
        raise _refuse(place, list(shape_problems(error))) from None
    slo = Slo(
        objectives=tuple(_objectives(found.objectives, found.confidence)),
        traffic=_traffic(found.traffic),
        confidence=found.confidence,
        decision=found.decision,
        extension=found.extension,
        share_alpha=found.shareAlpha,
        shape=found.traffic.shape.shape() if found.traffic.shape else None,
    )
    sent = most_requests(slo) + slo.traffic.warmup_requests
    shaped = shape.problems(slo.shape, slo.traffic.rate, sent, MOST_RATE) if slo.shape else ()
    if impossible := (*problems(slo), *shaped):
        raise _refuse(place, list(impossible))
    return slo


def _refuse(place: str, lines: list[str]) -> InputError:
    return InputError("\n".join(f"{place}.{line}" for line in lines), hint="correct these keys; nothing was sent")


def objective_problems(objectives: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with the shape of an `objectives:` map, one line a problem, each with its key."""
    try:
        _Objectives.model_validate(dict(objectives))
    except ValidationError as error:
        return tuple(f"objectives.{line}" for line in shape_problems(error))
    return ()


def shape_problems(error: ValidationError) -> Iterator[str]:
    """Yield one line for each thing that is wrong: its key, and what was found there."""
    for found in error.errors(include_url=False, include_context=False):
        key = ".".join(str(part) for part in found["loc"])
        if found["type"] == "extra_forbidden":
            yield f"{key}: no such key{_meant(found['loc'])}"
        elif found["type"] == "missing":
            yield f"{key}: is missing"
        else:
            yield f"{key}: {found['msg'][0].lower()}{found['msg'][1:]}, not {found['input']!r}"


def _meant(loc: tuple[int | str, ...]) -> str:
    known = _keys(loc[:-1])
    near = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known keys: {', '.join(known)}"


def _keys(parents: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = _Slo
    for parent in parents:
        kinds = get_args(annotation := model.model_fields[str(parent)].annotation) or (annotation,)
        model = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return list(model.model_fields)


def _objectives(found: _Objectives, confidence: float) -> Iterator[Objective]:
    for metric in METRICS:
        promise: Any = getattr(found, metric)
        if promise is not None:
            zone = getattr(promise, "zone", None)
            yield Objective(
                metric=metric,
                limit=promise.limit,
                unit=promise.unit,
                confidence=confidence,
                percentile=getattr(promise, "percentile", None),
                zone=Zone(zone.good, zone.bad) if zone else None,
            )


def _traffic(found: _Traffic) -> Traffic:
    return Traffic(
        profile=found.profile,
        requests=found.requests,
        prompt_tokens=found.promptTokens,
        output_tokens=found.outputTokens,
        timeout_seconds=found.timeoutSeconds,
        warmup_requests=found.warmupRequests,
        max_duration_seconds=found.maxDurationSeconds,
        rate=found.rate if found.profile == "constant" else None,
        streams=found.streams if found.profile == "concurrent" else None,
    )
