"""The volume keeps the newest of what was published and recorded, and never keeps a verdict from the cluster."""

import os

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.gate.reading import read_verdict
from leanrag.gate.shelf import Shelf

from .board import FakeBoard


def test_a_full_volume_does_not_keep_a_verdict_from_the_cluster(verdict, put, tmp_path, capsys):
    (tmp_path / "store").write_text("a file where a folder should be")
    assert put(verdict(), FakeBoard()).problem == ""
    assert "warning: report store" in capsys.readouterr().err


def test_a_report_that_cannot_be_made_does_not_cost_the_verdict(verdict, put):
    def page(_verdict):
        raise ZeroDivisionError("a defect of the page")

    assert put(verdict(), FakeBoard(), page=page).problem == ""


def test_the_volume_holds_what_was_published(verdict, put, tmp_path):
    board = FakeBoard()
    done = put(verdict(id="dev-7"), board, page=lambda made: f"<p>attempt {made.attempt}")
    folder = tmp_path / "store" / "verdicts" / "dev-7"
    data = board.maps[done.name]["data"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*data, "report.html"])
    for name, text in data.items():
        assert (folder / name).read_text() == text
    assert (folder / "report.html").read_text() == "<p>attempt 1"
    assert read_verdict(tmp_path / "store" / "verdict.json").outcome is Outcome.PASS


def test_what_the_load_step_recorded_stays_with_its_verdict(verdict, put, tmp_path):
    load = tmp_path / "store" / "load" / "chat"
    load.mkdir(parents=True)
    (load / "rows.jsonl.zst").write_bytes(b"rows")
    facts = {"reports": {"tiny": str(load / "guidellm.json.gz")}, "files": {"tiny": ["rows.jsonl.zst", "gone"]}}
    steps = (StepResult("load", Outcome.PASS, "", 0.0, facts=facts),)
    put(verdict(id="dev-7", steps=steps), FakeBoard())
    put(verdict(id="dev-8", steps=steps, carried_from="dev-7"), FakeBoard())
    kept = tmp_path / "store" / "verdicts"
    assert (kept / "dev-7" / "load" / "chat" / "rows.jsonl.zst").read_bytes() == b"rows"
    assert not (kept / "dev-8" / "load").exists()


def test_the_volume_keeps_the_newest_runs_only(verdict, put, tmp_path):
    shelf = Shelf(tmp_path / "store", keep=2)
    for number in (1, 2, 3):
        shelf.put(f"dev-{number}", {"verdict.json": "{}"})
        shelf.published(f"dev-{number}", {})
    assert sorted(path.name for path in (tmp_path / "store" / "verdicts").iterdir()) == ["dev-2", "dev-3"]


def test_recordings_go_before_verdicts_and_age_is_that_of_the_verdict(verdict, put, tmp_path):
    (tmp_path / "store" / "load" / "chat").mkdir(parents=True)
    (tmp_path / "store" / "load" / "chat" / "rows").write_text("rows")
    shelf, kept = Shelf(tmp_path / "store", keep=24), tmp_path / "store" / "verdicts"
    for number in range(30):
        shelf.put(f"dev-{number:02}", {"verdict.json": "{}"}, ["chat/rows"])
        os.utime(kept / f"dev-{number:02}" / "verdict.json", (number, number))
        shelf.published(f"dev-{number:02}", {})
    assert sorted(path.name for path in kept.iterdir()) == [f"dev-{number:02}" for number in range(6, 30)]
    assert sorted(path.parent.name for path in kept.glob("*/load")) == [f"dev-{number:02}" for number in range(10, 30)]


def test_a_full_volume_is_made_room_on(verdict, put, tmp_path, monkeypatch):
    shelf = Shelf(tmp_path / "store", keep=1)
    shelf.put("dev-1", {"verdict.json": "{}"})

    def full(*_):
        raise InputError("no space")

    monkeypatch.setattr("leanrag.gate.shelf.write_atomic", full)
    (tmp_path / "store" / "verdicts" / "dev-2").mkdir()
    with pytest.raises(InputError):
        shelf.published("dev-2", {"verdict.json": "{}"})
    assert len(list((tmp_path / "store" / "verdicts").iterdir())) == 1
