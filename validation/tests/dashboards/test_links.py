"""A latency leads to the traces of the service that took it, and a limit to none."""

import json
from typing import Any

import pytest

from leanrag.dashboards.boards import rag, serving
from leanrag.dashboards.grafana import text
from leanrag.dashboards.model import Board

BOARDS = pytest.mark.parametrize("board", [serving.BOARD, rag.BOARD], ids=lambda each: each.name)


def drawn(board: Board) -> dict[str, Any]:
    return {panel["title"]: panel for panel in json.loads(text(board))["panels"] if panel["type"] != "row"}


@BOARDS
def test_every_latency_leads_to_traces(board: Board) -> None:
    timed = [panel for panel in board.panels if panel.unit == "s" and not panel.needs]
    assert timed
    for panel in timed:
        (link,) = drawn(board)[panel.title]["fieldConfig"]["defaults"]["links"]
        assert link["url"] == f"TRACES/{panel.traces}"


@BOARDS
def test_nothing_else_does(board: Board) -> None:
    others = [panel for panel in board.panels if not panel.traces]
    assert not any(drawn(board)[panel.title]["fieldConfig"]["defaults"].get("links") for panel in others)


def test_a_limit_is_nobodys_request() -> None:
    panel = drawn(serving.BOARD)["How long until the first token?"]
    (limit,) = panel["fieldConfig"]["overrides"]
    assert {"id": "links", "value": []} in limit["properties"]


def test_a_line_leads_to_its_own_model() -> None:
    panel = drawn(serving.BOARD)["How long until the first token?"]
    assert "by (le, model_name)" in panel["targets"][0]["expr"]
    assert panel["fieldConfig"]["defaults"]["links"][0]["url"].endswith("${__field.labels.model_name}")
