"""Throughput as a share that can be tested exactly: of equal parts of the measured time, how many are below the limit?

One number for a whole run has no error bound. Its parts have: they are a sign test of the median, without any
assumption about how throughput is distributed. Parts are never shorter than a typical request, else neighbours would
share their requests and count twice.
"""

from collections.abc import Sequence
from statistics import median

from leanrag.load.report import Row, Stage
from leanrag.slo.decide import Observation
from leanrag.slo.feasible import MOST_PARTS
from leanrag.slo.objectives import Objective


def throughput(objective: Objective, stage: Stage, rows: Sequence[Row]) -> Observation:
    """Return how many parts of the time in which the `rows` were sent gave less than the limit.

    That time ends with the last arrival: what follows is a queue that drains. Requests of the warm-up that end in it
    count, as the service answered them then. Without the server's count of tokens nobody can tell.
    """
    if len(rows) < 2 or rows[-1].start <= rows[0].start:
        return Observation(0, 0)
    begin, seconds = rows[0].start, rows[-1].start - rows[0].start
    answered = [row for row in stage.rows if row.status == "successful"]
    parts = _parts(answered, seconds)
    if not parts or (objective.unit == "tokens/s" and any(row.output_tokens is None for row in answered)):
        return Observation(parts, 0, undetermined=parts)
    given = [_given(objective, answered, begin + i * seconds / parts, seconds / parts) for i in range(parts)]
    return Observation(parts, sum(one < objective.limit for one in given), estimate=sum(given) / parts)


def _parts(answered: Sequence[Row], seconds: float) -> int:
    typical = median([row.age for row in answered]) if answered else 0.0
    return min(MOST_PARTS, int(seconds / typical)) if typical > 0 else 0


def _given(objective: Objective, answered: Sequence[Row], begin: float, seconds: float) -> float:
    """Tokens or complete answers a second in one part."""
    if objective.unit == "requests/s":
        return sum(begin < row.end <= begin + seconds for row in answered) / seconds
    return sum((row.output_tokens or 0) * _within(row, begin, begin + seconds) for row in answered) / seconds


def _within(row: Row, begin: float, end: float) -> float:
    """The share of a request's tokens that came in this time, as if they came evenly from the first to the last."""
    first = row.start + (row.ttft or 0.0)
    if row.end <= first:
        return float(begin < row.end <= end)
    return max(0.0, min(row.end, end) - max(first, begin)) / (row.end - first)
