"""The history as one self-contained page: for each objective a point a run, against its limit, oldest commit left."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from leanrag.evidence.history import Line, Past, Run
from leanrag.report import history, words

# Above this ratio of the smallest to the largest figure the axis does not begin at 0: all would look alike.
ZOOM_FROM = 0.8


@dataclass(frozen=True, slots=True)
class Point:
    """One run: places are shares of the plot, 0 to 1, `up` from below."""

    at: float
    up: float
    outcome: str
    spoken: str


@dataclass(frozen=True, slots=True)
class Step:
    """The limit over the commits in which it was the same."""

    start: float
    end: float
    up: float


@dataclass(frozen=True, slots=True)
class Trend:
    """One objective over commits."""

    name: str
    unit: str
    top: str
    bottom: str
    points: tuple[Point, ...]
    limits: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of the page: its table and its trends."""

    title: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    trends: tuple[Trend, ...]


def page(found: Sequence[Past]) -> str:
    """Return the history as HTML; every text of it is escaped."""
    template, style = _assets()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    models = [_model(one) for one in found]
    return template.render(style=Markup(style), style_hash=digest, models=models, words=words.WORDS)


@lru_cache(maxsize=1)
def _assets() -> tuple[Template, str]:
    here = resources.files("leanrag.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    template = environment.from_string(here.joinpath("history_page.html.j2").read_text(encoding="utf-8"))
    return template, here.joinpath("page.css").read_text(encoding="utf-8")


def _model(one: Past) -> Model:
    names = history.objective_names(one)
    rows = (
        (
            line.counts.outcome,
            history.commit(line),
            history.when(line.counts),
            history.runs(line),
            *(history.cell(line.counts, name) for name in names),
        )
        for line in one.lines
    )
    title = f"{words.clean(one.model)} on {words.clean(one.cluster)} (scope {one.scope})"
    return Model(title, names, tuple(rows), tuple(_trends(one, names)))


def _trends(one: Past, names: Sequence[str]) -> Iterator[Trend]:
    oldest_first = one.lines[::-1]
    for name in names:
        told = [(at, line, run) for at, line in enumerate(oldest_first) for run in line.runs if not run.carried]
        figures = [value for _, _, run in told for value in _figures(run, name)]
        if any(_estimate(run, name) is not None for _, _, run in told):
            yield _trend(name, told, _bounds(figures), len(oldest_first))


def _figures(run: Run, name: str) -> Iterator[float]:
    seen = history.seen_of(run, name)
    yield from (value for value in (seen.estimate, seen.limit) if value is not None) if seen else ()


def _estimate(run: Run, name: str) -> float | None:
    seen = history.seen_of(run, name)
    return seen.estimate if seen else None


def _bounds(figures: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the axis, with some room."""
    low, high = min(figures), max(figures)
    if low <= ZOOM_FROM * high:
        return 0.0, high * 1.08 or 1.0
    room = (high - low) * 0.15 or high * 0.01 or 1.0
    return low - room, high + room


def _trend(name: str, told: Sequence[tuple[int, Line, Run]], bounds: tuple[float, float], count: int) -> Trend:
    low, high = bounds
    points, limits, unit = [], {}, ""
    for at, line, run in told:
        seen = history.seen_of(run, name)
        if seen is None:
            continue
        unit = seen.unit
        if seen.limit is not None:
            limits[at] = Step(at / count, (at + 1) / count, (seen.limit - low) / (high - low))
        if seen.estimate is not None:
            spoken = f"{history.commit(line)}, {history.when(run)}: {history.cell(run, name)}"
            points.append(Point((at + 0.5) / count, (seen.estimate - low) / (high - low), seen.outcome, spoken))
    # The room above a share would be called 102 %.
    top, bottom = (words.quantity(min(value, 1.0) if unit == "share" else value, unit) for value in (high, low))
    return Trend(name, unit, top, bottom, tuple(points), tuple(limits.values()))
