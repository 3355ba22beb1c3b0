"""Boards in OpenShift's console: the same questions and queries, in the words that it reads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.queries import queries
from leanrag.checks.rules.metrics_known import queries_ask_for_what_exists, queries_fit_their_types
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.dashboards.console import UNITS, here, text
from leanrag.dashboards.everything import ALL
from leanrag.dashboards.model import Board
from leanrag.render.manifest import Manifest

BOARDS = pytest.mark.parametrize("board", ALL, ids=lambda each: each.name)


def drawn(board: Board) -> list[dict[str, Any]]:
    return [panel for row in json.loads(text(board))["rows"] for panel in row["panels"]]


def scope_of(board: Board) -> Scope:
    app = App("monitoring", "dev", "platform", "monitoring", "monitoring", "lr-platform", Path(), Path(), ())
    metadata = {"name": board.name, "labels": {"console.openshift.io/dashboard": "true"}}
    body = {"kind": "ConfigMap", "metadata": metadata, "data": {f"{board.name}.json": text(board)}}
    return Scope((Manifest(app, "t.yaml", body),), Schemas.__new__(Schemas), None)


@BOARDS
def test_the_console_asks_what_grafana_asks(board: Board) -> None:
    asked = [[here(query.expr) for query in panel.queries] for panel in board.panels]
    assert [[each["expr"] for each in panel["targets"]] for panel in drawn(board)] == asked


@BOARDS
def test_a_choice_drops_no_series_that_has_no_such_label(board: Board) -> None:
    """All of them is `.+` in the console, and one Prometheus alone does not say `cluster`."""
    assert "$cluster" not in text(board)


@BOARDS
def test_every_variable_is_written_as_the_console_finds_it_and_can_be_chosen(board: Board) -> None:
    there = [each["name"] for each in json.loads(text(board))["templating"]["list"]]
    assert there == [each.name for each in board.choices if each.name != "cluster"]
    assert not re.search(r"\$\{|\[\[", text(board))
    asked = " ".join(each["expr"] for panel in drawn(board) for each in panel["targets"])
    assert set(re.findall(r"\$(\w+)", asked)) - {"1"} <= {*there, "__range", "__rate_interval"}


@BOARDS
def test_every_panel_is_one_that_the_console_draws(board: Board) -> None:
    for panel in drawn(board):
        assert panel["type"] in ("graph", "table")
        assert 1 <= panel["span"] <= 12
        units = [*panel.get("yaxes", []), *({"format": each.get("unit", "short")} for each in panel.get("styles", []))]
        assert units and {each["format"] for each in units} <= set(UNITS)


@BOARDS
def test_a_table_has_a_named_column_for_every_query(board: Board) -> None:
    for panel in drawn(board):
        if panel["type"] == "table":
            columns = {each["pattern"]: each["alias"] for each in panel["styles"]}
            assert all(columns[f"Value #{each['refId']}"] for each in panel["targets"])


@BOARDS
def test_the_check_reads_every_query_and_knows_what_it_asks_for(board: Board) -> None:
    scope = scope_of(board)
    choices = [each for each in board.choices if each.name != "cluster"]
    assert len(list(queries(scope))) == sum(len(panel.queries) for panel in board.panels) + len(choices)
    assert [str(each) for each in (*queries_ask_for_what_exists(scope), *queries_fit_their_types(scope))] == []


def test_the_largest_board_fits_in_a_configmap_many_times_over() -> None:
    assert max(len(text(board).encode()) for board in ALL) < 200_000
