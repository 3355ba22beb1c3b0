"""A recorded run is judged by what was declared, and explained where it failed; what cannot be judged is no answer."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.core.errors import StoppedError
from leanrag.core.outcome import Outcome
from leanrag.diagnose.model import Alone, Span
from leanrag.engine.recording import write_snapshots
from leanrag.engine.snapshot import snapshot
from leanrag.gate import causes
from leanrag.gate import steps as module
from leanrag.gate.lift import check_facts
from leanrag.gate.steps import judging

from .traffic import loaded

REPORTS = Path(__file__).parent.parent / "load" / "reports"


@pytest.fixture
def report(tmp_path):
    """A recorded report in a folder of its own, where what belongs to a run is kept beside it."""

    def at(name="concurrent-good.json.gz"):
        return str(shutil.copy(REPORTS / name, tmp_path / "guidellm.json.gz"))

    return at


def judged(context, limit, report):
    return judging(context(loaded(**{"mock-llm": report}), limit=limit))


@pytest.mark.parametrize(("limit", "outcome"), [(300, Outcome.PASS), (120, Outcome.FAIL), (140, Outcome.INCONCLUSIVE)])
def test_a_recorded_report_is_judged_by_the_declared_limit(context, report, limit, outcome):
    result = judged(context, limit, report())
    assert result.outcome is outcome
    entry = check_facts(result).facts["objectives"][0]
    assert (entry["model"], entry["metric"], entry["limit"]) == ("mock-llm", "ttft", limit)
    assert result.facts["distributions"]
    assert {check["name"] for check in result.facts["evidence"]} >= {"report", "errors", "pace"}


def test_what_did_not_pass_is_explained_and_the_whole_diagnosis_kept(context, report, tmp_path):
    (cause,) = check_facts(judged(context, 120, report())).facts["diagnoses"]
    assert cause["model"] == "mock-llm"
    assert cause["reason"]
    kept = json.loads((tmp_path / "diagnosis.json").read_text())
    assert kept["cause"] == cause["cause"]
    assert judged(context, 300, report()).facts["diagnoses"] == []


def test_lone_requests_are_measured_for_a_diagnosis_where_there_is_time(context, report, monkeypatch):
    asked = []

    def measure_alone(url, model, traffic, seed, _token, seconds):
        assert seconds < 3000.0 - module.JUDGE_SECONDS
        asked.append((url, model, traffic.requests, seed))
        return Alone(Span(0.13, 0.14), Span(0.01, 0.01), "8 sent one by one")

    monkeypatch.setattr(module, "measure_alone", measure_alone)
    given = context(loaded(**{"mock-llm": report()}), limit=120)
    assert judging(given).facts["diagnoses"][0]["cause"] is None
    (cause,) = check_facts(judging(replace(given, seconds_left=3000.0))).facts["diagnoses"]
    assert asked == [("http://chat.lr-serving.svc.cluster.local:8000", "mock-llm", 150, 6)]
    assert cause["cause"] == "latency floor"
    assert cause["change"]["key"]


def test_what_earlier_models_took_of_the_time_is_gone(context, report, monkeypatch):
    given = replace(context(loaded(**{"mock-llm": report()}), limit=120), seconds_left=3000.0)
    clock = iter((0.0, 2600.0))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock, 2600.0))
    monkeypatch.setattr(module, "measure_alone", lambda *_, **__: pytest.fail("no time is left"))
    assert judging(given).outcome is Outcome.FAIL


def test_a_dead_service_is_not_asked_again(context, report, monkeypatch):
    monkeypatch.setattr(module, "measure_alone", lambda *_, **__: pytest.fail("nobody is there"))
    given = replace(context(loaded(**{"mock-llm": report("all-500.json.gz")})), seconds_left=3000.0)
    assert judging(given).outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)


def test_lone_requests_that_fail_cost_neither_verdict_nor_diagnosis(context, report, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("none")

    monkeypatch.setattr(module, "measure_alone", broken)
    given = replace(context(loaded(**{"mock-llm": report()}), limit=120), seconds_left=3000.0)
    result = judging(given)
    assert result.outcome is Outcome.FAIL
    assert "could not be diagnosed" not in check_facts(result).facts["diagnoses"][0]["reason"]


def test_a_diagnosis_that_the_verdict_would_refuse_does_not_cost_it(context, report, monkeypatch):
    monkeypatch.setattr(causes, "_entry", lambda model, _found: {"model": model, "reason": "", "cause": None})
    result = check_facts(judged(context, 120, report()))
    assert result.outcome is Outcome.FAIL
    assert "could not be diagnosed" in result.facts["diagnoses"][0]["reason"]


def test_counts_of_several_engines_explain_nothing(context, report, monkeypatch, tmp_path):
    path = report()
    turns = [f"process_start_time_seconds {1 + at % 2}\nvllm:num_requests_waiting 90\n" for at in range(4)]
    write_snapshots(tmp_path / "engine.jsonl.zst", [snapshot(text, float(at)) for at, text in enumerate(turns)])
    seen, real = [], causes.diagnose
    monkeypatch.setattr(causes, "diagnose", lambda run: seen.append(run.snapshots) or real(run))
    assert judged(context, 120, path).outcome is Outcome.FAIL
    assert seen == [()]


def test_a_defect_of_the_diagnosis_does_not_cost_the_verdict(context, report, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("none")

    monkeypatch.setattr(causes, "diagnose", broken)
    result = judged(context, 120, report())
    assert result.outcome is Outcome.FAIL
    assert "ZeroDivisionError" in check_facts(result).facts["diagnoses"][0]["reason"]


def test_a_report_of_only_errors_never_passes(context, report):
    result = judged(context, 300, report("all-500.json.gz"))
    assert result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)


@pytest.mark.parametrize("reports", [{}, {"mock-llm": "/nowhere.json"}, {"mock-llm": None}, {"other": "x"}])
def test_a_missing_report_is_no_answer(context, reports):
    result = judging(context(loaded(**reports)))
    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.facts["objectives"] == []


def test_a_stop_while_judging_is_not_taken_for_a_bad_report(context, monkeypatch):
    def stopped(*_):
        raise StoppedError("stopped by SIGTERM")

    monkeypatch.setattr(module, "read_run", stopped)
    with pytest.raises(StoppedError):
        judging(context(loaded(**{"mock-llm": "x"})))
