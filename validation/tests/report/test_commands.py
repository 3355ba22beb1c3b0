"""Reports are written whole or not at all, and only from a verdict that can be used."""

import errno
import json
import os

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.gate.reading import schema_problems
from leanrag.report.commands import REPORTERS, show, write_report


def test_the_samples_are_verdicts_by_the_schema(sample):
    assert schema_problems(sample) == ()
    assert "fixture" in sample["tools"]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("pass", Outcome.PASS), ("fail-slow", Outcome.FAIL), ("inconclusive-few-requests", Outcome.INCONCLUSIVE)],
)
def test_all_reports_are_written_and_the_outcome_returned(verdict_file, tmp_path, name, outcome):
    paths = {kind: tmp_path / "new" / f"r.{kind}" for kind in ("html", "junit", "json")}
    outs = {f"{kind}_out": path for kind, path in paths.items()}
    assert write_report(verdict_file(name), **outs) is outcome
    assert json.loads(paths["json"].read_text()) == json.loads(verdict_file(name).read_text())
    assert paths["html"].read_text().endswith("</html>\n")
    assert paths["junit"].read_text().startswith("<?xml")


@pytest.mark.parametrize("content", [None, "", '{"schema": "leanrag.io/verdict/v2"}'])
def test_a_verdict_that_cannot_be_used_writes_nothing(tmp_path, content):
    path = tmp_path / "verdict.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"^NOT_RUN: "):
        write_report(path, html_out=tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_full_disk_leaves_the_report_that_was_there(verdict_file, tmp_path, monkeypatch):
    target = tmp_path / "r.html"
    target.write_text("the old one")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_report(verdict_file("pass"), html_out=target)
    assert target.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_ctrl_c_while_writing_leaves_no_half_report(verdict_file, tmp_path, monkeypatch):
    def interrupted(_descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(verdict_file("pass"), html_out=tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_every_format_can_be_shown(verdict_file, sample):
    assert all(show(verdict_file("pass"), form) for form in REPORTERS)


def test_json_is_one_document_and_nothing_else(verdict_file):
    assert json.loads(show(verdict_file("pass"), "json"))["outcome"] == "PASS"


def test_the_text_names_the_report(verdict_file, tmp_path):
    assert show(verdict_file("pass"), report=tmp_path / "r.html").endswith(f"report: {tmp_path / 'r.html'}\n")


def test_an_unknown_format_is_refused_with_the_known_ones(verdict_file):
    with pytest.raises(InputError) as refused:
        show(verdict_file("pass"), "pdf")
    assert refused.value.hint == "formats are: text, json, junit, html"
