"""A static page that draws each panel of a dashboard from Prometheus, in light or dark."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from boards import Board, Panel
from prom import Found, Prometheus, numbers
from strokes import LIMIT, UNIT, Size, panel
from variables import put, resolve

from leanrag.core.errors import LeanragError

# Pixels: a unit of height, between panels, of a title, of the page's head; around the page, and inside a panel.
_UNIT, _GAP, _TITLE, _HEAD, _AROUND, _INSIDE = 30, 8, 28, 64, 12, 7
_FULL, _PHONE = 24, 700
Named = tuple[tuple[str, Found], ...]
_STYLE = """\
:root{--back:#f4f5f7;--panel:#fff;--ink:#1f2430;--dim:#5b6472;--grid:#e3e6ea;--limit:#c9302c;--edge:#d9dde3}
[data-theme=dark]{--back:#111317;--panel:#1a1d23;--ink:#e6e8ec;
--dim:#9aa3b2;--grid:#2b3038;--limit:#ff7b72;--edge:#2b3038}
:root{--c0:#1667c1;--c1:#b35900;--c2:#1a7f37;--c3:#8250df;--c4:#bf3989;--c5:#00707a;--c6:#7a5c00;--c7:#57606a}
[data-theme=dark]{--c0:#6cb6ff;--c1:#f0883e;--c2:#57ab5a;--c3:#b392f0;--c4:#f778ba;--c5:#4fd1d9;
--c6:#d4b106;--c7:#9aa3b2}
*{box-sizing:border-box}body{margin:0;padding:12px;background:var(--back);color:var(--ink);font:13px sans-serif}
h1{font-size:20px;margin:4px 0;height:28px}p{margin:0;color:var(--dim);height:20px;
white-space:nowrap}
.grid-of{display:grid;grid-template-columns:repeat(24,minmax(0,1fr));grid-auto-rows:30px;gap:8px}
section{background:var(--panel);border:1px solid var(--edge);border-radius:4px;overflow:hidden;min-width:0}
section.row{background:none;border:0;font-weight:600;padding:6px 2px}
h2{font-size:13px;margin:0;padding:6px 8px;height:28px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
h2 i{float:right;font-weight:400;font-style:normal;color:var(--dim)}
section>div{padding:0 6px 4px;overflow:hidden}svg{display:block}text{fill:var(--ink)}
.dim{fill:var(--dim);color:var(--dim)}
table{width:100%;border-collapse:collapse;font-size:12px}td,th{height:22px;padding:0 8px 0 2px;text-align:left;
border-bottom:1px solid var(--grid);max-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
table.columns{table-layout:fixed}table.pairs td:first-child{width:100%}
th{color:var(--dim);font-weight:400}td:last-child,th:last-child{text-align:right;padding-right:2px}
.grid{stroke:var(--grid)}.limit{fill:none;stroke-width:2;stroke:var(--limit);stroke-dasharray:6 4}
.line{fill:none;stroke:currentColor;stroke-width:2}.dot{fill:currentColor}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}
.big{font-weight:600}.number{font-variant-numeric:tabular-nums;max-width:none}
@media(max-width:700px){.grid-of{display:block}section{margin-bottom:8px}}
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A panel with its series by name; `sample`: they are of the sample, not measured."""

    panel: Panel
    found: Named
    sample: bool = False


def draw(board: Board, real: Prometheus, mixed: Prometheus, seconds: float) -> tuple[Drawn, ...]:
    """Ask for every panel's series over the last seconds: real ones, else the sample's."""
    known = resolve(board.variables, mixed.values)
    drawn = []
    for each in board.panels:
        found = _series(each, known, real, seconds)
        other = () if found or each not in board.asking else _series(each, known, mixed, seconds)
        drawn.append(Drawn(each, found or other, bool(other)))
    return tuple(drawn)


def _series(
    each: Panel, known: dict[str, str], prometheus: Prometheus, seconds: float
) -> tuple[tuple[str, Found], ...]:
    shown: list[tuple[str, Found]] = []
    for target in each.targets:
        try:
            found = numbers(prometheus.range(put(target.text, known), seconds, max(seconds / 180, 5)))
        except LeanragError:
            continue  # the table of queries says why
        extra = {**({UNIT: target.unit} if target.unit else {}), **({LIMIT: "1"} if target.limit else {})}
        shown += [(name(target.legend, one), Found({**one.labels, **extra}, one.points)) for one in found]
    return tuple(shown)


def name(legend: str, found: Found) -> str:
    """Return a series' name as its legend says: {{label}} is the label's value; "none" where that has no letter."""
    if not legend or legend == "__auto":
        labels = [value for key, value in found.labels.items() if key not in ("__name__", "instance", "job")]
        return ", ".join(labels) or found.labels.get("__name__", "value")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: found.labels.get(match[1], ""), legend).strip() or "none"


def page(board: Board, drawn: Sequence[Drawn], theme: str, width: int) -> str:
    """Return the page of one dashboard; `theme` is light or dark, `width` in pixels."""
    parts = "".join(_section(each, width) for each in drawn)
    told = "“sample”: not measured, its exporter was not here."
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(board.title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(board.title)}</h1><p>{told}</p>"
        f'<div class="grid-of">{parts}</div></html>\n'
    )


def _section(each: Drawn, page_width: int) -> str:
    x, y, width, height = each.panel.place
    place = f"grid-column:{x + 1}/span {width};grid-row:{y + 1}/span {height};height:{_pixels(height)}px"
    room = Size(_across(width, page_width) - 2 * _INSIDE, _pixels(height) - _TITLE - 10)
    title = html.escape(each.panel.title)
    if each.panel.kind == "row":
        return f'<section class="row" style="{place}">{title}</section>'
    inside = html.escape(each.panel.text) if each.panel.kind == "text" else panel(each.panel, each.found, room)
    note = "<i>sample</i>" if each.sample else ""
    return f'<section style="{place}"><h2>{note}{title}</h2><div>{inside}</div></section>'


def _across(columns: int, page_width: int) -> float:
    inside = page_width - 2 * _AROUND
    if page_width <= _PHONE:
        return inside
    return columns * (inside + _GAP) / _FULL - _GAP


def _pixels(height: int) -> int:
    return height * _UNIT + (height - 1) * _GAP


def tall(board: Board, narrow: bool) -> int:
    """Return the page's height in pixels."""
    places = [each.place for each in board.panels]
    if narrow:
        return _HEAD + 24 + sum(_pixels(place[3]) + _GAP for place in places)
    return _HEAD + 24 + max((place[1] + place[3] for place in places), default=1) * (_UNIT + _GAP)
