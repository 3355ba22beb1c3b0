"""Dashboards as data: what each panel asks, where it stands and how its numbers are told, from Grafana's JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leanrag.core.shapes import items, mapping

_TALL, _WIDE = 8, 12  # Grafana's own size of a panel that says nothing, in its units
_WORDS = {"row", "text"}


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel; `legend` may hold {{label}}, `unit` is its own, `limit`: what others keep below."""

    text: str
    legend: str = ""
    language: str = "prometheus"
    unit: str = ""
    limit: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel: its place in units of a 24th of the width, its unit, and the steps of its thresholds.

    `words` are what numbers are told as, `needs` what it says must be there for an answer, `columns` a table's labels.
    """

    title: str
    kind: str
    place: tuple[int, int, int, int]  # x, y, width, height
    unit: str = ""
    targets: tuple[Target, ...] = ()
    thresholds: tuple[tuple[float, str], ...] = ()
    text: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: `query` is what it asks, `options` what it offers without asking."""

    name: str
    kind: str
    query: str = ""
    all: bool = False
    all_value: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard; `file` is its name in the chart."""

    file: str
    title: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]

    @property
    def asking(self) -> tuple[Panel, ...]:
        """The panels that ask something: not the rows and texts."""
        return tuple(panel for panel in self.panels if panel.kind not in _WORDS)


def boards(folder: Path) -> tuple[Board, ...]:
    """Return the dashboards of a folder, by file name."""
    return tuple(board(path.name, json.loads(path.read_text())) for path in sorted(folder.glob("*.json")))


def board(file: str, body: Mapping[str, Any]) -> Board:
    """Return one dashboard from Grafana's JSON, rows that are folded opened."""
    variables = tuple(_variable(mapping(each)) for each in items(mapping(body.get("templating")).get("list")))
    return Board(file, str(body.get("title") or file), variables, tuple(_panels(items(body.get("panels")))))


def _panels(found: Iterable[Any]) -> Iterator[Panel]:
    for each in map(mapping, found):
        yield _panel(each)
        yield from _panels(items(each.get("panels")))


def _panel(body: Mapping[str, Any]) -> Panel:
    place, defaults = mapping(body.get("gridPos")), mapping(mapping(body.get("fieldConfig")).get("defaults"))
    source = mapping(body.get("datasource")).get("type")
    overrides = [mapping(each) for each in items(mapping(body.get("fieldConfig")).get("overrides"))]
    said = str(defaults.get("noValue") or "")
    columns = _columns(items(body.get("transformations")))
    return Panel(
        title=str(body.get("title") or ""),
        kind=str(body.get("type") or ""),
        place=(place.get("x", 0), place.get("y", 0), place.get("w", _WIDE), place.get("h", _TALL)),
        unit=str(defaults.get("unit") or ""),
        targets=tuple(_target(mapping(each), source, overrides, columns) for each in items(body.get("targets"))),
        thresholds=tuple(_steps(mapping(defaults.get("thresholds")))),
        text=str(mapping(body.get("options")).get("content") or ""),
        words={key: word for each in items(defaults.get("mappings")) for key, word in _words(mapping(each))},
        needs=said.removeprefix("needs ") if said.startswith("needs ") else "",
        columns=_labels(items(body.get("transformations"))),
    )


def _labels(steps: Iterable[Any]) -> tuple[str, ...]:
    """Return the labels that a table shows, in its order; its values are no labels."""
    options = (mapping(mapping(each).get("options")) for each in steps)
    order = {str(key): place for each in options for key, place in mapping(each.get("indexByName")).items()}
    return tuple(key for key in sorted(order, key=lambda key: order[key]) if not key.startswith("Value"))


def _words(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if body.get("type") == "value":
        yield from ((str(key), str(mapping(each).get("text") or "")) for key, each in mapping(body["options"]).items())


def _columns(steps: Iterable[Any]) -> dict[str, str]:
    """Return what a table calls the values of its queries: `Value #A` by another name."""
    options = (mapping(mapping(each).get("options")) for each in steps)
    return {str(key): str(name) for each in options for key, name in mapping(each.get("renameByName")).items()}


def _target(
    body: Mapping[str, Any], source: Any, overrides: Iterable[Mapping[str, Any]], columns: Mapping[str, str]
) -> Target:
    language = mapping(body.get("datasource")).get("type") or source or "prometheus"
    column = columns.get(f"Value #{body.get('refId')}") or columns.get("Value", "")
    names = {"byFrameRefID": body.get("refId"), "byName": column or body.get("legendFormat")}
    own: dict[str, Any] = {}
    for each in overrides:
        matcher = mapping(each.get("matcher"))
        if names.get(str(matcher.get("id"))) == matcher.get("options"):
            own |= {str(one["id"]): one.get("value") for one in map(mapping, items(each.get("properties")))}
    text, legend = str(body.get("expr") or ""), column or str(body.get("legendFormat") or "")
    return Target(text, legend, str(language), str(own.get("unit") or ""), "custom.lineStyle" in own)


def _steps(body: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    for step in map(mapping, items(body.get("steps"))):
        if isinstance(step.get("value"), int | float):
            yield float(step["value"]), str(step.get("color") or "")


def _variable(body: Mapping[str, Any]) -> Variable:
    query = body.get("query")
    options = (mapping(each).get("value") for each in items(body.get("options")))
    current = mapping(body.get("current")).get("value")
    return Variable(
        name=str(body.get("name") or ""),
        kind=str(body.get("type") or ""),
        query=str(query.get("query") or "") if isinstance(query, Mapping) else str(query or ""),
        all=bool(body.get("includeAll")),
        all_value=str(body.get("allValue") or ""),
        options=tuple(each for each in (current, *options) if isinstance(each, str) and each and each != "$__all"),
    )


def overlaps(found: Board) -> list[tuple[str, str]]:
    """Return the pairs of panels that stand on one another."""
    panels = found.panels
    pairs = ((one, two) for index, one in enumerate(panels) for two in panels[index + 1 :])
    return [(one.title, two.title) for one, two in pairs if _touch(one.place, two.place)]


def _touch(one: tuple[int, int, int, int], two: tuple[int, int, int, int]) -> bool:
    beside = one[0] + one[2] <= two[0] or two[0] + two[2] <= one[0]
    above = one[1] + one[3] <= two[1] or two[1] + two[3] <= one[1]
    return not beside and not above
