"""The requests of a run that count, and each figure of them in the order in which they were sent."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.load.observe import figure, measured
from leanrag.load.report import Row, Stage
from leanrag.slo.objectives import Metric

FIGURES_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Sample:
    """One stage of one run: the requests that count, in order; `cut` were left out, for they had not ended."""

    stage: Stage
    rows: tuple[Row, ...]
    cut: int = 0

    @property
    def seconds(self) -> float:
        """The time in which these requests were sent and ended."""
        return max((row.end for row in self.rows), default=0.0) - min((row.start for row in self.rows), default=0.0)

    @property
    def answered(self) -> tuple[Row, ...]:
        """Those that succeeded."""
        return tuple(row for row in self.rows if row.status == "successful")

    @property
    def tokens_per_second(self) -> float:
        """Output tokens a second; of a closed loop what its streams give while each holds a request."""
        if self.stage.rate is None:
            return rate(work(self))
        tokens = sum(row.output_tokens or 0 for row in self.answered)
        return tokens / self.seconds if self.seconds > 0 else 0.0


def sample(stage: Stage, warmup: int) -> Sample:
    """Return the requests that count.

    At the end the load tool gives up what still runs, and of those sent last only the fast ones have ended. So nothing
    counts from the first that was given up on, unless it is older than every answer: then it is slower than all.
    """
    rows = measured(stage, warmup)
    longest = max((row.age for row in rows if row.status == "successful"), default=0.0)
    young = (at for at, row in enumerate(rows) if row.status == "incomplete" and row.age <= longest)
    end = next(young, len(rows))
    return Sample(stage, rows[:end], len(rows) - end)


def latencies(found: Sample, metric: Metric) -> tuple[float, ...]:
    """Return a latency of each request in seconds, in order; a failed one stands above all others: infinite.

    Empty when too few answers carry the figure to speak for the others.
    """
    values = [_value(row, metric) for row in found.rows]
    known = [value for value in values if value is not None]
    return tuple(known) if len(known) >= FIGURES_SHARE * max(1, len(values)) else ()


def _value(row: Row, metric: Metric) -> float | None:
    if row.status == "errored":
        return math.inf
    seen = figure(row, metric)
    return math.inf if seen is None and row.status == "incomplete" else seen


def failures(found: Sample) -> tuple[bool, ...]:
    """Say of each request whether it failed, or never ended."""
    return tuple(row.status != "successful" for row in found.rows)


def work(found: Sample) -> tuple[tuple[float, float], ...]:
    """Return (output tokens of all streams, seconds in flight) of each request: their ratio is tokens a second."""
    streams = found.stage.streams or 1
    return tuple(
        (float(streams * (row.output_tokens or 0)) if row.status == "successful" else 0.0, max(0.0, row.age))
        for row in found.rows
    )


def rate(pairs: Sequence[tuple[float, float]]) -> float:
    """Return tokens a second of `work`."""
    busy = math.fsum(seconds for _, seconds in pairs)
    return math.fsum(tokens for tokens, _ in pairs) / busy if busy > 0 else 0.0
