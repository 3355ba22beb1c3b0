"""What the verb `leanrag judge` does, and how an `slo:` block is found, without printing or exiting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.values import merge
from leanrag.core import yamlio
from leanrag.load import kept
from leanrag.load.judge import Judgement, judge_slo
from leanrag.load.reader import read
from leanrag.slo.objectives import Slo
from leanrag.slo.spec import parse


def judge_file(report: Path, slo: Path, model: str = "") -> Judgement:
    """Judge a report against a file that holds an `slo:` block, or is one."""
    return judge_report(report, read_slo(slo), model)


def judge_report(report: Path, slo: Slo, model: str = "") -> Judgement:
    """Judge a report against objectives that are parsed already.

    Shaped traffic is told by what our own runner left beside its report; a plain block asks for the report alone.
    """
    found = kept.read(report) if slo.shape or slo.decision == "sequential" else read(report)
    return judge_slo(found, slo, model)


def read_slo(path: Path) -> Slo:
    """Return the `slo:` block of a model's overlay, of a published model.json, or of a file that is that block.

    An overlay is a diff: what it leaves out are the defaults of charts/serving/model, as in the cluster.
    """
    content: Any = yamlio.read(path)
    defaults = _chart_values(path)
    if defaults is not None and isinstance(content or {}, Mapping):
        content = merge(yamlio.read(defaults), content or {})
    if isinstance(content, Mapping) and "slo" in content:
        return parse(content["slo"], f"{path}: slo")
    return parse(content, f"{path}: slo")


def _chart_values(overlay: Path) -> Path | None:
    """Return the chart's values for overlays/<env>/models/<model>.yaml, None for any other file."""
    where = overlay.resolve().parents
    if len(where) < 4 or (where[0].name, where[2].name) != ("models", "overlays"):
        return None
    values = where[3] / "charts" / "serving" / "model" / "values.yaml"
    return values if values.is_file() else None
