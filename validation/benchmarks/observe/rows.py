"""One panel as an HTML table: a row a series, or a row a set of labels and a column a query."""

import html
from collections.abc import Callable, Sequence

from boards import Panel
from prom import Found

_ROW = 22  # pixels
Said = Callable[[Panel, Found], str]


def rows(asked: Panel, found: Sequence[tuple[str, Found]], said: Said, height: int) -> str:
    """Return the table of a panel: its head where it has columns, and as many rows as there is room for."""
    head, body = _columns(asked, found, said) if asked.kind == "table" else ([], _pairs(asked, found, said))
    most = max(1, height // _ROW - bool(head) - 1)
    shown = "".join(map(_row, body[:most]))
    more = f'<tr><td class="dim">and {len(body) - most} more</td></tr>' if len(body) > most else ""
    top = "".join(f"<th>{html.escape(each)}</th>" for each in head)
    return f'<table class="{"columns" if top else "pairs"}">{f"<tr>{top}</tr>" if top else ""}{shown}{more}</table>'


def _row(cells: Sequence[str]) -> str:
    *names, last = (html.escape(each) for each in cells)
    return f"<tr>{''.join(f'<td>{each}</td>' for each in names)}<td class='number'>{last}</td></tr>"


def _pairs(asked: Panel, found: Sequence[tuple[str, Found]], said: Said) -> list[list[str]]:
    return [[name, said(asked, series)] for name, series in found]


def _columns(asked: Panel, found: Sequence[tuple[str, Found]], said: Said) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows: labels first, as the panel orders them, then a column for each query."""
    present = {key for _, series in found for key in series.labels if not key.startswith("__")}
    labels = [each for each in asked.columns if each in present] or sorted(present)
    columns = list(dict.fromkeys(name for name, _ in found))
    cells: dict[tuple[str, ...], dict[str, str]] = {}
    for name, series in found:
        row = tuple(series.labels.get(each, "") for each in labels)
        cells.setdefault(row, {})[name] = said(asked, series)
    body = [[*row, *(known.get(each, "-") for each in columns)] for row, known in cells.items()]
    return [*labels, *columns], body
