"""`leanrag slo` says what a gate does before a request is sent, and refuses what is no test in one sentence."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from leanrag.cli.slo import slo_group
from leanrag.core.errors import InputError

BLOCK = """
slo:
  confidence: 0.95
  decision: sequential
  {more}
  objectives:
    ttft: {{percentile: 95, limit: 500, unit: ms, zone: {{good: 0.0318, bad: 0.0729}}}}
    errorRate: {{limit: {errors}, unit: share}}
  traffic: {{profile: constant, rate: 4, requests: {requests}, promptTokens: 8, outputTokens: 4, timeoutSeconds: 5,
            warmupRequests: 2, maxDurationSeconds: 600}}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(slo_group, [str(one) for one in arguments], standalone_mode=False)


def document(*arguments: str | Path) -> dict[str, Any]:
    done = run(*arguments, "--format", "json")
    assert done.exception is None, done.exception
    found: dict[str, Any] = json.loads(done.output)
    return found


@pytest.fixture
def slo_file(tmp_path: Path) -> Path:
    path = tmp_path / "slo.yaml"
    path.write_text(BLOCK.format(more="", requests=320, errors=0.05))
    return path


def test_the_zone_may_be_named_by_latencies_or_by_shares() -> None:
    by_ratio = document("oc", "--between", "0.9", "1.1")["tests"][0]
    assert (by_ratio["cap"], round(by_ratio["zone"]["good"], 4), round(by_ratio["zone"]["bad"], 4)) == (
        313,
        0.0318,
        0.0729,
    )
    by_share = document("oc", "--good", "0.0318", "--bad", "0.0729", "--confidence", "0.99")["tests"][0]
    assert by_share["falsePass"] == by_share["falseBlock"] == 0.01


def test_the_table_shows_the_stated_errors_and_both_other_rules() -> None:
    test = document("oc", "--between", "0.9", "1.1")["tests"][0]
    at = {round(point["share"], 4): point for point in test["points"]}
    assert at[0.0729]["test"]["passed"] <= 0.05 and at[0.0318]["test"]["failed"] <= 0.05
    assert at[0.0729]["naive"] < at[0.0318]["naive"]
    assert at[0.0318]["exact"]["undecided"] > 0.5
    assert "undecided" in run("oc", "--between", "0.9", "1.1").output


def test_the_tests_of_a_file_are_those_of_its_gate(slo_file: Path) -> None:
    assert [one["cap"] for one in document("oc", "--slo", slo_file)["tests"]] == [320, 320]
    planned = document("plan", slo_file)["objectives"]
    assert [(one["name"], one["test"], one["earliestPass"]) for one in planned] == [
        ("ttft p95", "sequential", 78),
        ("errorRate", "exact", planned[1]["earliestPass"]),
    ]
    assert planned[0]["zone"]["good"]["mean_n"] < 188 < planned[0]["cap"]
    assert planned[0]["capSeconds"] == pytest.approx(320 / 4)
    done = run("plan", slo_file)
    assert (done.return_value, "a PASS after 78 at the earliest" in done.output) == (0, True)


def test_a_promise_that_can_never_pass_is_refused_when_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "slo.yaml"
    path.write_text(BLOCK.format(more="extension: 0.05", requests=320, errors=0.01))
    done = run("plan", path)
    assert isinstance(done.exception, InputError)
    assert "errorRate: 0.01 at 97.5 % needs >= 368 requests; traffic sends 336" in done.exception.message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no zone named"),
        (["--between", "0", "1.1"], "no zone named"),
        (["--between", "1.1", "0.9"], "does not lie around"),
        (["--between", "0.9", "1.1", "--percentile", "100"], "sequential|percentile"),
        (["--good", "nan", "--bad", "0.07"], "does not lie around"),
        (["--good", "0.03", "--bad", "0.07", "--confidence", "1"], "not between"),
        (["--good", "0.03", "--bad", "0.07", "--cap", "0"], "1 or more"),
        (["--good", "0.03", "--bad", "0.07", "--every", "0"], "1 or more"),
        (["--good", "0.0499", "--bad", "0.0501"], "needs about"),
        (["--between", "0.9", "1.1", "--sigma", "nan"], "no zone named|does not lie"),
    ],
)
def test_what_is_no_test_is_refused_in_one_sentence(arguments: list[str], words: str) -> None:
    done = run("oc", *arguments)
    assert isinstance(done.exception, InputError)
    assert any(word in done.exception.message for word in words.split("|")), done.exception.message
    assert done.exception.hint and "\n" not in done.exception.message
