"""The plots of a comparison's page: both sides' latency at each load, and latency against throughput over the loads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.report import compare_words as say
from leanrag.report import plot, words
from leanrag.report.compare_words import Document
from leanrag.report.curves import Tick

_PLOTTED = ("ttft", "itl", "e2e")


@dataclass(frozen=True, slots=True)
class Distribution:
    """Both sides' latency at one load: SVG paths on a 1000 x 1000 field, and quantiles as text."""

    title: str
    stage: str
    scale: str
    base: str
    new: str
    ticks: tuple[Tick, ...]
    rows: tuple[tuple[str, str, str], ...]
    spoken: str


@dataclass(frozen=True, slots=True)
class Point:
    """One load in a throughput-latency plot, both 0 to 1 from the origin."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Bend:
    """Latency against throughput over the loads: a curve a side, in the order of throughput."""

    title: str
    base: tuple[Point, ...]
    new: tuple[Point, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    spoken: str


def distributions(document: Document) -> tuple[Distribution, ...]:
    """Return a plot for each latency at each load that both sides have."""
    found = pairs(document)
    return tuple(
        _distribution(metric, base, new, document)
        for base, new in found
        for metric in _PLOTTED
        if base["values"].get(metric) and new["values"].get(metric)
    )


def pairs(document: Document) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Return the loads that both sides have, the baseline's first."""
    sides = [{one["stage"]: one for one in document["loads"] if one["side"] == side} for side in ("base", "new")]
    return [(load, sides[1][stage]) for stage, load in sides[0].items() if stage in sides[1]]


def _distribution(metric: str, base: Mapping[str, Any], new: Mapping[str, Any], document: Document) -> Distribution:
    unit, factor = ("s", 1.0) if metric == "e2e" else ("ms", 1000.0)
    drawn = [[value * factor for value in load["values"][metric]] for load in (base, new)]
    scale = plot.axis([*drawn[0], *drawn[1]], None)
    title = words.METRICS[metric].partition(",")[0]
    rows = tuple((point, _at(base, metric, point), _at(new, metric, point)) for point in ("p50", "p95", "p99"))
    names = say.sides(document)
    told = "; ".join(f"{point} {one} against {other}" for point, one, other in rows)
    return Distribution(
        title=title[0].upper() + title[1:],
        stage=words.clean(base["stage"]),
        scale=f"{unit}, log scale" if scale.log else unit,
        base=plot.ecdf_path(drawn[0], scale),
        new=plot.ecdf_path(drawn[1], scale),
        ticks=_ticks(scale),
        rows=rows,
        spoken=f"{title} at {base['stage']}, {names[0]} against {names[1]}: {told}.",
    )


def _at(load: Mapping[str, Any], metric: str, point: str) -> str:
    return say.amount(load["percentiles"][metric][point], metric)


def _ticks(scale: plot.Axis) -> tuple[Tick, ...]:
    """Return labelled places; those nearer than this would touch at 380 px."""
    found: list[Tick] = []
    for value in plot.ticks(scale):
        at = scale.at(value)
        if not found or at - found[-1].at >= 0.11:
            found.append(Tick(at, words.figure(value), "start" if at < 0.04 else "end" if at > 0.96 else "middle"))
    return tuple(found)


def bends(document: Document) -> tuple[Bend, ...]:
    """Return throughput-latency curves of p95; with one load a side there is a point, and no curve to draw."""
    if len(pairs(document)) < 2:
        return ()
    return tuple(_bend(metric, document) for metric in ("ttft", "e2e") if _has(metric, document))


def _has(metric: str, document: Document) -> bool:
    return all(load["percentiles"].get(metric, {}).get("p95") for pair in pairs(document) for load in pair)


def _bend(metric: str, document: Document) -> Bend:
    unit, factor = ("s", 1.0) if metric == "e2e" else ("ms", 1000.0)
    found = pairs(document)
    sides = [
        sorted(
            (one[side]["tokensPerSecond"], one[side]["percentiles"][metric]["p95"] * factor, one[side]["stage"])
            for one in found
        )
        for side in (0, 1)
    ]
    x = plot.axis([each[0] for side in sides for each in side], None)
    y = plot.axis([each[1] for side in sides for each in side], None)
    title = f"{words.METRICS[metric].partition(',')[0]} p95, {unit}"
    base, new = (tuple(_point(each, x, y) for each in side) for side in sides)
    names = say.sides(document)
    return Bend(
        title[0].upper() + title[1:],
        base,
        new,
        _ticks(x),
        tuple(each for each in _ticks(y) if 0 < each.at < 0.96),
        f"{title} against output tokens a second. "
        + "; ".join(_told(side, own) for side, own in zip(sides, names, strict=True)),
    )


def _point(each: tuple[float, float, str], x: plot.Axis, y: plot.Axis) -> Point:
    return Point(x.at(each[0]), y.at(each[1]), words.clean(each[2]))


def _told(side: Sequence[tuple[float, float, str]], name: str) -> str:
    return f"{name}: " + ", ".join(f"{words.figure(latency)} at {words.figure(rate)}" for rate, latency, _ in side)


def path(points: Iterable[Point]) -> str:
    """Return the SVG path through points, on a 1000 x 1000 field with its origin top left."""
    return "M" + "L".join(f"{each.x * plot.WIDTH:.1f} {plot.HEIGHT * (1 - each.y):.1f}" for each in points)
