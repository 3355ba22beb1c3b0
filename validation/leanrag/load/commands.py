"""What the verbs `leanrag load` and `leanrag judge` do, without printing or exiting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.result import StepResult
from leanrag.load.judge import Judgement, judge
from leanrag.load.reader import read
from leanrag.load.runner import run_traffic
from leanrag.slo.objectives import Slo, Traffic
from leanrag.slo.spec import parse


def run_load(
    url: str,
    model: str,
    traffic: Traffic,
    seed: int,
    out: Path,
    guidellm: Path,
    api_key: str = "",
    labels: Mapping[str, str] | None = None,
) -> StepResult:
    """Send the declared traffic to an OpenAI endpoint (`url` without /v1); the report's path is facts["report"]."""
    return run_traffic(url, model, traffic, seed=seed, out=out, guidellm=guidellm, api_key=api_key, labels=labels)


def judge_file(report: Path, slo: Path, model: str = "") -> Judgement:
    """Judge a GuideLLM report against a file that holds an `slo:` block, or is one."""
    return judge_report(report, read_slo(slo), model)


def judge_report(report: Path, slo: Slo, model: str = "") -> Judgement:
    """Judge a GuideLLM report against objectives that are parsed already."""
    return judge(read(report), slo.objectives, slo.traffic, model)


def read_slo(path: Path) -> Slo:
    """Return the `slo:` block of a model's overlay, of a published model.json, or of a file that is that block."""
    content: Any = yamlio.read(path)
    if isinstance(content, Mapping) and "slo" in content:
        return parse(content["slo"], f"{path}: slo")
    return parse(content, f"{path}: slo")
