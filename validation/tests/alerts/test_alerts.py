"""Every alert fires for its cause and is silent without it, by Prometheus' own unit tests (cases/<alert>.yaml)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leanrag.core import yamlio

from .rendered import CHARTS, ROOT, alerts, bare, expression, groups, objects, promtool

pytestmark = pytest.mark.helm
CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def asked(case: Path) -> Iterator[tuple[str, bool]]:
    """Yield the alerts that a case asks for, and whether they are to fire."""
    for test in yamlio.read(case)["tests"]:
        yield from ((each["alertname"], bool(each["exp_alerts"])) for each in test["alert_rule_test"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_an_alert_fires_for_its_cause_and_not_without(case: Path, tmp_path: Path) -> None:
    said: dict[str, Any] = dict(yamlio.read(case))
    (tmp_path / "rules.json").write_text(bare(groups(said["chart"]), said.get("instead", [])))
    plan = {"rule_files": ["rules.json"], "evaluation_interval": "1m", "tests": said["tests"]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    promtool(tmp_path, "test", "rules", "plan.json")


def test_every_alert_has_a_case_that_fires_and_one_that_stays_silent() -> None:
    seen = {each for case in CASES for each in asked(case)}
    assert seen == {(str(alert["alert"]), fires) for alert in alerts() for fires in (True, False)}


@pytest.mark.parametrize("chart", CHARTS)
def test_prometheus_reads_every_rule_with_its_texts(chart: str, tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(json.dumps({"groups": groups(chart)}))
    promtool(tmp_path, "check", "rules", "rules.json")


def test_every_alert_says_how_bad_it_is_who_acts_and_where_to_read() -> None:
    for alert in alerts():
        labels = alert["labels"]
        assert labels["severity"] in ("critical", "warning")
        assert labels["owner"]
        assert set(alert["annotations"]) == {"summary", "description"}
        assert labels["runbook"] == f"docs/runbooks/{alert['alert']}.md"


def test_every_alert_has_its_runbook_and_no_runbook_is_left_over() -> None:
    folder = ROOT / "docs" / "runbooks"
    files = {file.stem: file.read_text() for file in folder.glob("*.md") if file.stem != "README"}
    assert set(files) == {str(alert["alert"]) for alert in alerts()}
    for name, text in files.items():
        assert text.startswith(f"# {name}\n")
        assert [line for line in text.splitlines() if line.startswith("## ")] == [
            "## What it means",
            "## Look here",
            "## Do this",
        ]


def test_one_edit_changes_gate_series_edges_and_alert_together() -> None:
    edit = ("local-chat", "slo.objectives.ttft.limit=200")
    contract = next(each for each in objects("model", *edit) if each["metadata"]["name"] == "chat-slo")
    assert json.loads(contract["data"]["model.json"])["slo"]["objectives"]["ttft"]["limit"] == 200
    assert expression("model", "leanrag:objective:limit", "ttft", *edit) == "vector(0.2)"
    assert 'le="0.2"' in expression("model", "leanrag:objective_broken:ratio5m", "ttft", *edit)
    deployment = next(each for each in objects("model", *edit) if each["kind"] == "Deployment")
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    edges = next(each for each in arguments if each.startswith("--custom-histogram-buckets="))
    assert 0.2 in json.loads(edges.partition("=")[2])["time_to_first_token"]


def test_where_the_limit_is_no_edge_the_share_lies_on_the_line_between_two() -> None:
    edit = ("local-chat", "slo.objectives.ttft.limit=200", "monitoring.sloBuckets=never")
    said = expression("model", "leanrag:objective_broken:ratio5m", "ttft", *edit)
    assert "0.333333 * sum" in said
    assert 'le="0.1"' in said
    assert "0.666667 * sum" in said
    assert 'le="0.25"' in said


def test_a_target_of_a_median_can_still_burn_fast() -> None:
    fast = next(each for each in alerts() if each["alert"] == "ObjectiveBurnsFast")
    assert "clamp_max(14.4 * (1 - leanrag:objective:target" in fast["expr"]
    assert ", 0.9)" in fast["expr"]
