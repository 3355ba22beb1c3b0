"""A verdict that cannot be read whole is NOT_RUN with its reason, never an exception, never a PASS."""

import json
import os

import pytest

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item, StepResult
from leanrag.gate.decide import label
from leanrag.gate.plain import to_json
from leanrag.gate.reading import read_verdict
from leanrag.gate.run import run_gate, verdict_path
from leanrag.gate.verdict import Verdict


@pytest.fixture
def good(plan, steps):
    run_gate(plan(), steps())
    return verdict_path(plan().out)


def change(path, **keys):
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))
    return read_verdict(path)


def test_a_missing_verdict_is_not_run(tmp_path):
    read = read_verdict(tmp_path / "none.json")
    assert (read.outcome, read.document) == (Outcome.NOT_RUN, None)
    assert "no such file" in read.reason


def test_a_folder_in_its_place_is_not_run(tmp_path):
    assert read_verdict(tmp_path).outcome is Outcome.NOT_RUN


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_verdict_is_not_run(good):
    good.chmod(0)
    assert read_verdict(good).outcome is Outcome.NOT_RUN


def test_a_verdict_truncated_anywhere_is_not_run(good):
    text = good.read_text().rstrip()
    for length in range(0, len(text), 97):
        good.write_text(text[:length])
        assert read_verdict(good).outcome is Outcome.NOT_RUN, length


def test_bytes_that_are_not_text_are_not_run(good):
    good.write_bytes(b"\xff\xfe{}")
    assert "UTF-8" in read_verdict(good).reason


@pytest.mark.parametrize("version", ["leanrag.io/verdict/v2", None, 1])
def test_a_foreign_schema_version_is_not_run(good, version):
    read = change(good, schema=version)
    assert read.outcome is Outcome.NOT_RUN
    assert "is not 'leanrag.io/verdict/v1'" in read.reason


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", "GREEN"),
        ("scope", "everywhere"),
        ("unknown", 1),
        ("revision", "main"),
        ("contentHash", "b" * 64),
        ("steps", []),
        ("start", "yesterday"),
    ],
)
def test_what_the_schema_does_not_know_is_not_run(good, key, value):
    read = change(good, **{key: value})
    assert read.outcome is Outcome.NOT_RUN
    assert key in read.reason


@pytest.mark.parametrize(
    "text", ['{"a": NaN}', '{"a": 1e999}', '{"a": -Infinity}', '{"a": 1, "a": 2}', "[" * 100_000, "[]"]
)
def test_what_json_parsers_disagree_about_is_not_run(tmp_path, text):
    path = tmp_path / "v.json"
    path.write_text(text)
    assert read_verdict(path).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("there", "edited", "told"),
    [
        ('"facts": {}', '"facts": {"p95": 1e999}', "1e999 is not a number"),
        ('"facts": {}', '"facts": {"p95": NaN}', "NaN is not a number"),
        ('"outcome": "PASS"', '"outcome": "FAIL", "outcome": "PASS"', "names a key twice"),
    ],
)
def test_one_ambiguous_place_in_a_good_verdict_is_enough(good, there, edited, told):
    text = good.read_text()
    assert there in text
    good.write_text(text.replace(there, edited, 1))
    read = read_verdict(good)
    assert read.outcome is Outcome.NOT_RUN
    assert told in read.reason


def test_a_number_that_is_not_finite_is_written_as_null():
    facts = {"p95": float("nan"), "deep": [{"x": float("inf")}], "ok": 1.5}
    assert to_json(facts) == {"p95": None, "deep": [{"x": None}], "ok": 1.5}


def test_text_that_no_file_can_hold_does_not_cost_the_verdict(plan, steps):
    run_gate(plan(), steps(smoke=StepResult("smoke", Outcome.PASS, "half \ud800 a pair", 0.0)))
    assert "half ? a pair" in verdict_path(plan().out).read_text()


def test_the_document_has_exactly_the_keys_of_the_schema(good):
    document = json.loads(good.read_text())
    assert next(iter(document)) == "schema"
    assert {"contentHash", "subject", "reproduce"} <= set(document)
    assert set(document["subject"]) == {"api", "vectorStore", "models", "images", "running", "operators", "gpu"}
    assert set(document["steps"][1]["items"][0]) == {"name", "outcome", "reason", "proves", "seconds", "facts"}


def test_facts_keep_their_own_keys():
    step = StepResult("x", Outcome.PASS, "", 0.0, (Item("i", Outcome.PASS, ""),), {"snake_case": 1})
    verdict = Verdict("i", "local", "c", "e", None, True, None, "full", Outcome.PASS, "r", (step,))
    assert verdict.document()["steps"][0]["facts"] == {"snake_case": 1}


def test_objectives_are_called_what_people_call_them():
    assert label("ttft", 95) == "TTFT p95"
    assert label("errorRate", None) == "error rate"
    assert label("ttft", 99.9) == "TTFT p99.9"
