"""Whether a run's figures are the service's own, asked of each run by itself before two are compared."""

from collections.abc import Iterator

from leanrag.compare.sample import Sample

# As the judge of a single run has them: leanrag.load.client.
RATE_BAND = (0.95, 1.05)
LATE_SECONDS = 0.2
FEW = 10
_HARMLESS = {"generation_delay_ttft"}


def doubts(side: str, run: Sample) -> Iterator[str]:
    """Yield why this run's figures say nothing about the service."""
    stage, place = run.stage, f"{side}, {run.stage.name}"
    if stage.saturated:
        yield f"{place}: the service is over-saturated, and latency at an unstable rate is not a number"
    for one in stage.warnings:
        if one.code not in _HARMLESS:
            yield f"{place}: the client was the bottleneck: {one.code}"
    if not run.answered:
        yield f"{place}: no request succeeded"
    elif stage.kind == "constant" and not stage.shape and stage.rate and (line := _pace(run, stage.rate)):
        yield f"{place}: {line}"
    elif (late := _late(run)) > LATE_SECONDS:
        yield f"{place}: the client was the bottleneck: 5 % of its requests left {late:.2f} s late or more"


def _pace(run: Sample, asked: float) -> str:
    """Requests at even distances arrive at the asked rate; random ones do so only in the long run."""
    starts = [row.start for row in run.rows]
    if len(starts) < FEW or starts[-1] <= starts[0]:
        return "too few requests to tell the rate"
    achieved = (len(starts) - 1) / (starts[-1] - starts[0]) / asked
    return "" if RATE_BAND[0] <= achieved <= RATE_BAND[1] else f"{achieved:.2f} of the asked rate was achieved"


def _late(run: Sample) -> float:
    late = sorted(row.start - row.targeted for row in run.rows if row.targeted is not None)
    return late[int(0.95 * (len(late) - 1))] if late and run.stage.rate is not None else 0.0
