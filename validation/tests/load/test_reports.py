"""Every real report is judged against limits written down beside it."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.core import yamlio
from leanrag.core.outcome import Outcome
from leanrag.load.judge import Judgement, judge
from leanrag.load.reader import read
from leanrag.slo.objectives import Slo
from leanrag.slo.spec import parse

REPORTS = Path(__file__).parent / "reports"
CASES: list[dict[str, Any]] = yamlio.read(REPORTS / "expected.yaml")
TRAFFIC = {"promptTokens": 64, "outputTokens": 32, "timeoutSeconds": 5, "warmupRequests": 0, "maxDurationSeconds": 600}
ALL_FAILED = ("all-500", "all-500-max-errors", "hang", "cut-stream")
NEVER = (
    *ALL_FAILED,
    "short-output",
    "stream-false",
    "poisson-seed-bug",
    "over-saturated",
    "sweep-no-requests",
)


def promises(case: dict[str, Any]) -> Slo:
    block = {"confidence": 0.95, "objectives": case["objectives"], "traffic": TRAFFIC | case["traffic"]}
    return parse(block, "slo")


def judged(case: dict[str, Any]) -> Judgement:
    slo, folder = promises(case), REPORTS / case["report"]
    path = folder if folder.is_dir() else REPORTS / f"{case['report']}.json.gz"
    return judge(read(path), slo.objectives, slo.traffic, case.get("model", ""))


def everything_said(found: Judgement) -> str:
    return "\n".join([found.reason, *(i.reason for i in found.evidence), *(o.reason for o in found.objectives)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['report']}: {case['why']}")
def test_a_report_is_judged_as_written_beside_it(case: dict[str, Any]) -> None:
    found = judged(case)
    assert found.outcome == case["outcome"], found.reason
    assert [word for word in case["words"] if word not in everything_said(found)] == []
    seen = {result.objective.metric: result.n for result in found.objectives}
    assert {metric: seen[metric] for metric in case.get("n", {})} == case.get("n", {})


def test_every_report_has_a_case() -> None:
    there = {path.name.removesuffix(".json.gz") for path in REPORTS.iterdir() if path.is_dir() or path.suffix == ".gz"}
    assert {case["report"] for case in CASES} == there - {"vllm-not-detailed"}


@pytest.mark.parametrize("name", NEVER)
def test_a_bad_report_never_passes_however_generous_the_limits(name: str) -> None:
    report = read(REPORTS / f"{name}.json.gz")
    for stage in report.stages:
        kind = "constant" if stage.rate is not None else "concurrent"
        traffic = {"profile": kind, "rate": stage.rate or 1, "streams": stage.streams or 1, "requests": 30}
        everything: dict[str, Any] = {
            "traffic": traffic,
            "objectives": {
                "ttft": {"percentile": 50, "limit": 5, "unit": "s"},
                "itl": {"percentile": 50, "limit": 5, "unit": "s"},
                "e2e": {"percentile": 50, "limit": 5, "unit": "s"},
                "errorRate": {"limit": 0.1},
                "availability": {"limit": 0.1},
            },
        }
        for metric in (None, *everything["objectives"]):
            chosen = {metric: everything["objectives"][metric]} if metric else everything["objectives"]
            slo = promises(everything | {"objectives": chosen})
            assert judge(report, slo.objectives, slo.traffic).outcome is not Outcome.PASS, (stage.name, metric)


@pytest.mark.parametrize(
    ("name", "p95"), [("constant-good", 144.4716453552246), ("concurrent-good", 142.40598678588867)]
)
def test_our_percentile_equals_guidellms_own(name: str, p95: float) -> None:
    case = next(case for case in CASES if case["report"] == name)
    found = judged(case | {"objectives": {"ttft": {"percentile": 95, "limit": 200, "unit": "ms"}}})
    assert found.objectives[0].estimate == pytest.approx(p95)


def test_plots_hold_at_most_400_sorted_points_of_every_latency() -> None:
    case = next(case for case in CASES if case["report"] == "concurrent-good" and case["outcome"] == "PASS")
    found = judged(case).distributions
    assert [(one.metric, one.unit, one.limit) for one in found] == [
        ("ttft", "ms", 200),
        ("itl", "ms", 20),
        ("e2e", "s", 1),
    ]
    assert all(len(one.values) == 168 and list(one.values) == sorted(one.values) for one in found)


def test_no_objective_proves_nothing() -> None:
    found = judged(CASES[0] | {"objectives": {}})
    assert (found.outcome, found.reason) == (Outcome.INCONCLUSIVE, "no objective is declared, so nothing is proven")
