"""One panel as inline SVG: lines over time, a big number, or rows; colours are classes, so a theme has them."""

import html
from collections.abc import Callable, Sequence

from boards import Panel
from prom import Found
from told import told

from leanrag.report.plot import Axis, ticks

WIDTH = 600
# Labels that the page adds to a series: a unit of its own, and that it is a limit.
UNIT, LIMIT = "__unit", "__limit"
_LEFT, _RIGHT, _BOTTOM, _LEGEND = 80, 8, 18, 16
COLOURS = 8
_BIG = {"stat", "gauge"}
_ROWS = {"table", "bargauge", "barchart", "state-timeline", "status-history", "piechart"}
_MOST = 8  # rows or names that a panel shows


def panel(asked: Panel, found: Sequence[tuple[str, Found]], height: int) -> str:
    """Return a panel's picture; `found` is each series with its name, `height` is in pixels at full width."""
    if not found:
        return _svg(height, _text(WIDTH / 2, height / 2, "no data", "empty", "middle"))
    if asked.kind in _BIG and len(found) <= 2:
        return _svg(height, _numbers(asked, found, height))
    if asked.kind in _ROWS or asked.kind in _BIG:
        return _svg(height, _rows(asked, found, height))
    return _svg(height, _lines(asked, found, height))


def _svg(height: int, inside: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{inside}</svg>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start", size: float = 12) -> str:
    name = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{name} text-anchor="{anchor}" font-size="{size:g}">{html.escape(text)}</text>'


def _numbers(asked: Panel, found: Sequence[tuple[str, Found]], height: int) -> str:
    part = WIDTH / len(found)
    size = min(height * 0.4, 64)
    shown = []
    for index, (name, series) in enumerate(found):
        middle = part * (index + 0.5)
        shown.append(_text(middle, height / 2 + size / 3, _said(asked, series), "big", "middle", size))
        shown += [_text(middle, height - 6, _short(name, 60), "dim", "middle")] if len(found) > 1 else []
    return "".join(shown)


def _said(asked: Panel, series: Found) -> str:
    value = series.value
    return asked.words.get(f"{value:g}") or told(value, series.labels.get(UNIT) or asked.unit)


def _rows(asked: Panel, found: Sequence[tuple[str, Found]], height: int) -> str:
    most = max(1, min(len(found), int(height // 18) - 1, _MOST * 2))
    shown = []
    for index, (name, series) in enumerate(found[:most]):
        y = 16 + index * 18
        shown.append(_text(4, y, _short(name, 66)))
        shown.append(_text(WIDTH - 6, y, _said(asked, series), "number", "end"))
        shown.append(f'<line class="grid" x1="0" x2="{WIDTH}" y1="{y + 5}" y2="{y + 5}"/>')
    more = len(found) - most
    return "".join(shown) + (_text(4, 16 + most * 18, f"and {more} more", "dim") if more > 0 else "")


def _lines(asked: Panel, found: Sequence[tuple[str, Found]], height: int) -> str:
    legend = _LEGEND * min(len(found), _names(height))
    bottom, top = height - _BOTTOM - legend, 8.0
    scale, times = _scale(asked, found), [at for _, series in found for at, _ in series.points]
    first, last = min(times), max(times)

    def x(at: float) -> float:
        return _LEFT + (at - first) / ((last - first) or 1) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return bottom - scale.at(value) * (bottom - top)

    grid = "".join(_tick(y(at), asked.words.get(f"{at:g}") or told(at, asked.unit)) for at in ticks(scale))
    limits = "".join(_limit(y(at)) for at, _ in asked.thresholds if scale.low < at <= scale.high)
    lines = "".join(_line(number, series, x, y) for number, (_, series) in enumerate(found))
    span = _text(_LEFT, bottom + 14, f"{(last - first) / 60:.0f} min ago", "dim") + _text(
        WIDTH - _RIGHT, bottom + 14, "now", "dim", "end"
    )
    return grid + limits + lines + span + _legend(found, bottom + _BOTTOM, _names(height))


def _names(height: int) -> int:
    return max(1, min(_MOST, int(height * 0.3 // _LEGEND)))


def _scale(asked: Panel, found: Sequence[tuple[str, Found]]) -> Axis:
    """Return an axis from nought, or from the lowest value below it; a threshold shows where it is not far above."""
    values = [value for _, series in found for _, value in series.points if value == value and abs(value) < 1e300]
    low, high = min([0.0, *values]), max([0.0, *values])
    near = [at for at, _ in asked.thresholds if high < at <= 3 * high]
    high = max([high, *near])
    return Axis(low, high * 1.06 if high > low else low + 1, False)


def _tick(y: float, text: str) -> str:
    line = f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(_LEFT - 6, y + 4, text, "dim", "end", 11)


def _limit(y: float) -> str:
    return f'<line class="limit" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(number: int, series: Found, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    points = [(x(at), y(value)) for at, value in series.points if value == value and abs(value) < 1e300]
    if len(points) == 1:
        return f'<circle class="dot c{number % COLOURS}" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3"/>'
    places = " ".join(f"{left:.1f},{top:.1f}" for left, top in points)
    return f'<polyline class="{_class(number, series)}" points="{places}"/>'


def _class(number: int, series: Found) -> str:
    return "limit" if LIMIT in series.labels else f"line c{number % COLOURS}"


def _legend(found: Sequence[tuple[str, Found]], top: float, most: int) -> str:
    shown = []
    for number, (name, series) in enumerate(found[:most]):
        y = top + _LEGEND * (number + 0.75)
        shown.append(
            f'<line class="{_class(number, series)}" x1="{_LEFT}" x2="{_LEFT + 16}" y1="{y - 4}" y2="{y - 4}"/>'
        )
        more = f" (and {len(found) - most} more)" if number == most - 1 and len(found) > most else ""
        shown.append(_text(_LEFT + 22, y, _short(name, 70) + more, "dim"))
    return "".join(shown)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
