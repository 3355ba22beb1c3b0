"""Dashboards: up to date, readable, asked of what exists, and held to the promises of the models."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from leanrag.catalog.model import App
from leanrag.checks import promql
from leanrag.checks.queries import queries
from leanrag.checks.rules.metrics_known import queries_ask_for_what_exists, queries_fit_their_types
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.dashboards.__main__ import main
from leanrag.dashboards.everything import ALL
from leanrag.dashboards.grafana import text
from leanrag.dashboards.model import Board, Panel
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).parents[3]
BOARDS = pytest.mark.parametrize("board", ALL, ids=lambda each: each.name)
PANELS = [(board, panel) for board in ALL for panel in board.panels]


def scope_of(board: Board) -> Scope:
    app = App("dashboards", "dev", "observe", "dashboards", "dashboards", "lr-observe", ROOT, ROOT, ())
    body = {"kind": "GrafanaDashboard", "metadata": {"name": board.name}, "spec": {"json": text(board)}}
    return Scope((Manifest(app, "t.yaml", body),), Schemas.__new__(Schemas), None)


def drawn(board: Board) -> list[dict[str, Any]]:
    return list(json.loads(text(board))["panels"])


def test_the_chart_has_what_the_boards_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().out


def test_a_file_that_was_changed_by_hand_is_told_and_written_anew(tmp_path: Path) -> None:
    assert main(["--write"], tmp_path) == 0
    (tmp_path / "observe/dashboards/files/serving.json").write_text("{}")
    (tmp_path / "platform/monitoring/files/old.json").write_text("{}")
    assert main([], tmp_path) == 1


@BOARDS
def test_rendering_twice_gives_the_same_bytes(board: Board) -> None:
    assert text(board) == text(board)


@BOARDS
def test_few_rows_and_each_is_filled(board: Board) -> None:
    assert len(board.rows) <= 5
    for row in board.rows:
        assert sum(panel.width for panel in row.panels) % 24 == 0, row.question


@BOARDS
def test_no_panel_stands_on_another(board: Board) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in drawn(board):
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


@BOARDS
def test_panels_have_numbers_of_their_own_and_one_data_source(board: Board) -> None:
    numbers = [panel["id"] for panel in drawn(board)]
    assert len(set(numbers)) == len(numbers)
    assert all(panel["datasource"]["uid"] == "prometheus" for panel in drawn(board) if panel["type"] != "row")


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=[f"{board.name}-{panel.title}" for board, panel in PANELS])
def test_a_panel_is_a_question_with_a_unit_and_a_word_about_its_answer(board: Board, panel: Panel) -> None:
    assert panel.title.endswith("?")
    assert panel.unit and panel.about.rstrip().endswith(".")
    assert all(query.legend for query in panel.queries)


@BOARDS
def test_every_query_asks_for_metrics_and_labels_that_exist_and_fits_their_types(board: Board) -> None:
    scope = scope_of(board)
    found = [*queries_ask_for_what_exists(scope), *queries_fit_their_types(scope)]
    assert [str(each) for each in found] == []


@BOARDS
def test_a_legend_names_labels_that_the_answer_has(board: Board) -> None:
    """A label that a query has summed away leaves a hole in the legend."""
    for panel in board.panels:
        for query in panel.queries if panel.kind != "table" else ():
            for label in re.findall(r"{{(\w+)}}", query.legend):
                assert re.search(rf"by \([^)]*\b{label}\b", query.expr), (panel.title, label)


@BOARDS
def test_what_is_chosen_above_is_asked_for_below(board: Board) -> None:
    asked = " ".join(query.expr for panel in board.panels for query in panel.queries)
    assert [each.name for each in board.choices if f'"${each.name}"' not in asked] == []


def test_limits_are_read_from_the_promises_and_never_written_down() -> None:
    limits = [query for _, panel in PANELS for query in panel.queries if query.limit]
    assert {"ttft", "itl", "e2e", "errorRate"} <= {
        word for each in limits for word in re.findall(r'objective="(\w+)"', each.expr)
    }
    for each in limits:
        named = {promql.name_of(one)[0] for one in promql.selectors(promql.parse(each.expr))}
        assert named == {"leanrag:objective:limit"}


def test_no_latency_has_a_threshold_of_its_own() -> None:
    for board, panel in PANELS:
        if board.name in ("serving", "models") and panel.unit == "s":
            assert panel.steps == ()


def test_a_percentile_is_the_one_that_is_promised() -> None:
    serving = next(board for board in ALL if board.name == "serving")
    first = next(panel for panel in serving.panels if "first token" in panel.title)
    call = promql.parse(first.queries[0].expr.replace("$__rate_interval", "5m"))
    assert isinstance(call, promql_parser.Call)
    named = {promql.name_of(one)[0] for one in promql.selectors(call.args[0])}
    assert named == {"leanrag:objective:target"}


def recorded_edges() -> dict[str, list[float]]:
    """Upper edges of every histogram that vLLM 0.32.0 and OGX 1.5.0 were seen to serve."""
    found: dict[str, set[float]] = {}
    for name in ("vllm-0.32.0", "ogx-1.5.0"):
        for line in (ROOT / f"validation/tests/engine/metrics/{name}.prom").read_text().splitlines():
            if match := re.match(r'([\w:]+)_bucket{.*le="([^"]+)"', line):
                found.setdefault(match[1], set()).add(float(match[2]))
    return {name: sorted(edges) for name, edges in found.items()}


def test_no_percentile_is_asked_of_a_histogram_that_cannot_tell_a_fast_answer_from_a_slow_one() -> None:
    """OGX times requests in buckets of 5, 10, 25 s: a percentile of it reads as 5 s whatever the truth is."""
    edges = recorded_edges()
    assert edges["ogx_request_duration_seconds"][:2] == [0, 5]
    asked = {
        name.removesuffix("_bucket")
        for _, panel in PANELS
        for query in panel.queries
        for name in re.findall(r"[\w:]+_bucket", query.expr)
        if "histogram_quantile" in query.expr
    }
    assert len(asked & edges.keys()) >= 4
    assert {name: edges[name][:2] for name in asked & edges.keys() if not 0 < edges[name][0] <= 0.3} == {}


def test_every_link_leads_to_a_runbook() -> None:
    there = {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")}
    assert {panel.runbook for _, panel in PANELS if panel.runbook} - there == set()


def test_every_query_of_a_file_is_found_by_the_check() -> None:
    for board in ALL:
        asked = sum(len(panel.queries) for panel in board.panels)
        assert len(list(queries(scope_of(board)))) == asked + len(board.choices)
