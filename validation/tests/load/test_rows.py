"""Kept rows give back the stage that was measured, to the last figure."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.core.errors import InputError
from leanrag.core.jsonl import read_lines, write_lines
from leanrag.load.report import ClientHealth, Complaint, Counts, Row, Stage
from leanrag.load.rows import SCHEMA, read_kept, read_rows, write_rows

SECONDS = st.floats(0, 2e9)
MAYBE = st.none() | SECONDS
COUNTS = st.integers(0, 10**6)
ROWS = st.builds(
    Row,
    st.sampled_from(["successful", "errored", "incomplete"]),
    SECONDS,
    SECONDS,
    *[MAYBE] * 4,
    st.none() | COUNTS,
    st.none() | COUNTS,
    st.text(),
    MAYBE,
    st.text(),
)
STAGE = Stage(
    "constant",
    5.0,
    None,
    1,
    1000.0,
    1060.0,
    Counts(2, 1, 0),
    (Row("successful", 1000.0, 1001.0, 1000.0, 0.1, 0.01, 1.0, 64, 32), Row("errored", 1000.2, 1000.2, error="500")),
    ("max_requests",),
    None,
    (Complaint("root_late", "late"),),
    ClientHealth(0.001, 0.3, 0.999),
)


@settings(max_examples=50)
@given(rows=st.lists(ROWS, max_size=5))
def test_a_stage_comes_back_as_it_was(tmp_path_factory, rows):
    path, stage = tmp_path_factory.mktemp("rows") / "rows.jsonl.zst", replace(STAGE, rows=tuple(rows))
    write_rows(path, stage)
    assert read_rows(path) == stage


def test_every_field_of_a_row_is_kept(tmp_path):
    full = Row(*("errored", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7, 8, "nine", 10.0, "eleven")[: len(fields(Row))])
    write_rows(tmp_path / "x", replace(STAGE, rows=(full,)))
    (_, line) = list(read_lines(tmp_path / "x"))[1]
    assert set(line) == {each.name for each in fields(Row)}


def test_what_a_run_says_of_itself_is_kept(tmp_path):
    write_rows(tmp_path / "x", STAGE, {"model": "granite", "seed": 7})
    assert read_kept(tmp_path / "x").about == {"model": "granite", "seed": 7}


def test_figures_that_are_absent_take_no_room(tmp_path):
    write_rows(tmp_path / "x", STAGE)
    assert list(read_lines(tmp_path / "x"))[2][1] == {
        "status": "errored",
        "start": 1000.2,
        "end": 1000.2,
        "error": "500",
    }


def test_a_figure_that_is_no_number_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match="NaN or infinite"):
        write_rows(tmp_path / "x", replace(STAGE, rows=(replace(STAGE.rows[0], ttft=float("inf")),)))
    assert not list(tmp_path.iterdir())


def spoilt(tmp_path, edit):
    write_rows(tmp_path / "x", STAGE)
    lines = [value for _, value in read_lines(tmp_path / "x")]
    edit(lines)
    write_lines(tmp_path / "x", lines)
    return tmp_path / "x"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda lines: lines[0].update(schema="leanrag.io/rows/v2"), "schema 'leanrag.io/rows/v2' is not"),
        (lambda lines: lines.pop(0), "schema None is not"),
        (lambda lines: lines[0].update(about=[]), "x:1: not the head"),
        (lambda lines: lines[0]["stage"].pop("kind"), "x:1: kind: "),
        (lambda lines: lines[0]["stage"].update(more=1), "x:1: 'more' is not known"),
        (lambda lines: lines[0]["stage"].update(rows=[lines[1]]), "x:1: not the head"),
        (lambda lines: lines[1].update(tttf=0.1), "x:2: 'tttf' is not known"),
        (lambda lines: lines[1].update(ttft="0.1"), "x:2: ttft: "),
        (lambda lines: lines[2].update(status="fine"), "x:3: status: "),
        (lambda lines: lines[2].pop("end"), "x:3: end: "),
    ],
)
def test_rows_that_were_edited_wrongly_say_where(tmp_path, edit, said):
    with pytest.raises(InputError, match=said):
        read_rows(spoilt(tmp_path, edit))


def test_the_schema_is_named_in_the_file(tmp_path):
    write_rows(tmp_path / "x", STAGE)
    assert next(read_lines(tmp_path / "x"))[1]["schema"] == SCHEMA
