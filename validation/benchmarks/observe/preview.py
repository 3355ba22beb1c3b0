"""A static page that draws each panel of a dashboard from Prometheus, in light or dark."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from boards import Board, Panel
from prom import Found, Prometheus, numbers
from strokes import LIMIT, UNIT, panel
from variables import put, resolve

from leanrag.core.errors import LeanragError

_UNIT, _GAP, _TITLE, _HEAD = 30, 8, 28, 64  # pixels: a unit of height, between panels, of a title, of the page's head
_FULL = 24
Named = tuple[tuple[str, Found], ...]
_STYLE = """\
:root{--back:#f4f5f7;--panel:#fff;--ink:#1f2430;--dim:#5b6472;--grid:#e3e6ea;--limit:#c9302c;--edge:#d9dde3}
[data-theme=dark]{--back:#111317;--panel:#1a1d23;--ink:#e6e8ec;
--dim:#9aa3b2;--grid:#2b3038;--limit:#ff7b72;--edge:#2b3038}
:root{--c0:#1667c1;--c1:#b35900;--c2:#1a7f37;--c3:#8250df;--c4:#bf3989;--c5:#00707a;--c6:#7a5c00;--c7:#57606a}
[data-theme=dark]{--c0:#6cb6ff;--c1:#f0883e;--c2:#57ab5a;--c3:#b392f0;--c4:#f778ba;--c5:#4fd1d9;
--c6:#d4b106;--c7:#9aa3b2}
*{box-sizing:border-box}body{margin:0;padding:12px;background:var(--back);color:var(--ink);font:13px sans-serif}
h1{font-size:20px;margin:4px 0;height:28px}p{margin:0;color:var(--dim);height:20px;overflow:hidden}
.grid-of{display:grid;grid-template-columns:repeat(24,minmax(0,1fr));grid-auto-rows:30px;gap:8px}
section{background:var(--panel);border:1px solid var(--edge);border-radius:4px;overflow:hidden;min-width:0}
section.row{background:none;border:0;font-weight:600;padding:6px 2px}
h2{font-size:13px;margin:0;padding:6px 8px;height:28px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
h2 i{float:right;font-weight:400;font-style:normal;color:var(--dim)}
section>div{padding:0 6px 4px}svg{width:100%;height:100%;display:block}text{fill:var(--ink)}.dim,.empty{fill:var(--dim)}
.grid{stroke:var(--grid)}.limit{fill:none;stroke-width:2;stroke:var(--limit);stroke-dasharray:6 4}
.line{fill:none;stroke:currentColor;stroke-width:2}.dot{fill:currentColor}
.c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}
.big{font-weight:600}.number{font-variant-numeric:tabular-nums}
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
        told = _row if each.kind == "table" else name
        named = ((told(target.legend, one), one) for one in found)
        shown += [(text, Found({**one.labels, **extra}, one.points)) for text, one in named]
    return tuple(shown)


def _row(column: str, found: Found) -> str:
    """Return what stands before a table's cell: its row, and its column."""
    return f"{name('', found)}: {column}" if column else name("", found)


def name(legend: str, found: Found) -> str:
    """Return a series' name as its legend says: {{label}} is the label's value."""
    if not legend or legend == "__auto":
        labels = [value for key, value in found.labels.items() if key not in ("__name__", "instance", "job")]
        return ", ".join(labels) or found.labels.get("__name__", "value")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: found.labels.get(match[1], ""), legend)


def page(board: Board, drawn: Sequence[Drawn], theme: str) -> str:
    """Return the page of one dashboard; `theme` is light or dark."""
    parts = "".join(_section(each) for each in drawn)
    told = "Drawn from Prometheus. “sample”: the numbers stand for nothing, the exporter was not here."
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(board.title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(board.title)}</h1><p>{told}</p>"
        f'<div class="grid-of">{parts}</div></html>\n'
    )


def _section(each: Drawn) -> str:
    x, y, width, height = each.panel.place
    place = f"grid-column:{x + 1}/span {width};grid-row:{y + 1}/span {height};height:{_pixels(height)}px"
    title = html.escape(each.panel.title)
    if each.panel.kind == "row":
        return f'<section class="row" style="{place}">{title}</section>'
    inside = html.escape(each.panel.text) if each.panel.kind == "text" else _picture(each, width, height)
    note = "<i>sample</i>" if each.sample else ""
    return f'<section style="{place}"><h2>{note}{title}</h2><div>{inside}</div></section>'


def _picture(each: Drawn, width: int, height: int) -> str:
    # SVG is 600 wide whatever the panel's width: its height keeps the panel's own shape, so that letters stay readable.
    pixels, room = 1200 * width / _FULL, _pixels(height) - _TITLE - 10
    tall = max(int(room * 600 / pixels), 60)
    return f'<div style="height:{room}px">{panel(each.panel, each.found, tall)}</div>'


def _pixels(height: int) -> int:
    return height * _UNIT + (height - 1) * _GAP


def tall(board: Board, narrow: bool) -> int:
    """Return the page's height in pixels."""
    places = [each.place for each in board.panels]
    if narrow:
        return _HEAD + 24 + sum(_pixels(place[3]) + _GAP for place in places)
    return _HEAD + 24 + max((place[1] + place[3] for place in places), default=1) * (_UNIT + _GAP)
