"""What leanrag check prints can be read by people, programs and forges, and says the same in all three."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from leanrag.checks.commands import check
from leanrag.checks.finding import Finding
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun, merge_findings
from leanrag.checks.text import View
from leanrag.checks.text import text as text_of
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult

BROKEN = Path(__file__).parent / "broken"
SOUND = Path(__file__).parent / "sound"


def test_text_has_rule_place_problem_and_way_out() -> None:
    code, text = check(Path(), paths=[BROKEN / "IMG001-tag-latest.yaml"])
    assert code == 1
    assert "IMG001  Every image is pinned: 1 not" in text
    assert "can change under us\n      fix: pin a version and digest" in text
    assert text.splitlines()[-1].startswith("FAIL: 1 findings (1 files, 2 objects, ")


def test_a_kind_that_cannot_be_judged_gives_no_answer() -> None:
    code, text = check(Path(), paths=[BROKEN / "OBJ001-kind-that-does-not-exist.yaml"])
    assert code == 2
    assert "unknown: " in text
    assert "INCONCLUSIVE: 1 objects that could not be judged" in text


def test_a_clean_file_exits_0() -> None:
    assert check(Path(), paths=[SOUND / "workload.yaml"])[0] == 0


def test_json_is_one_document_with_every_finding() -> None:
    _, text = check(Path(), paths=[BROKEN], fmt="json")
    document = json.loads(text)
    assert document["schema"] == "leanrag.io/check/v1"
    assert document["outcome"] == "FAIL"
    assert {"IMG001", "OBJ002", "POD001"} <= {each["rule"] for each in document["findings"]}
    assert all(each["fix"] and each["message"] for each in document["findings"])


def test_junit_has_one_case_a_rule_and_tells_failure_from_error() -> None:
    _, text = check(Path(), paths=[BROKEN / "OBJ001-kind-that-does-not-exist.yaml"], fmt="junit")
    suite = ElementTree.fromstring(text)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(ALL)), "0", "1")
    assert len(suite.findall("testcase")) == len(ALL)
    assert [element.tag for case in suite for element in case] == ["error"]


def test_an_unknown_format_is_bad_input() -> None:
    with pytest.raises(InputError, match="no format 'xml'"):
        check(Path(), paths=[SOUND], fmt="xml")


def test_what_several_applications_share_is_said_once() -> None:
    apps = ["a", "b", "c", "d"]
    [merged] = merge_findings(Finding("IMG001", app, "f.yaml", "where", "problem", "fix") for app in apps)
    assert merged.app == "a, b, c and 1 more"


def test_cel_rules_that_were_not_evaluated_are_shown() -> None:
    counts = {"objects": 1, "rules": 1, "celTransition": 9}
    run = CheckRun(StepResult("check", Outcome.PASS, "1 objects satisfy 1 rules", 0.1), (), counts)
    assert "not evaluated: 9 CEL rules" in text_of(run, View())
