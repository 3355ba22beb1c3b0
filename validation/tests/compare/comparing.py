"""The quick question and the base side of these tests, and a side that fails."""

from dataclasses import replace

from leanrag.compare.comparison import Asked
from leanrag.compare.sides import Run, Side
from leanrag.load.report import Stage

from .sides import side

QUICK = Asked(draws=300)
BASE = side("base", range(4))


def failing(one: Side, every: int) -> Side:
    def fail(stage: Stage) -> Stage:
        rows = tuple(replace(r, status="errored", ttft=None) if i % every == 0 else r for i, r in enumerate(stage.rows))
        return replace(stage, rows=rows)

    return replace(one, runs=tuple(Run(run.source, {k: fail(s) for k, s in run.stages.items()}) for run in one.runs))
