"""A run in one part or several, as one: its requests pooled in the order they were sent, each promise decided once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leanrag.load.evidence import Case
from leanrag.load.flow import throughput
from leanrag.load.observe import ended, observe, outcomes, values
from leanrag.load.report import Counts, Row, Stage
from leanrag.load.waiting import waited
from leanrag.slo.decide import ObjectiveResult, Observation, decide
from leanrag.slo.lines import Boundaries
from leanrag.slo.objectives import Objective, Slo, Traffic
from leanrag.slo.settle import courses, settle


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


def decided(case: Case, parts: Sequence[Part], slo: Slo) -> tuple[ObjectiveResult, ...]:
    """Return every promise decided: on the way where the block says so, else exactly, by all requests at once."""
    sequences = courses(slo) if slo.decision == "sequential" else {}
    return tuple(
        _settled(one, sequences[one.metric], case) if one.metric in sequences else decide(one, _seen(one, case, parts))
        for one in slo.objectives
    )


def _settled(one: Objective, test: Boundaries, case: Case) -> ObjectiveResult:
    rows = ended(one, case.rows)
    broken, latencies = outcomes(one, rows, case.traffic, case.objectives), values(one, rows, case.objectives)
    estimate = observe(one, rows, case.traffic, case.objectives).estimate
    return settle(one, test, broken, latencies, estimate)


def _seen(one: Objective, case: Case, parts: Sequence[Part]) -> Observation:
    if one.metric == "throughput":
        return _joined([throughput(one, part.stage, part.rows) for part in parts])
    if one.metric == "queue":
        histogram = case.figures.latencies.get("queue") if case.figures else None
        return waited(one, histogram, len(case.rows))
    return observe(one, case.rows, case.traffic, case.objectives)


def _joined(seen: Sequence[Observation]) -> Observation:
    """Parts of a run that are cut into equal parts of their own; the estimate is the mean over all of these."""
    n = sum(one.n for one in seen)
    known = [(one.estimate, one.n) for one in seen if one.estimate is not None]
    estimate = sum(value * count for value, count in known) / n if n and len(known) == len(seen) else None
    return Observation(n, sum(one.violations for one in seen), sum(one.undetermined for one in seen), estimate)
