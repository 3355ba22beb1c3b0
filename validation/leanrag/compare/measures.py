"""What is compared: each figure as a series that can be resampled, and the statistic of it. Harm is always positive."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from leanrag.compare.bootstrap import quantile
from leanrag.compare.sample import Sample, failures, latencies, rate, work
from leanrag.load.observe import figure
from leanrag.load.report import Row
from leanrag.slo.objectives import REQUEST_LATENCIES, Metric, Objective, Slo

Kind = Literal["ratio", "difference"]
# Of every answer; others are compared when an `slo:` block promises them.
USUAL: tuple[Metric, ...] = ("ttft", "itl", "e2e")
PERCENTILE = 95.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `kind` ratio: sides are divided (latencies, throughput); difference: they are subtracted (shares).

    `limits` are goodput's latencies; `percentile` is a latency's.
    """

    metric: Metric
    percentile: float | None = None
    limits: tuple[Objective, ...] = ()

    @property
    def kind(self) -> Kind:
        """How the sides are held against each other."""
        return "difference" if self.metric in ("errorRate", "goodput") else "ratio"

    @property
    def name(self) -> str:
        """'ttft p95', 'throughput'."""
        return self.metric if self.percentile is None else f"{self.metric} p{self.percentile:g}"

    @property
    def more_is_better(self) -> bool:
        """Whether a higher figure is the better one."""
        return self.metric in ("throughput", "goodput")

    def series(self, found: Sample) -> tuple[Any, ...]:
        """Return what is resampled, in order; of shares: whether each request broke it. Empty: no figure."""
        if self.metric == "throughput":
            return work(found)
        if self.metric == "errorRate":
            return failures(found)
        if self.metric == "goodput":
            return tuple(_missed(row, self.limits) for row in found.rows)
        return latencies(found, self.metric)

    def ordered(self, found: Sample) -> tuple[float, ...]:
        """Return the series whose neighbours are held against each other."""
        return tuple(pair[1] if isinstance(pair, tuple) else float(pair) for pair in self.series(found))

    def statistic(self, values: Sequence[Any]) -> float:
        """Return the figure of a series: seconds, tokens a second, or the share that broke it."""
        if self.metric == "throughput":
            return rate(values)
        if self.kind == "difference":
            return float(sum(values) / len(values))
        return quantile(values, (self.percentile or 50.0) / 100)

    def scale(self, value: float) -> float:
        """Return a statistic on the scale on which runs are alike: the logarithm of what is divided."""
        return value if self.kind == "difference" else math.log(value) if value > 0 else math.nan

    def shown(self, value: float) -> float:
        """Return the figure as people read it: goodput is the share that did not miss."""
        return 1 - value if self.metric == "goodput" else value

    def least(self) -> int:
        """Return the fewest requests of a side: below, its percentile is one of a handful of values."""
        return 1 if self.percentile is None else math.ceil(BEYOND / (1 - self.percentile / 100) - 1e-9)


# So many requests of a side must lie beyond a percentile. Measured: with five the bootstrap alone errs in < 5 %.
BEYOND = 5


def _missed(row: Row, limits: Sequence[Objective]) -> bool:
    seen = (figure(row, one.metric) for one in limits)
    late = any(value is None or value > one.limit_seconds for value, one in zip(seen, limits, strict=True))
    return row.status != "successful" or late


def measures(slo: Slo | None, closed: bool) -> tuple[Measure, ...]:
    """Return what is compared at one load: the promised latencies or the usual ones, and what goes with every load.

    Throughput only where a closed loop sends as fast as it is answered: an open loop gets what it asked for.
    """
    promised = tuple(one for one in slo.objectives if one.metric in REQUEST_LATENCIES) if slo else ()
    found = [Measure(one.metric, one.percentile) for one in promised] or [Measure(one, PERCENTILE) for one in USUAL]
    if promised:
        found.append(Measure("goodput", limits=promised))
    if closed:
        found.append(Measure("throughput"))
    return (*found, Measure("errorRate"))
