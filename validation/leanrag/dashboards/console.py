"""A dashboard as OpenShift's console reads it: Grafana's old JSON, of which its monitoring-plugin knows a part.

Read in openshift/monitoring-plugin, release-4.20 (web/src/components/dashboards/legacy): rows of panels `graph`,
`table`, `singlestat`, `gauge` and a bar chart, the last three with the first query only; of a variable one value, or
all of them as `.+`; `$name`, never `${name}`. So a number, bar or state of Grafana's is a table of what holds now here.
"""

import json
import re
from typing import Any

from leanrag.dashboards.model import OUTCOMES, Board, Choice, Panel, Query
from leanrag.dashboards.words import CLUSTER

# The console's own units (components/metrics/units.ts, format.tsx); others are words of ours beside a plain number.
UNITS = ("bytes", "ms", "percentunit", "s", "short")
_WORDS = {"celsius": "°C", "none": "", "ops": "a second", "reqps": "requests a second", "watt": "W"}
_LABEL = re.compile(r"{{(\w+)}}")
_NUMBERED = ", ".join(f"{number} {name}" for number, (name, _) in enumerate(OUTCOMES, 1))


def text(board: Board) -> str:
    """Return a dashboard as JSON with sorted keys."""
    ids = iter(range(1, len(board.panels) + 1))
    rows = [_row(row.question, [_panel(panel, next(ids)) for panel in row.panels]) for row in board.rows]
    choices = [_variable(each) for each in board.choices if each.name != "cluster"]
    body = {"title": f"Lean RAG / {board.title}", "tags": ["lean-rag"], "rows": rows, "templating": {"list": choices}}
    return json.dumps(body, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def here(expr: str) -> str:
    """Return a query without the choice of a cluster: the console's `.+` would drop whatever lacks that label."""
    return expr.replace(f"{CLUSTER},", "").replace(f"{{{CLUSTER}}}", "")


def _row(title: str, panels: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "showTitle": True, "collapse": False, "panels": panels}


def _variable(each: Choice) -> dict[str, Any]:
    return {"name": each.name, "type": "query", "query": here(each.query), "includeAll": True, "hide": 0, "options": []}


def _panel(panel: Panel, number: int) -> dict[str, Any]:
    """Return a panel with its queries; the console has 12 columns where Grafana has 24."""
    shared = {"id": number, "span": panel.width // 2, "targets": [*map(_target, panel.queries, _letters(panel))]}
    if panel.kind != "lines":
        return {**shared, "title": panel.title, "type": "table", "transform": "table", "styles": _columns(panel)}
    return {
        **shared,
        "title": _with(panel.title, panel.unit),
        "type": "graph",
        "legend": {"show": True},
        "stack": False,
        "yaxes": [{"format": _unit(panel.unit)}],
    }


def _letters(panel: Panel) -> list[str]:
    return [chr(ord("A") + number) for number in range(len(panel.queries))]


def _target(query: Query, letter: str) -> dict[str, str]:
    return {"expr": here(query.expr), "legendFormat": query.legend, "refId": letter}


def _columns(panel: Panel) -> list[dict[str, Any]]:
    """Return the columns of a table: labels first, as its legends name them, then a value for each query."""
    legends = " ".join(query.legend for query in panel.queries)
    labels = panel.by or dict.fromkeys(_LABEL.findall(legends))
    named = ({"pattern": name, "alias": name, "type": "string"} for name in labels)
    values = (_value(panel, query, letter) for query, letter in zip(panel.queries, _letters(panel), strict=True))
    return [*named, *values]


def _value(panel: Panel, query: Query, letter: str) -> dict[str, Any]:
    unit = query.unit or panel.unit
    title = _NUMBERED if panel.outcomes else _with(_LABEL.sub("", query.legend).strip() or "now", unit)
    return {"pattern": f"Value #{letter}", "alias": title, "type": "number", "unit": _unit(unit)}


def _unit(unit: str) -> str:
    return unit if unit in UNITS else "short"


def _with(title: str, unit: str) -> str:
    """Return a title with the unit that the console cannot write at the numbers."""
    word = "" if unit in UNITS else _WORDS.get(unit, unit)
    return f"{title} ({word})" if word else title
