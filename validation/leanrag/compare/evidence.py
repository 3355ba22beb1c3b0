"""One figure of two sides as two witnesses see it: the requests within the runs, and the runs among themselves.

The first is a block bootstrap (for shares Newcombe's interval), the second same-code noise with Student's t. Of the two
p-values the weaker counts, so either alone keeps the error rate. Pure: the seed is given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.compare.bootstrap import DRAWS, Drawn, log_ratio, resamples
from leanrag.compare.measures import Measure
from leanrag.compare.noise import Noise, noise
from leanrag.compare.sample import Sample
from leanrag.compare.serial import Serial, serial
from leanrag.compare.shares import Difference, Share

ALPHA = 0.05
# Fewer blocks than this say nothing of the blocks that another run would have.
LEAST_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class Evidence:
    """Harm of one figure: log ratio or difference, positive is worse. `problem` says why it can decide nothing.

    `sides` are both figures as measured, `serials` the correlation of every run, `requests` those of each side.
    """

    measure: Measure
    stage: str
    sides: tuple[float | None, float | None]
    requests: tuple[int, int]
    serials: tuple[Serial, ...] = ()
    harm: float = math.nan
    within: Drawn | Difference | None = None
    noise: Noise | None = None
    problem: str = ""

    def above(self, limit: float) -> float:
        """Return the p-value of "harm is above the limit"; 1 when it can decide nothing."""
        if self.problem or self.within is None or self.noise is None:
            return 1.0
        return max(self.within.above(limit), self.noise.above(self.harm - limit))

    def below(self, limit: float) -> float:
        """Return the p-value of "harm is below the limit"."""
        if self.problem or self.within is None or self.noise is None:
            return 1.0
        return max(self.within.below(limit), self.noise.above(limit - self.harm))

    def bounds(self) -> tuple[float, float]:
        """Return harm's bounds, each at 95 %: the wider of both witnesses."""
        if self.within is None:
            return -math.inf, math.inf
        low, high = self.within.bounds(ALPHA)
        half = self.noise.half(ALPHA) if self.noise else 0.0
        return min(low, self.harm - half), max(high, self.harm + half)


Sides = tuple[Sequence[Sample], Sequence[Sample]]


def evidence(
    measure: Measure, stage: str, sides: Sides, same_code: Sequence[Sample], seed: int, draws: int = DRAWS
) -> Evidence:
    """Return what the runs of both sides, and runs of the same code, say about one figure at one load."""
    series = tuple([measure.series(one) for one in side] for side in sides)
    counts = (sum(map(len, series[0])), sum(map(len, series[1])))
    if not all(all(runs) and runs for runs in series):
        problem = f"too few answers carry {measure.metric}" if measure.percentile else "no request to judge it by"
        return Evidence(measure, stage, (None, None), counts, problem=problem)
    pooled = tuple(measure.statistic([value for run in runs for value in run]) for runs in series)
    serials = tuple(tuple(serial(measure.ordered(one)) for one in side) for side in sides)
    known = noise(_groups(measure, sides, same_code), len(sides[0]), len(sides[1]))
    harm, within = _harm(measure, series, pooled, serials, seed, draws)
    return Evidence(
        measure,
        stage,
        (measure.shown(pooled[0]), measure.shown(pooled[1])),
        counts,
        (*serials[0], *serials[1]),
        harm,
        within,
        known,
        _problem(measure, series, serials, known, harm),
    )


def _groups(measure: Measure, sides: Sides, same_code: Sequence[Sample]) -> list[list[float]]:
    """One figure a run, on the measure's scale; runs of the same code no longer than the runs that are compared."""
    longest = max(len(one.rows) for side in sides for one in side)
    cut = [Sample(one.stage, one.rows[:longest]) for one in same_code]
    groups = ([measure.series(one) for one in group] for group in (*sides, cut))
    return [[measure.scale(measure.statistic(run)) if run else math.nan for run in group] for group in groups]


def _harm(
    measure: Measure,
    series: Sequence[Sequence[Sequence[object]]],
    pooled: Sequence[float],
    serials: Sequence[Sequence[Serial]],
    seed: int,
    draws: int,
) -> tuple[float, Drawn | Difference]:
    if measure.kind == "difference":
        left, right = (_share(runs, found) for runs, found in zip(series[::-1], serials[::-1], strict=True))
        return pooled[1] - pooled[0], Difference(left, right)
    sign = -1 if measure.more_is_better else 1
    drawn = [
        resamples(runs, [one.block for one in found], measure.statistic, seed + index, draws)
        for index, (runs, found) in enumerate(zip(series, serials, strict=True))
    ]
    harms = [sign * log_ratio(new, base) for base, new in zip(*drawn, strict=True)]
    return sign * log_ratio(pooled[1], pooled[0]), Drawn.of(harms)


def _share(runs: Sequence[Sequence[object]], found: Sequence[Serial]) -> Share:
    weights = [1 / one.tau for one in found]
    hits = sum(weight * sum(map(bool, run)) for weight, run in zip(weights, runs, strict=True))
    return Share(hits, sum(weight * len(run) for weight, run in zip(weights, runs, strict=True)))


def _problem(
    measure: Measure,
    series: Sequence[Sequence[Sequence[object]]],
    serials: Sequence[Sequence[Serial]],
    known: Noise | None,
    harm: float,
) -> str:
    for name, runs, found in zip(("the baseline", "the candidate"), series, serials, strict=True):
        count = sum(map(len, runs))
        if count < measure.least():
            return f"{measure.name} needs {measure.least()} requests a side, {name} has {count}"
        blocks = sum(len(run) / one.block for run, one in zip(runs, found, strict=True))
        if measure.kind == "ratio" and blocks < LEAST_BLOCKS:
            return f"requests of {name} are alike over {found[0].block} in a row: {blocks:.0f} independent blocks"
    if not math.isfinite(harm):
        return "more requests failed than the percentile leaves room for"
    return "" if known else "how much the same code differs from itself is not measured"
