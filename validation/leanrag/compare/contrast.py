"""From evidence to answers.

"Not worse than the margin" is asked of every figure and needs no correction, since all must hold (intersection-union).
"Worse" and "better" are claims of any one of them, so those p-values are Holm's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.compare.answer import Answer
from leanrag.compare.evidence import ALPHA, Evidence
from leanrag.compare.holm import adjusted
from leanrag.compare.measures import Measure


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse still counts as not worse: a share of the ratio, and a difference of shares."""

    ratio: float = 0.1
    share: float = 0.02

    def of(self, measure: Measure) -> float:
        """Return the margin of a measure, as given."""
        return self.share if measure.kind == "difference" else self.ratio


@dataclass(frozen=True, slots=True)
class Contrast:
    """A decided figure; `change` with its bounds is the ratio candidate / baseline, or the difference of shares."""

    evidence: Evidence
    answer: Answer
    reason: str
    margin: float
    change: float | None
    lower: float | None
    upper: float | None
    worse: float
    better: float
    within: float


def decide(found: Sequence[Evidence], margins: Margins) -> tuple[Contrast, ...]:
    """Return every figure with its answer; the family of Holm's correction is all of them."""
    worse = adjusted([one.above(0.0) for one in found])
    better = adjusted([one.below(0.0) for one in found])
    return tuple(_contrast(one, margins, worse[at], better[at]) for at, one in enumerate(found))


def _on_scale(margin: float, measure: Measure) -> float:
    return margin if measure.kind == "difference" else math.log1p(margin)


def off_scale(value: float, measure: Measure) -> float:
    """Return a margin or a noise as people write it: 0.1 for ten per cent."""
    return value if measure.kind == "difference" else math.expm1(value)


def _contrast(one: Evidence, margins: Margins, worse: float, better: float) -> Contrast:
    margin = margins.of(one.measure)
    limit = _on_scale(margin, one.measure)
    refused = _refused(one, limit, margin)
    # A margin that same-code noise fills is no margin; that something is worse can be shown all the same.
    within = 1.0 if refused else one.below(limit)
    answer = _answer(worse, better, within)
    reason = refused if refused and answer is Answer.UNDECIDED else _reason(answer, margin, one.measure)
    return Contrast(one, answer, reason, margin, *_natural(one), worse, better, within)


def _refused(one: Evidence, limit: float, margin: float) -> str:
    if one.problem or one.noise is None:
        return one.problem
    if limit >= one.noise.least_margin:
        return ""
    least, easy = (off_scale(value, one.measure) for value in (one.noise.least_margin, one.noise.easy_margin))
    return (
        f"a margin of {margin * 100:.3g} % is below twice the same-code noise ({least * 100:.3g} %): repeat more "
        f"often, or allow {easy * 100:.3g} %, which the same code keeps nine times of ten"
    )


def _answer(worse: float, better: float, within: float) -> Answer:
    if better <= ALPHA:
        return Answer.BETTER
    if within <= ALPHA:
        return Answer.INDISTINGUISHABLE
    return Answer.WORSE if worse <= ALPHA else Answer.UNDECIDED


def _reason(answer: Answer, margin: float, measure: Measure) -> str:
    allowed = f"{margin * 100:.3g} {'percentage points' if measure.kind == 'difference' else '%'}"
    return {
        Answer.BETTER: "better beyond chance",
        Answer.INDISTINGUISHABLE: f"not worse by more than {allowed}",
        Answer.WORSE: f"worse beyond chance, and not shown to be within {allowed}",
    }.get(answer, f"neither shown to be worse, nor within {allowed}: repeat more often, or send more requests")


def _natural(one: Evidence) -> tuple[float | None, float | None, float | None]:
    """Turn harm and its bounds into what people read: a ratio, or a difference of what is shown."""
    if one.within is None:
        return None, None, None
    low, high = one.bounds()
    flip = one.measure.more_is_better
    ends = (-high, -low) if flip else (low, high)
    found = (-one.harm if flip else one.harm, *ends)
    scaled = found if one.measure.kind == "difference" else tuple(math.exp(min(value, 700.0)) for value in found)
    change, lower, upper = (value if math.isfinite(value) else None for value in scaled)
    return change, lower, upper
