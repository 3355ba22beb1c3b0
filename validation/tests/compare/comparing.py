"""The quick question and the base side of these tests, sides with other stages, and one that fails."""

from collections.abc import Callable
from dataclasses import replace

from leanrag.compare.comparison import Asked
from leanrag.compare.sides import Run, Side
from leanrag.load.report import Stage

from .sides import side

QUICK = Asked(draws=300)
BASE = side("base", range(4))


def staged(one: Side, change: Callable[[Stage], Stage]) -> Side:
    """Return a side whose every stage is what `change` makes of it."""
    return replace(one, runs=tuple(Run(r.source, {k: change(s) for k, s in r.stages.items()}) for r in one.runs))


def failing(one: Side, every: int) -> Side:
    def fail(stage: Stage) -> Stage:
        rows = tuple(replace(r, status="errored", ttft=None) if i % every == 0 else r for i, r in enumerate(stage.rows))
        return replace(stage, rows=rows)

    return staged(one, fail)
