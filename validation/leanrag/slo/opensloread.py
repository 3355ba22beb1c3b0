"""OpenSLO v1 documents, of ours or anybody's, as the `objectives:` of an `slo:` block, or the reason why not."""

import contextlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leanrag.core.errors import InputError
from leanrag.core.shapes import mapping
from leanrag.engine.registry import family
from leanrag.slo.objectives import FLOORS, LATENCIES, METRICS
from leanrag.slo.openslo import COUNTERS, HISTOGRAMS, PREFIX, SOURCE, VERSION
from leanrag.slo.spec import objective_problems, shape_problems

KINDS = ("DataSource", "SLO", "SLI", "AlertPolicy", "AlertCondition", "AlertNotificationTarget", "Service")
_METRIC_OF = {name: metric for metric, name in HISTOGRAMS.items() if metric != "itl"}
_BUCKET = re.compile(r"([A-Za-z_][\w:]*)_bucket\b")
_EDGE = re.compile(r"""\ble\s*=\s*["']([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)["']""")
_WAY = "write a ratio of …_bucket with its le over …_count, or annotate it with leanrag.io/metric"
_HALF = Decimal("0.5")
Finite = Annotated[float, Field(allow_inf_nan=False)]


class _Block(BaseModel):
    # OpenSLO is for other tools, too: what they add is theirs.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Source(_Block):
    type: str = ""
    spec: dict[str, Any] = {}


class _Counted(_Block):
    metricSource: _Source  # noqa: N815 - the key in YAML


class _Ratio(_Block):
    good: _Counted | None = None
    bad: _Counted | None = None


class _Measure(_Block):
    thresholdMetric: _Counted | None = None  # noqa: N815 - the key in YAML
    ratioMetric: _Ratio | None = None  # noqa: N815 - the key in YAML


class _Metadata(_Block):
    name: str
    annotations: dict[str, str] = {}


class _Indicator(_Block):
    spec: _Measure


class _Target(_Block):
    op: Literal["lte", "gte", "lt", "gt"] | None = None
    value: Finite | None = None
    target: Annotated[Finite, Field(ge=0, lt=1)] | None = None
    targetPercent: Annotated[Finite, Field(ge=0, lt=100)] | None = None  # noqa: N815 - the key in YAML
    indicator: _Indicator | None = None
    indicatorRef: str | None = None  # noqa: N815 - the key in YAML

    @property
    def share(self) -> Decimal | None:
        """The wanted share of good events, 0 to 1."""
        if self.targetPercent is not None:
            return Decimal(str(self.targetPercent)) / 100
        return None if self.target is None else Decimal(str(self.target))


class _Spec(_Block):
    indicator: _Indicator | None = None
    indicatorRef: str | None = None  # noqa: N815 - the key in YAML
    objectives: Annotated[list[_Target], Field(min_length=1)]


class _Slo(_Block):
    metadata: _Metadata
    spec: _Spec


class _Sli(_Indicator):
    metadata: _Metadata


Promise = tuple[str, dict[str, Any]]
Block = TypeVar("Block", bound=BaseModel)


def read(documents: Iterable[object], source: str) -> dict[str, Any]:
    """Return `confidence` (when the documents say it) and `objectives`, as an `slo:` block holds them.

    Raises InputError with everything that is no promise of ours, and why. Whether the declared traffic can prove them
    is asked when the block is used.
    """
    bodies = [each for each in documents if each is not None]
    problems = [*_foreign(bodies)]
    indicators = {one.metadata.name: one for one in _of_kind(bodies, "SLI", _Sli, problems)}
    objectives: dict[str, dict[str, Any]] = {}
    sure: set[float] = set()
    for slo in _of_kind(bodies, "SLO", _Slo, problems):
        for target in slo.spec.objectives:
            try:
                metric, promise = _promise(slo, target, indicators)
                if metric in objectives:
                    raise ValueError(f"another promise about {metric}, and a gate holds one; drop the looser")
                objectives[metric] = promise | _zone(_notes(slo))
                sure |= _confidence(_notes(slo))
            except ValueError as error:
                problems.append(f"SLO {slo.metadata.name}: {error}")
    problems += _whole(objectives, sure, problems)
    if problems:
        lines = "\n".join(f"{source}: {line}" for line in problems)
        raise InputError(lines, hint=f"this reads {VERSION}; correct these documents or take them out")
    ordered = {metric: objectives[metric] for metric in METRICS if metric in objectives}
    return {**({"confidence": sure.pop()} if sure else {}), "objectives": ordered}


def _whole(objectives: Mapping[str, Any], sure: Collection[float], before: Collection[str]) -> Iterator[str]:
    if not objectives and not before:
        yield "no document of kind SLO"
    if len(sure) > 1:
        yield f"confidences {' and '.join(f'{one:g}' for one in sorted(sure))}; a block has one, make them one"
    yield from objective_problems(objectives)


def _foreign(bodies: Iterable[Any]) -> Iterator[str]:
    for number, body in enumerate(bodies, 1):
        version, kind = mapping(body).get("apiVersion"), mapping(body).get("kind")
        if version != VERSION or kind not in KINDS:
            yield f"document {number}: {version!r} {kind!r} is not a kind of {VERSION}"


def _of_kind(bodies: Iterable[Any], kind: str, model: type[Block], problems: list[str]) -> tuple[Block, ...]:
    """Return the documents of a kind; what is wrong with the others of it is added to `problems`."""
    found = []
    for body in bodies:
        if (mapping(body).get("kind"), mapping(body).get("apiVersion")) == (kind, VERSION):
            try:
                found.append(model.model_validate(body))
            except ValidationError as error:
                name = mapping(mapping(body).get("metadata")).get("name")
                problems += [f"{kind} {name}: {line}" for line in shape_problems(error)]
    return tuple(found)


def _notes(slo: _Slo) -> dict[str, str]:
    written = slo.metadata.annotations.items()
    return {key.removeprefix(PREFIX): text for key, text in written if key.startswith(PREFIX)}


def _promise(slo: _Slo, target: _Target, indicators: Mapping[str, _Sli]) -> Promise:
    inline, name = target.indicator or slo.spec.indicator, target.indicatorRef or slo.spec.indicatorRef
    found = inline or indicators.get(name or "")
    if found is None:
        raise ValueError(f"indicator {name or ''} is not among the documents; add its SLI")
    if target.share is None:
        raise ValueError("an objective has neither target nor targetPercent; write one")
    if found.spec.ratioMetric:
        return _ratio(found.spec.ratioMetric, target.share, _notes(slo))
    if found.spec.thresholdMetric:
        return _threshold(found.spec.thresholdMetric.metricSource, target, target.share, _notes(slo))
    raise ValueError("its indicator has neither ratioMetric nor thresholdMetric; write one")


def _ratio(ratio: _Ratio, share: Decimal, notes: Mapping[str, str]) -> Promise:
    counted = ratio.good or ratio.bad
    if counted is None:
        raise ValueError(f"a ratio without good or bad says not what is counted; {_WAY}")
    metric = _told(counted.metricSource, notes)
    if metric in ("errorRate", "availability", "goodput"):
        return metric, {"limit": _number(share if metric in FLOORS else 1 - share), "unit": "share"}
    query = str(counted.metricSource.spec.get("query", ""))
    edge, bucket = _EDGE.search(query), _BUCKET.search(query)
    metric = metric or _METRIC_OF.get(_plain(bucket[1]) if bucket else "", "")
    if ratio.good is None or edge is None or metric not in LATENCIES:
        raise ValueError(f"{query or 'its source'!r} counts no requests within a latency; {_WAY}")
    return metric, _latency(Decimal(edge[1]), share, notes.get("unit", ""))


def _threshold(source: _Source, target: _Target, share: Decimal, notes: Mapping[str, str]) -> Promise:
    query = str(source.spec.get("query", ""))
    by_query = next((unit for unit, name in COUNTERS.items() if name in query and "rate(" in query), "")
    metric = _told(source, notes) or ("throughput" if by_query else "")
    unit = notes.get("unit") or str(source.spec.get("unit", "")) or by_query
    if metric not in (*LATENCIES, "throughput"):
        raise ValueError(f"{query or 'its source'!r} is no value of a request; {_WAY}")
    if target.value is None or target.op is None or (target.op in ("gte", "gt")) != (metric in FLOORS):
        raise ValueError(f"{metric} needs a value and op: {'gte' if metric in FLOORS else 'lte'}")
    if metric in LATENCIES:
        scale = Decimal("0.001") if unit == "ms" else 1
        return metric, _latency(Decimal(str(target.value)) * scale, share, unit or "s")
    if share != _HALF:
        raise ValueError(f"a gate promises throughput of half the parts of a run, not of {share}; write target: 0.5")
    return metric, {"limit": _number(Decimal(str(target.value))), "unit": unit}


def _told(source: _Source, notes: Mapping[str, str]) -> str:
    """Return the metric that an annotation or a source of ours names."""
    return notes.get("metric") or (str(source.spec.get("metric", "")) if source.type == SOURCE else "")


def _plain(name: str) -> str:
    """Return a metric's name without what KServe puts in front of it."""
    owner = family(name)
    return owner.plain(name) if owner else name


def _latency(seconds: Decimal, share: Decimal, unit: str) -> dict[str, Any]:
    unit = unit or ("s" if seconds >= 1 else "ms")
    return {"percentile": _number(share * 100), "limit": _number(seconds * (1000 if unit == "ms" else 1)), "unit": unit}


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _zone(notes: Mapping[str, str]) -> dict[str, Any]:
    if "zone" not in notes:
        return {}
    good, _, bad = notes["zone"].partition(" to ")
    return {"zone": {"good": _share("zone", good), "bad": _share("zone", bad)}}


def _confidence(notes: Mapping[str, str]) -> set[float]:
    return {_share("confidence", notes["confidence"])} if "confidence" in notes else set()


def _share(key: str, text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    raise ValueError(f"annotation {PREFIX}{key}: {text!r} is no share between 0 and 1; correct it")
