"""What each request says about each promise: kept, broken, or nobody can tell."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leanrag.core.result import JSON
from leanrag.load.report import Row, Stage
from leanrag.slo.decide import Observation
from leanrag.slo.objectives import FLOORS, LATENCIES, REQUEST_LATENCIES, Metric, Objective, Traffic, Unit

MOST_POINTS = 400
# Latencies that every answer shows; others are plotted when they are promised.
SHOWN: tuple[Metric, ...] = ("ttft", "itl", "e2e")
_PLOT_UNITS: dict[Metric, Unit] = {"ttft": "ms", "itl": "ms", "e2e": "s"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """At most 400 quantile points of a latency, sorted, in `unit`; `limit` is the objective's, if there is one."""

    metric: Metric
    unit: Unit
    limit: float | None
    values: tuple[float, ...]

    def entry(self, model: str) -> dict[str, JSON]:
        """Return the entry of the verdict's `distributions`."""
        values: list[JSON] = list(self.values)
        return {"model": model, "metric": self.metric, "unit": self.unit, "limit": self.limit, "values": values}


def measured(stage: Stage, warmup: int) -> tuple[Row, ...]:
    """Return the requests that count: started inside the tool's window, and not among the first `warmup` sent."""
    return tuple(row for row in stage.rows[warmup:] if stage.start <= row.start <= stage.end)


def observe(
    objective: Objective, rows: Sequence[Row], traffic: Traffic, others: Sequence[Objective] = ()
) -> Observation:
    """Return what these requests say about one promise; `others` are all promises, among them goodput's latencies."""
    rows = ended(objective, rows)
    broken = outcomes(objective, rows, traffic, others)
    violations = sum(one is True for one in broken)
    return Observation(len(rows), violations, sum(one is None for one in broken), _estimate(objective, rows, broken))


def ended(objective: Objective, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the requests that a promise is about: one still running has no error yet; availability counts it."""
    return [row for row in rows if row.status != "incomplete"] if objective.metric == "errorRate" else rows


def outcomes(
    objective: Objective, rows: Sequence[Row], traffic: Traffic, others: Sequence[Objective] = ()
) -> tuple[bool | None, ...]:
    """Say of each request whether it broke the promise; None when nobody can tell."""
    if objective.metric != "goodput":
        return tuple(_broken(objective, row, traffic) for row in rows)
    parts = tuple(one for one in others if one.metric in REQUEST_LATENCIES)
    return tuple(_any(_broken(one, row, traffic) for one in parts) for row in rows)


def values(objective: Objective, rows: Sequence[Row], others: Sequence[Objective] = ()) -> tuple[float | None, ...]:
    """Return each request's latency in seconds, by whose order it is told how far requests hang together.

    Goodput's is the largest share of a limit that any of its latencies takes; errors and availability have none.
    """
    if objective.metric == "goodput":
        parts = tuple(one for one in others if one.metric in REQUEST_LATENCIES)
        return tuple(_tightest(row, parts) for row in rows)
    return tuple(figure(row, objective.metric) for row in rows)


def _tightest(row: Row, parts: Sequence[Objective]) -> float | None:
    seen = [value / one.limit_seconds for one in parts if (value := figure(row, one.metric)) is not None]
    return max(seen, default=None)


def _any(broken: Iterable[bool | None]) -> bool | None:
    """One broken promise is enough; without one, nobody can tell while one of them cannot be told, or there is none."""
    told = tuple(broken)
    return True if True in told else None if None in told or not told else False


def _broken(objective: Objective, row: Row, traffic: Traffic) -> bool | None:
    """Whether this request broke the promise; None when nobody can tell. A request that failed kept none."""
    if row.status == "errored" or objective.metric == "errorRate":
        return row.status == "errored"
    metric: Metric = "e2e" if objective.metric == "availability" else objective.metric
    limit = traffic.timeout_seconds if objective.metric == "availability" else objective.limit_seconds
    seen = figure(row, metric)
    if seen is not None:
        return seen > limit
    # Without its figure, a request that was given up has at least its age.
    return True if row.status == "incomplete" and metric in ("ttft", "e2e") and row.age > limit else None


def figure(row: Row, metric: Metric) -> float | None:
    """A latency in seconds; zero, negative and absent ones are no figure."""
    value = {"ttft": row.ttft, "itl": row.itl, "tpot": _tpot(row), "e2e": row.e2e}.get(metric)
    return value if value is not None and math.isfinite(value) and value > 0 else None


def _tpot(row: Row) -> float | None:
    """(e2e - ttft) / (output tokens - 1) in seconds, as vllm/benchmarks/serve.py has it."""
    if row.e2e is None or row.ttft is None or (row.output_tokens or 0) < 2:
        return None
    return (row.e2e - row.ttft) / ((row.output_tokens or 0) - 1)


def _estimate(objective: Objective, rows: Sequence[Row], broken: Sequence[bool | None]) -> float | None:
    told = [(row, one) for row, one in zip(rows, broken, strict=True) if one is not None]
    if not told:
        return None
    if objective.percentile is None:
        share = sum(one for _, one in told) / len(told)
        return 1 - share if objective.metric in FLOORS else share
    # A failed request never reached the figure: it stands above all others.
    values = sorted(
        value if (value := figure(row, objective.metric)) is not None and row.status != "errored" else math.inf
        for row, _ in told
    )
    seen = values[math.ceil(objective.percentile / 100 * len(values)) - 1]
    return objective.in_unit(seen) if math.isfinite(seen) else None


def distributions(rows: Iterable[Row], objectives: Sequence[Objective]) -> tuple[Distribution, ...]:
    """Return the plots' data: every latency that was seen, whether promised or not."""
    answered = [row for row in rows if row.status != "errored"]
    found = []
    for metric in LATENCIES:
        objective = next((one for one in objectives if one.metric == metric), None)
        if objective is None and metric not in SHOWN:
            continue
        unit = objective.unit if objective else _PLOT_UNITS[metric]
        scale = 1000 if unit == "ms" else 1
        values = sorted(value * scale for row in answered if (value := figure(row, metric)) is not None)
        if values:
            found.append(Distribution(metric, unit, objective.limit if objective else None, _points(values)))
    return tuple(found)


def _points(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) <= MOST_POINTS:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(index * last / (MOST_POINTS - 1))] for index in range(MOST_POINTS))
