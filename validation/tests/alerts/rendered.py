"""The rules of the charts as Prometheus reads them, rendered once a process from a case of each chart."""

import functools
import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.render.helm import KUBE_VERSION, stage
from leanrag.render.tools import tool

ROOT = Path(__file__).parents[3]
CHARTS = {
    "model": ("serving/model", "chat", "lr-serving", "local-chat"),
    "alerts": ("observe/alerts", "alerts", "lr-observe", "everything"),
}
Rule = Mapping[str, Any]


@functools.cache
def objects(chart: str, case: str = "", *values: str) -> tuple[Mapping[str, Any], ...]:
    """Return what a chart renders from one of its cases, with further `--set` values."""
    path, release, namespace, usual = CHARTS[chart]
    source = ROOT / "charts" / path
    with tempfile.TemporaryDirectory() as folder:
        staged = stage(source, ROOT / "charts" / "common", Path(folder) / source.name)
        argv = [str(tool("helm")), "template", release, str(staged), "--namespace", namespace]
        argv += ["--kube-version", KUBE_VERSION, "--values", str(source / "ci" / f"{case or usual}-values.yaml")]
        argv += [part for value in values for part in ("--set", value)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(body for body in yamlio.load_all(done.stdout, chart) if isinstance(body, dict))


def groups(chart: str, case: str = "", *values: str) -> list[dict[str, Any]]:
    """Return the groups of all its PrometheusRules."""
    found = [each for each in objects(chart, case, *values) if each["kind"] == "PrometheusRule"]
    return [group for each in found for group in each["spec"]["groups"]]


def rules(chart: str, case: str = "", *values: str) -> list[Rule]:
    """Return all its rules."""
    return [rule for group in groups(chart, case, *values) for rule in group["rules"]]


def alerts() -> list[Rule]:
    """Return the alerts of all charts."""
    return [rule for chart in CHARTS for rule in rules(chart) if "alert" in rule]


def expression(chart: str, record: str, objective: str, case: str = "", *values: str) -> str:
    """Return the query that records a series of one objective."""
    found = [each for each in rules(chart, case, *values) if each.get("record") == record]
    return next(str(each["expr"]) for each in found if each["labels"].get("objective") == objective)


def promtool(folder: Path, *argv: str) -> None:
    """Run promtool in a folder."""
    done = subprocess.run(
        [tool("promtool"), *argv], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def bare(found: Iterable[Mapping[str, Any]], instead: Iterable[str]) -> str:
    """Return groups without texts, owners and runbooks, which other tests see, and records that a case gives."""
    kept = [
        {**group, "rules": [_bare(each) for each in group["rules"] if each.get("record") not in instead]}
        for group in found
    ]
    return json.dumps({"groups": kept})


def _bare(rule: Rule) -> Rule:
    labels = {key: value for key, value in rule.get("labels", {}).items() if key not in ("owner", "runbook")}
    return {**{key: value for key, value in rule.items() if key != "annotations"}, "labels": labels}
