"""One panel as inline SVG: lines over time, or big numbers; colours are classes, so a theme has them."""

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from boards import Panel
from prom import Found
from rows import rows
from told import step, told

from leanrag.report.plot import Axis, ticks

# Labels that the page adds to a series: a unit of its own, and that it is a limit.
UNIT, LIMIT = "__unit", "__limit"
_LEFT, _RIGHT, _BOTTOM, _LEGEND = 72.0, 8, 20, 16
_LETTER = 0.6  # a letter's width, of its height
_TEXT, _SMALL = 12.0, 11.0
COLOURS = 8
_BIG = {"stat", "gauge"}
_ROWS = {"table", "bargauge", "barchart", "state-timeline", "status-history", "piechart"}
_MOST_LINES, _MOST_NUMBERS = 4, 3
Named = Sequence[tuple[str, Found]]


@dataclass(frozen=True, slots=True)
class Size:
    """The room of a panel's picture, in pixels of the page."""

    width: float
    height: float


def panel(asked: Panel, found: Named, size: Size) -> str:
    """Return a panel's picture; `found` is each series with its name."""
    if not found:
        return _svg(size, _text(size.width / 2, size.height / 2, "no data", "dim", "middle"))
    if asked.kind in _BIG and len(found) <= _MOST_NUMBERS:
        return _svg(size, _numbers(asked, found, size))
    if asked.kind in _ROWS or asked.kind in _BIG:
        return rows(asked, found, said, int(size.height))
    return _svg(size, _lines(asked, found, size))


def said(asked: Panel, series: Found) -> str:
    """Return a series' newest value as its panel tells it."""
    value = series.value
    return asked.words.get(f"{value:g}") or told(value, series.labels.get(UNIT) or asked.unit)


def _svg(size: Size, inside: str) -> str:
    shape = f'viewBox="0 0 {size.width:g} {size.height:g}" width="{size.width:g}" height="{size.height:g}"'
    return f'<svg {shape} role="img">{inside}</svg>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start", size: float = _TEXT) -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{name} text-anchor="{anchor}" font-size="{size:g}">{html.escape(text)}</text>'


def _numbers(asked: Panel, found: Named, size: Size) -> str:
    part, texts = size.width / len(found), [said(asked, series) for _, series in found]
    letters = max(len(text) for text in texts)
    high = min(size.height * 0.4, 56.0, 0.9 * part / (letters * _LETTER))
    shown = []
    for index, ((name, _), text) in enumerate(zip(found, texts, strict=True)):
        middle = part * (index + 0.5)
        shown.append(_text(middle, size.height / 2 + high / 3, text, "big", "middle", round(high, 1)))
        shown.append(_text(middle, size.height - 8, _short(name, part), "dim", "middle") if len(found) > 1 else "")
    return "".join(shown)


def _lines(asked: Panel, found: Named, size: Size) -> str:
    names = _flowed(found, size.width)
    bottom, top = size.height - _BOTTOM - _LEGEND * (len(names) + 0.25), 8.0
    scale, times = _scale(asked, found), [at for _, series in found for at, _ in series.points]
    marks = [(at, asked.words.get(f"{at:g}") or told(at, asked.unit)) for at in _round(scale, asked)]
    first, last = min(times), max(times)
    left, right = _left(text for _, text in marks), size.width - _RIGHT

    def x(at: float) -> float:
        return left + (at - first) / ((last - first) or 1) * (right - left)

    def y(value: float) -> float:
        return bottom - scale.at(value) * (bottom - top)

    grid = "".join(_across("grid", y(at), left, right) + _mark(y(at), left, text) for at, text in marks)
    limits = "".join(_across("limit", y(at), left, right) for at, _ in asked.thresholds if scale.low < at <= scale.high)
    lines = "".join(_line(number, series, x, y) for number, (_, series) in enumerate(found))
    span = f"{(last - first) / 60:.0f} min ago"
    ends = _text(left, bottom + 14, span, "dim") + _text(right, bottom + 14, "now", "dim", "end")
    return grid + limits + lines + ends + _legend(found, names, bottom + _BOTTOM)


def _round(scale: Axis, asked: Panel) -> list[float]:
    """Return ticks that are round in the unit that they are told in: minutes, GiB."""
    by = step(scale.high, asked.unit)
    return [at * by for at in ticks(Axis(scale.low / by, scale.high / by, False))]


def _scale(asked: Panel, found: Named) -> Axis:
    """Return an axis from nought, or from the lowest value below it; a threshold shows where it is not far above."""
    values = [value for _, series in found for _, value in series.points if value == value and abs(value) < 1e300]
    low, high = min([0.0, *values]), max([0.0, *values])
    near = [at for at, _ in asked.thresholds if high < at <= 3 * high]
    high = max([high, *near])
    return Axis(low, high * 1.06 if high > low else low + 1, False)


def _left(marks: Iterable[str]) -> float:
    """Return where the lines begin: right of the longest mark of the axis."""
    return max(_LEFT, 12 + max(map(len, marks), default=0) * _SMALL * _LETTER)


def _mark(y: float, left: float, text: str) -> str:
    return _text(left - 6, y + 4, text, "dim", "end", _SMALL)


def _across(kind: str, y: float, left: float, right: float) -> str:
    return f'<line class="{kind}" x1="{left:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(number: int, series: Found, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    points = [(x(at), y(value)) for at, value in series.points if value == value and abs(value) < 1e300]
    if len(points) == 1:
        return f'<circle class="dot c{number % COLOURS}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3"/>'
    places = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
    return f'<polyline class="{_class(number, series)}" points="{places}"/>'


def _class(number: int, series: Found) -> str:
    return "limit" if LIMIT in series.labels else f"line c{number % COLOURS}"


def _flowed(found: Named, width: float) -> list[list[tuple[int, float, str]]]:
    """Return the legend's lines: each name's number, place and text; the last one counts those that found no room."""
    lines: list[list[tuple[int, float, str]]] = [[]]
    x = 4.0
    for number, (name, _) in enumerate(found):
        text = _short(name, width - 40)
        wide = 34 + len(text) * _TEXT * _LETTER
        if x + wide > width and lines[-1]:
            if len(lines) == _MOST_LINES:
                last, at, word = lines[-1][-1]
                lines[-1][-1] = last, at, f"{word} (and {len(found) - number} more)"
                break
            lines.append([])
            x = 4.0
        lines[-1].append((number, x, text))
        x += wide
    return lines


def _legend(found: Named, lines: Sequence[Sequence[tuple[int, float, str]]], top: float) -> str:
    shown = []
    for row, names in enumerate(lines):
        y = top + _LEGEND * (row + 0.75)
        for number, x, text in names:
            kind = _class(number, found[number][1])
            shown.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x + 16:.1f}" y1="{y - 4:.1f}" y2="{y - 4:.1f}"/>')
            shown.append(_text(x + 22, y, text, "dim"))
    return "".join(shown)


def _short(text: str, width: float) -> str:
    most = max(4, int(width / (_TEXT * _LETTER)))
    return text if len(text) <= most else text[: most - 1] + "…"
