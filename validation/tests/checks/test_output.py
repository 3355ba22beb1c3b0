"""What leanrag check prints can be read by people, programs and forges, and says the same in all of them."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from leanrag.checks.commands import check
from leanrag.checks.finding import Finding
from leanrag.checks.output import FORMATS, wanted, written
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun, merge_findings
from leanrag.checks.text import SHOWN, View
from leanrag.checks.text import text as text_of
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult

BROKEN = Path(__file__).parent / "broken"
SOUND = Path(__file__).parent / "sound"
LATEST = BROKEN / "IMG001-tag-latest.yaml"
UNKNOWN = BROKEN / "OBJ001-kind-that-does-not-exist.yaml"
NASTY = "50% of 'x' failed:\r\nsecond, line ::error:: \x01 \ud800 <b>&"


def a_run(*findings: Finding, **counts: int) -> CheckRun:
    """Return a run with some findings."""
    return CheckRun(StepResult("check", Outcome.FAIL, "some findings", 0.1), findings, {"objects": 1, **counts})


def a_finding(**changes: Any) -> Finding:
    """Return a finding with some fields changed."""
    fields = {"rule": "IMG001", "app": "dev-x", "file": "a.yaml", "where": "Pod/x spec", "message": "bad", "fix": "do"}
    return Finding(**{**fields, **changes})


def test_text_has_rule_place_problem_and_way_out() -> None:
    code, text = check(Path(), paths=[LATEST])
    assert code == 1
    assert "IMG001  Every image is pinned: 1 not" in text
    assert f"{LATEST}:14:11: Deployment/thing spec.template.spec.containers[0].image: " in text
    assert "can change under us\n      fix: pin a version and digest" in text
    assert text.splitlines()[-1].startswith("FAIL: 1 finding (1 file, 2 objects, ")
    assert "leanrag check --explain IMG001" in text


def test_a_kind_that_cannot_be_judged_gives_no_answer() -> None:
    code, text = check(Path(), paths=[UNKNOWN])
    assert code == 2
    assert "be judged by: 1 unknown" in text
    assert "unknown: " in text
    assert "INCONCLUSIVE: 1 could not be judged (" in text


def test_a_clean_file_exits_0() -> None:
    assert check(Path(), paths=[SOUND / "workload.yaml"])[0] == 0


def test_many_findings_of_one_rule_are_the_first_ones_and_a_number() -> None:
    run = a_run(*(a_finding(where=f"Pod/x{number} spec") for number in range(SHOWN + 3)))
    shown = text_of(run, View())
    assert shown.count("Pod/x") == SHOWN
    assert "  and 3 more (--all)" in shown
    assert text_of(run, View(all=True)).count("Pod/x") == SHOWN + 3


def test_what_only_a_promotion_waits_for_takes_little_room() -> None:
    run = a_run(*(a_finding(where=f"Pod/x{number} spec", unknown=True, holds=True) for number in range(9)))
    assert "  and 6 more (--all)" in text_of(run, View())
    assert "Every image is pinned: 9 that hold a promotion" in text_of(run, View())


def test_one_way_out_of_many_findings_is_said_once() -> None:
    assert text_of(a_run(a_finding(), a_finding(where="Pod/y spec")), View()).count("fix: do") == 1


def test_colour_is_for_terminals_alone() -> None:
    assert "\033[" not in text_of(a_run(a_finding()), View())
    assert "\033[31;1mFAIL\033[0m: " in text_of(a_run(a_finding()), View(colour=True))


def test_what_an_object_allows_itself_is_listed_with_its_reason() -> None:
    shown = text_of(a_run(a_finding(allowed="needs the node")), View())
    assert "allowed by leanrag.io/allow: 1\n  IMG001 a.yaml: dev-x: Pod/x spec: bad: needs the node" in shown


@pytest.mark.parametrize("paths", [[BROKEN], [SOUND], [UNKNOWN]], ids=["broken", "sound", "unknown"])
def test_json_is_one_document_of_its_schema(paths: list[Path]) -> None:
    schema = json.loads(files("leanrag.checks").joinpath("check.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    document = json.loads(check(Path(), paths=paths, fmt="json")[1])
    assert list(Draft202012Validator(schema).iter_errors(document)) == []


def test_json_has_every_finding() -> None:
    document = json.loads(check(Path(), paths=[BROKEN], fmt="json")[1])
    assert document["outcome"] == "FAIL"
    assert {"IMG001", "OBJ002", "POD001"} <= {each["rule"] for each in document["findings"]}
    assert all(each["fix"] and each["message"] for each in document["findings"])


def test_junit_has_one_case_a_rule_and_tells_failure_from_error() -> None:
    suite = ElementTree.fromstring(check(Path(), paths=[UNKNOWN], fmt="junit")[1])
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (str(len(ALL)), "0", "1")
    assert len(suite.findall("testcase")) == len(ALL)
    assert [element.tag for case in suite for element in case] == ["error"]


def test_junit_has_the_shape_that_forges_read() -> None:
    # Names, required attributes and children as in Jenkins' and Surefire's schemas, less what nobody needs.
    run = a_run(a_finding(), a_finding(allowed="why"), a_finding(rule="POD001", unknown=True))
    suite = ElementTree.fromstring(FORMATS["junit"](run, View()))
    cases = list(suite)
    assert suite.tag == "testsuite"
    assert {"name", "tests", "failures", "errors", "time"} == set(suite.keys())
    assert all(case.tag == "testcase" and {"name", "classname", "time"} == set(case.keys()) for case in cases)
    children = [child for case in cases for child in case]
    assert {child.tag for child in children} == {"failure", "error", "system-out"}
    assert all({"type", "message"} == set(child.keys()) for child in children if child.tag != "system-out")
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == str(len(suite.findall("testcase/error")))


def test_github_reads_an_annotation_a_finding() -> None:
    lines = FORMATS["github"](a_run(a_finding(file="a,b:c.yaml", line=3, column=7, message=NASTY)), View()).splitlines()
    assert len(lines) == 2
    command, _, message = lines[0].removeprefix("::").partition("::")
    assert command == "error file=a%2Cb%3Ac.yaml,line=3,col=7,title=IMG001"
    assert message.startswith("dev-x: Pod/x spec: 50%25 of 'x' failed:%0D%0Asecond, line ")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "error"),
        ({"unknown": True}, "warning"),
        ({"unknown": True, "holds": True}, "notice"),
        ({"allowed": "why"}, "notice"),
    ],
)
def test_github_tells_broken_from_unknown_and_allowed(changes: dict[str, Any], kind: str) -> None:
    assert FORMATS["github"](a_run(a_finding(**changes)), View()).startswith(f"::{kind} file=a.yaml,line=1,")


def test_gitlab_has_an_issue_a_finding_with_a_fingerprint_that_outlives_its_line() -> None:
    findings = (a_finding(line=3), a_finding(line=9), a_finding(unknown=True))
    issues = json.loads(FORMATS["gitlab"](a_run(*findings), View()))
    moved = json.loads(FORMATS["gitlab"](a_run(a_finding(line=4), a_finding(line=10)), View()))
    assert [each["severity"] for each in issues] == ["major", "major", "info"]
    assert len({each["fingerprint"] for each in issues}) == 3
    assert [each["fingerprint"] for each in moved] == [each["fingerprint"] for each in issues[:2]]
    assert issues[0]["location"] == {"path": "a.yaml", "lines": {"begin": 3}}
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issues[0])


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_words_break_no_format(form: str) -> None:
    run = a_run(a_finding(message=NASTY, where=NASTY, file="ä b.yaml", fix=NASTY, allowed=""))
    document = written(run, wanted([form]), View())
    document.encode()
    if form in {"json", "sarif", "gitlab"}:
        json.loads(document)
    elif form == "junit":
        ElementTree.fromstring(document.encode())
    if form == "github":
        assert len([line for line in document.split("\n") if line]) == 2


def test_a_message_gives_the_terminal_no_orders() -> None:
    shown = text_of(a_run(a_finding(message="\x1b[2Jgone\nFAIL\x9b1m")), View())
    assert "bad" not in shown
    assert "?[2Jgone FAIL?1m" in shown


def test_every_format_names_every_finding() -> None:
    counts = {form: check(Path(), paths=[LATEST], fmt=form)[1].count("IMG001") for form in FORMATS}
    assert all(counts.values()), counts


def test_formats_with_a_file_are_written_beside_the_text(tmp_path: Path) -> None:
    asked = wanted([f"json={tmp_path}/a.json", f"sarif={tmp_path}/a.sarif"])
    shown = written(a_run(a_finding()), asked, View())
    assert shown.splitlines()[0] == "IMG001  Every image is pinned: 1 not"
    assert json.loads((tmp_path / "a.json").read_text())["schema"] == "leanrag.io/check/v1"
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"


def test_json_on_stdout_is_alone_there() -> None:
    assert json.loads(written(a_run(), wanted(["json"]), View()))


@pytest.mark.parametrize(
    ("given", "problem"), [(["xml"], "no format 'xml'"), (["json", "sarif"], "json and sarif on stdout at once")]
)
def test_formats_that_cannot_be_are_bad_input(given: list[str], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        wanted(given)


def test_an_unknown_format_is_told_before_anything_is_judged() -> None:
    with pytest.raises(InputError, match="no format 'xml'"):
        check(Path("nowhere"), fmt="xml")


def test_what_several_applications_share_is_said_once() -> None:
    apps = ["a", "b", "c", "d"]
    [merged] = merge_findings(Finding("IMG001", app, "f.yaml", "where", "problem", "fix") for app in apps)
    assert merged.app == "a, b, c and 1 more"


def test_what_is_unknown_or_allowed_in_one_place_hides_no_fault_of_another() -> None:
    findings = [a_finding(app="a", unknown=True), a_finding(app="b", allowed="why"), a_finding(app="c")]
    assert len(merge_findings(findings)) == 3


def test_cel_rules_that_were_not_evaluated_are_shown() -> None:
    counts = {"objects": 1, "rules": 1, "celTransition": 9}
    run = CheckRun(StepResult("check", Outcome.PASS, "1 object satisfies 1 rules", 0.1), (), counts)
    assert "not evaluated: 9 CEL rules" in text_of(run, View())
