"""A report that our own runner left, with what only the runner knows: the declared traffic and the client's health.

GuideLLM calls every list of moments "trace" and says nothing of its rate; the labels do.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.load import health, reader
from leanrag.load.report import Report, Stage
from leanrag.load.scenario import RATE_LABEL, SHAPE_LABEL

# What GuideLLM 0.8.1 writes for its replay profile.
_LIST = "trace"


def read(path: Path) -> Report:
    """Return a report's content; one that another runner left is returned as it is.

    Raises InputError for what cannot be used.
    """
    report = reader.read(path)
    folder = path if path.is_dir() else path.parent
    samples = health.kept(folder / health.FILE)
    stages = tuple(_declared(stage, report.labels, report.source) for stage in report.stages)
    if samples:
        stages = tuple(replace(stage, client=health.client_health(stage, samples)) for stage in stages)
    return replace(report, stages=stages)


def _declared(stage: Stage, labels: Mapping[str, str], source: str) -> Stage:
    if stage.kind != _LIST or SHAPE_LABEL not in labels:
        return stage
    try:
        rate = float(labels[RATE_LABEL])
    except (KeyError, ValueError):
        raise InputError(f"{source}: its labels name a shape and no rate", hint="run: leanrag load") from None
    # An open loop of this mean rate: what profile `constant` declares.
    return replace(stage, kind="constant", rate=rate, shape=labels[SHAPE_LABEL])
