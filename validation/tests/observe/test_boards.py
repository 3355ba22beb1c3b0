"""Dashboards are read as Grafana would read them: rows opened, variables in place, nothing on top of another."""

import re
from typing import Any

import pytest
from boards import Panel, Variable, board, boards, overlaps
from preview import name
from prom import Found
from stage import BOARDS
from strokes import LIMIT, Size, panel
from told import step, told
from variables import put, resolve

from leanrag.render.tools import tools_dir

ROOT = tools_dir().parents[1]


def _panel(title: str, x: int = 0, y: int = 0, **more: Any) -> dict[str, Any]:
    place = {"x": x, "y": y, "w": 12, "h": 8}
    return {"title": title, "type": "timeseries", "gridPos": place, "targets": [{"expr": "up"}], **more}


def test_panels_of_a_folded_row_are_asked_too() -> None:
    row = {"title": "Row", "type": "row", "panels": [_panel("inside")]}
    assert [each.title for each in board("b.json", {"panels": [row]}).asking] == ["inside"]


def test_panels_that_stand_on_one_another_are_found() -> None:
    found = board("b.json", {"panels": [_panel("one"), _panel("two", x=6, y=4), _panel("three", x=0, y=20)]})
    assert overlaps(found) == [("one", "two")]


def test_a_query_of_another_datasource_is_not_taken_for_promql() -> None:
    found = board("b.json", {"panels": [_panel("logs", datasource={"type": "loki"})]})
    assert found.panels[0].targets[0].language == "loki"


def test_a_limit_and_a_unit_of_its_own_are_those_of_the_query_that_the_override_names() -> None:
    limit = {"matcher": {"id": "byFrameRefID", "options": "B"}, "properties": [{"id": "custom.lineStyle", "value": {}}]}
    unit = {"matcher": {"id": "byName", "options": "Cost"}, "properties": [{"id": "unit", "value": "currencyUSD"}]}
    targets = [{"expr": "a", "refId": "A", "legendFormat": "Cost"}, {"expr": "b", "refId": "B"}]
    found = board("b.json", {"panels": [_panel("p", targets=targets, fieldConfig={"overrides": [limit, unit]})]})
    assert [(each.unit, each.limit) for each in found.panels[0].targets] == [("currencyUSD", False), ("", True)]


def test_a_table_calls_its_columns_as_its_transformation_does() -> None:
    renamed = [{"id": "organize", "options": {"renameByName": {"Value #A": "First token"}}}]
    unit = {"matcher": {"id": "byName", "options": "First token"}, "properties": [{"id": "unit", "value": "s"}]}
    more = {"transformations": renamed, "fieldConfig": {"overrides": [unit]}}
    found = board("b.json", {"panels": [_panel("p", targets=[{"expr": "a", "refId": "A"}], **more)]})
    assert (found.panels[0].targets[0].legend, found.panels[0].targets[0].unit) == ("First token", "s")


def test_a_panel_says_what_it_needs() -> None:
    found = board("b.json", {"panels": [_panel("p", fieldConfig={"defaults": {"noValue": "needs DCGM"}})]})
    assert found.panels[0].needs == "DCGM"


def test_all_is_every_value_and_a_later_variable_sees_an_earlier_one() -> None:
    asked = []

    def ask(selector: str, label: str) -> list[str]:
        asked.append(selector)
        return ["a.b", "c"]

    one = Variable("namespace", "query", "label_values(up, namespace)", all=True)
    two = Variable("model", "query", 'label_values(up{namespace=~"$namespace"}, model)')
    known = resolve([one, two], ask)
    assert known["namespace"] == r"(a\\.b|c)" and known["model"] == "a.b"
    assert asked[1] == r'up{namespace=~"(a\\.b|c)"}'


def test_every_spelling_of_a_variable_is_replaced_and_an_unknown_one_stays() -> None:
    assert put("$a ${a} ${a:regex} [[a]] $b", {"a": "x"}) == "x x x x $b"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.25, "percentunit", "25 %"),
        (0.0391, "s", "39.1 ms"),
        (5400, "s", "1.5 h"),
        (8589934592, "bytes", "8 GiB"),
        (12345, "short", "12.3k"),
        (0, "s", "0 s"),
        (0.004, "", "0.004"),
        (71, "celsius", "71 °C"),
    ],
)
def test_a_number_is_told_in_its_unit(value: float, unit: str, text: str) -> None:
    assert told(value, unit) == text


SIZE = Size(400, 240)
TIMES = Found({"model": "m"}, ((0.0, 1.0), (60.0, 2.0)))


def test_a_limit_is_drawn_as_one_and_words_stand_for_numbers() -> None:
    limit = Found({LIMIT: "1"}, ((0.0, 3.0), (60.0, 3.0)))
    drawn = panel(Panel("p", "timeseries", (0, 0, 12, 8), "s"), [("m", TIMES), ("limit", limit)], SIZE)
    assert drawn.count('class="limit"') == 2 and "NaN" not in drawn
    asked = Panel("p", "stat", (0, 0, 12, 8), words={"2": "FAIL"})
    assert ">FAIL<" in panel(asked, [("m", TIMES)], SIZE)


def test_big_numbers_are_as_small_as_their_panel_needs() -> None:
    asked = Panel("p", "stat", (0, 0, 12, 8), "s")
    sizes = [
        [float(size) for size in re.findall(r'class="big"[^>]*font-size="([\d.]+)"', panel(asked, given, SIZE))]
        for given in ([("m", TIMES)], [("one", TIMES), ("two", TIMES), ("three", TIMES)])
    ]
    assert sizes[0] == [56.0] and all(size * 0.6 * len("2 s") <= SIZE.width / 3 for size in sizes[1])


def test_a_table_has_a_column_for_each_label_and_query_and_a_row_for_each_set_of_labels() -> None:
    asked = Panel("p", "table", (0, 0, 24, 8), columns=("model",))
    other = Found({"model": "n"}, ((0.0, 5.0),))
    drawn = panel(asked, [("First", TIMES), ("Second", TIMES), ("First", other)], SIZE)
    cells = [re.findall(r"<t[hd][^>]*>([^<]*)", row) for row in drawn.split("<tr>")[1:]]
    assert cells == [["model", "First", "Second"], ["m", "2", "2"], ["n", "5", "-"]]


def test_a_mark_of_the_axis_is_never_cut_off() -> None:
    asked = Panel("Tokens", "timeseries", (0, 0, 8, 7), "tokens/s")
    drawn = panel(asked, [("a", Found({}, ((0.0, 0.0), (60.0, 530.0))))], Size(300, 200))
    x, text = re.findall(r'<text x="([0-9.]+)"[^>]*text-anchor="end" font-size="11">([^<]+)', drawn)[-1]
    assert text == "400 tokens/s"
    assert float(x) > len(text) * 11 * 0.6


def test_names_that_find_no_room_are_counted() -> None:
    asked = Panel("p", "timeseries", (0, 0, 12, 8))
    drawn = panel(asked, [(f"a model with a long name {number}", TIMES) for number in range(9)], SIZE)
    assert re.findall(r"\(and (\d+) more\)", drawn) == ["5"]


@pytest.mark.parametrize(
    ("high", "unit", "size"), [(1800, "s", 60), (3e9, "bytes", 2**30), (90, "ms", 1), (700, "", 1)]
)
def test_ticks_are_round_in_the_unit_that_they_are_told_in(high: float, unit: str, size: float) -> None:
    assert step(high, unit) == size


def test_a_series_whose_labels_are_empty_still_has_a_name() -> None:
    assert name("{{alertname}}", Found({}, ())) == "none"


def test_no_panel_of_this_repository_stands_on_another() -> None:
    found = boards(ROOT / BOARDS)
    if not found:
        pytest.skip("no dashboards are here")
    assert [pair for each in found for pair in overlaps(each)] == []
    assert all(target.text for each in found for panel in each.asking for target in panel.targets)
