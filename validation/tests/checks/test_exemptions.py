"""An object may leave a rule with a reason: shown, never silent, and only where a rule is a policy."""

from pathlib import Path

import pytest

from leanrag.checks.exemptions import ANNOTATION, exemptions
from leanrag.checks.explanations import explanations
from leanrag.checks.finding import Finding
from leanrag.checks.paths import check_paths
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun
from leanrag.core.outcome import Outcome

BROKEN = Path(__file__).parent / "broken"


def judged(tmp_path: Path, fixture: str, text: str) -> CheckRun:
    """Judge a fixture whose first object carries the annotation."""
    written = (BROKEN / f"{fixture}.yaml").read_text()
    annotation = f"annotations: {{{ANNOTATION}: {text!r}}}".replace("\\n", "\n\n      ")
    path = tmp_path / "a.yaml"
    path.write_text(written.replace("metadata: {name: thing, ", f"metadata: {{{annotation}, name: thing, ", 1))
    assert ANNOTATION in path.read_text()
    return check_paths([path])


def counted(run: CheckRun) -> list[Finding]:
    """Return the findings that make a run fail."""
    return [each for each in run.findings if not each.allowed]


def test_an_object_that_says_why_passes_and_is_listed(tmp_path: Path) -> None:
    run = judged(tmp_path, "POD001-host-path", "POD001: reads the health of the GPU")
    assert counted(run) == []
    assert [each.allowed for each in run.findings] == ["reads the health of the GPU"]
    assert run.step.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("POD001", "says not why"),
        ("POD01: because", "is no rule"),
        ("OBJ002: because", "has no exemptions"),
        ("SEC001: because", "has no exemptions"),
        ("IMG001: because", "which it keeps"),
    ],
)
def test_an_exemption_that_cannot_be_is_found(tmp_path: Path, text: str, problem: str) -> None:
    run = judged(tmp_path, "POD001-host-path", text)
    [found] = [each for each in run.findings if each.rule == "ALW001"]
    assert problem in found.message
    assert found.line
    assert "POD001" in {each.rule for each in counted(run)}


def test_what_the_api_server_refuses_stays_refused(tmp_path: Path) -> None:
    run = judged(tmp_path, "OBJ002-wrong-enum", "OBJ002: because")
    assert {"OBJ002", "ALW001"} <= {each.rule for each in counted(run)}


def test_an_exemption_is_for_its_own_object_and_rule_alone() -> None:
    body = {"metadata": {"annotations": {ANNOTATION: "POD001: a\n\n  IMG001: b: c\n"}}}
    assert [(each.rule, each.reason) for each in exemptions(body)] == [("POD001", "a"), ("IMG001", "b: c")]
    assert exemptions({"metadata": {"annotations": {ANNOTATION: 7}}}) == exemptions(None) == ()


def test_what_the_api_server_refuses_and_secrets_have_no_exemptions() -> None:
    left = {rule for rule, each in explanations().items() if each.exempt}
    assert not {rule for rule in left if rule[:3] in {"OBJ", "CEL", "SEC", "FIL", "VAL", "RND", "CLU", "REL", "ALW"}}
    assert left <= {check.id for check in ALL}
