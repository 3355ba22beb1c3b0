"""A run in one part or several, as one: its requests pooled in the order they were sent, each promise decided once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leanrag.load.engine_figures import EngineFigures
from leanrag.load.flow import throughput
from leanrag.load.observe import ended, observe, outcomes, values
from leanrag.load.report import Counts, Row, Stage
from leanrag.load.waiting import waited
from leanrag.slo.decide import ObjectiveResult, Observation, decide
from leanrag.slo.lines import Boundaries
from leanrag.slo.objectives import Objective, Slo, Traffic
from leanrag.slo.settle import courses, errors, settle


@dataclass(frozen=True, slots=True)
class Part:
    """One stage of a run and its requests that count; `traffic` is what its client was told to send."""

    stage: Stage
    rows: tuple[Row, ...]
    traffic: Traffic


def whole(parts: Sequence[Part]) -> Stage:
    """Return one stage with the requests of all parts."""
    stages = [part.stage for part in parts]
    if len(stages) == 1:
        return stages[0]
    return replace(
        stages[0],
        start=min(stage.start for stage in stages),
        end=max(stage.end for stage in stages),
        made=Counts(
            sum(stage.made.successful for stage in stages),
            sum(stage.made.errored for stage in stages),
            sum(stage.made.incomplete for stage in stages),
        ),
        rows=tuple(row for stage in stages for row in stage.rows),
        warnings=tuple(one for stage in stages for one in stage.warnings),
    )


def decided(parts: Sequence[Part], slo: Slo, engine: EngineFigures | None = None) -> tuple[ObjectiveResult, ...]:
    """Return every promise decided by the requests of all parts: on the way where it has a zone, else at once."""
    rows, tests = tuple(row for part in parts for row in part.rows), courses(slo)
    return tuple(
        _settled(one, tests[one.metric], rows, slo) if one.metric in tests else _at_once(one, parts, rows, slo, engine)
        for one in slo.objectives
    )


def _settled(one: Objective, test: Boundaries, rows: Sequence[Row], slo: Slo) -> ObjectiveResult:
    rows = ended(one, rows)
    broken, latencies = outcomes(one, rows, slo.traffic, slo.objectives), values(one, rows, slo.objectives)
    return settle(one, test, broken, latencies, observe(one, rows, slo.traffic, slo.objectives).estimate)


def _at_once(
    one: Objective, parts: Sequence[Part], rows: Sequence[Row], slo: Slo, engine: EngineFigures | None
) -> ObjectiveResult:
    if one.metric == "throughput":
        seen = _joined([throughput(one, part.stage, part.rows) for part in parts])
    elif one.metric == "queue":
        seen = waited(one, engine.latencies.get("queue") if engine else None, len(rows))
    else:
        seen = observe(one, rows, slo.traffic, slo.objectives)
    return decide(one, seen, errors(one, slo))


def _joined(seen: Sequence[Observation]) -> Observation:
    """Parts of a run that are cut into equal parts of their own; the estimate is the mean over all of these."""
    known = [(one.estimate, one.n) for one in seen if one.estimate is not None]
    return Observation(
        n=sum(one.n for one in seen),
        violations=sum(one.violations for one in seen),
        undetermined=sum(one.undetermined for one in seen),
        estimate=sum(value * n for value, n in known) / sum(n for _, n in known) if known else None,
    )
