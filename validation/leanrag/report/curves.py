"""The latency plots of the page, worked out from a verdict's distributions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.report import plot, words

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on an axis, 0 to 1; `anchor` keeps the text inside the plot."""

    at: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled point or line of a plot."""

    at: float
    text: str
    anchor: str
    up: float = 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """One latency distribution as a plot."""

    title: str
    model: str
    path: str
    ticks: tuple[Tick, ...]
    limit: Mark | None
    percentile: Mark | None
    over: bool
    scale: str
    spoken: str
    rows: tuple[tuple[str, str], ...]


def curves_of(document: Document) -> tuple[Curve, ...]:
    """Return a plot for each distribution that has values."""
    return tuple(_curve(entry, document) for entry in document["distributions"] if entry["values"])


def _curve(entry: Mapping[str, Any], document: Document) -> Curve:
    values, limit, unit = entry["values"], entry["limit"], entry["unit"]
    scale = plot.axis(values, limit)
    wanted = _percentile_of(entry, document)
    seen = plot.percentile(values, wanted)
    title = words.METRICS.get(entry["metric"], entry["metric"]).partition(",")[0]
    told = f"{wanted:g} % of answers within {words.quantity(seen, unit)}"
    if limit is not None:
        told += f", the limit is {words.quantity(limit, unit)}"
    return Curve(
        title=title[0].upper() + title[1:],
        model=words.clean(entry["model"]),
        path=plot.ecdf_path(values, scale),
        ticks=tuple(_tick(scale.at(value), words.figure(value)) for value in _apart(plot.ticks(scale), scale)),
        limit=_limit_mark(scale, limit, unit),
        percentile=_percentile_mark(scale, seen, wanted, unit, limit),
        over=limit is not None and seen is not None and seen > limit,
        scale=f"{unit}, log scale" if scale.log else unit,
        spoken=f"{title}: {told}.",
        rows=_quantiles(values, unit, wanted),
    )


def _percentile_of(entry: Mapping[str, Any], document: Document) -> float:
    same = (o for o in document["objectives"] if (o["model"], o["metric"]) == (entry["model"], entry["metric"]))
    return float(next((o["percentile"] for o in same if o["percentile"] is not None), 95))


def _quantiles(values: Sequence[float], unit: str, wanted: float) -> tuple[tuple[str, str], ...]:
    points = sorted({50.0, 90.0, 99.0, wanted})
    rows = [(f"p{point:g}", words.quantity(plot.percentile(values, point), unit)) for point in points]
    return (("fastest", words.quantity(min(values), unit)), *rows, ("slowest", words.quantity(max(values), unit)))


def _apart(values: Iterable[float], scale: plot.Axis) -> Iterable[float]:
    last = -1.0
    for value in values:
        if (at := scale.at(value)) - last >= 0.11:  # labels nearer than this touch at 380 px
            last = at
            yield value


def _tick(at: float, text: str) -> Tick:
    return Tick(at, text, "start" if at < 0.04 else "end" if at > 0.96 else "middle")


def _limit_mark(scale: plot.Axis, limit: float | None, unit: str) -> Mark | None:
    if limit is None:
        return None
    at = scale.at(limit)
    return Mark(at, f"limit {words.quantity(limit, unit)}", "end" if at > 0.5 else "start")


def _percentile_mark(
    scale: plot.Axis, seen: float | None, wanted: float, unit: str, limit: float | None
) -> Mark | None:
    if seen is None:
        return None
    at = scale.at(seen)
    # Left of the point there is room above the curve, unless the limit's line runs there.
    crossed = limit is not None and limit <= seen and at < 0.72
    return Mark(
        at, f"p{wanted:g} {words.quantity(seen, unit)}", "start" if crossed or at <= 0.4 else "end", wanted / 100
    )
