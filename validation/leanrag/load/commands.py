"""What the verbs `leanrag load` and `judge` share, and how an `slo:` block is found, without printing or exiting."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from leanrag.catalog.values import merge
from leanrag.core import yamlio
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.load.beside import NAME
from leanrag.load.chunked import judge_run
from leanrag.load.judge import Judgement, judge_slo
from leanrag.load.runs import Run, engine_of, read_run
from leanrag.slo.binomial import required
from leanrag.slo.feasible import most_requests
from leanrag.slo.objectives import Objective, Slo
from leanrag.slo.plan import plan
from leanrag.slo.spec import parse


def judge_file(report: Path, slo: Path, model: str = "") -> Judgement:
    """Judge a report against a file that holds an `slo:` block, or is one."""
    return judge_report(report, read_slo(slo), model)


def judge_report(report: Path, slo: Slo, model: str = "") -> Judgement:
    """Judge a report, or a run in chunks, against objectives that are parsed already."""
    return judge_kept(read_run(report, slo), slo, model)


def judge_kept(run: Run, slo: Slo, model: str = "") -> Judgement:
    """Judge a run that was kept, by the client's figures and by those of the engine that were kept beside them."""
    engine, untold = engine_of(run, model)
    found = judge_run(run.chunked, slo, model, engine) if run.chunked else judge_slo(run.report, slo, model, engine)
    return replace(found, evidence=tuple(_told(item, untold) for item in found.evidence)) if untold else found


def _told(item: Item, untold: str) -> Item:
    asked = item.name != NAME or item.outcome is not Outcome.NOT_RUN
    return item if asked else replace(item, reason=untold)


def needs(slo: Slo) -> Iterator[tuple[Objective, str]]:
    """Yield, before a request is sent, what each promise needs to be decided."""
    early = {one.objective.metric: one.earliest for one in plan(slo)} if slo.decision == "sequential" else {}
    for one in slo.objectives:
        if one.metric == "throughput":  # judged by parts of the run, not by requests
            continue
        sure = f"for a PASS at {one.confidence * 100:g} % confidence, when none breaks it"
        if one.zone and (first := early.get(one.metric)):
            yield one, f"needs at least {first:,} requests {sure}; at most {most_requests(slo):,} will count"
        else:
            need = required(one.allowed, one.confidence)
            yield one, f"needs at least {need:,} requests {sure}; {slo.traffic.requests:,} will count"


def read_slo(path: Path) -> Slo:
    """Return the `slo:` block of a model's overlay, of a published model.json, or of a file that is that block.

    An overlay is a diff: what it leaves out are the defaults of charts/serving/model, as in the cluster.
    """
    content = values_of(path)
    if isinstance(content, Mapping) and "slo" in content:
        return parse(content["slo"], f"{path}: slo")
    return parse(content, f"{path}: slo")


def values_of(path: Path) -> Any:
    """Return a model's values as the cluster has them: its overlay over its chart's; of another file what it holds."""
    content: Any = yamlio.read(path)
    defaults = _chart_values(path)
    if defaults is None or not isinstance(content or {}, Mapping):
        return content
    return merge(yamlio.read(defaults), content or {})


def _chart_values(overlay: Path) -> Path | None:
    """Return the chart's values for overlays/<env>/models/<model>.yaml, None for any other file."""
    where = overlay.resolve().parents
    if len(where) < 4 or (where[0].name, where[2].name) != ("models", "overlays"):
        return None
    values = where[3] / "charts" / "serving" / "model" / "values.yaml"
    return values if values.is_file() else None
