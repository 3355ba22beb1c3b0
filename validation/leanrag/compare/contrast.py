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
    limits = [_on_scale(margins.of(one.measure), one.measure) for one in found]
    usable = [_refused(one, limit, margins) for one, limit in zip(found, limits, strict=True)]
    worse = adjusted([1.0 if why else one.above(0.0) for one, why in zip(found, usable, strict=True)])
    better = adjusted([1.0 if why else one.below(0.0) for one, why in zip(found, usable, strict=True)])
    return tuple(
        _contrast(one, why, margins, worse[at], better[at], one.below(limits[at]))
        for at, (one, why) in enumerate(zip(found, usable, strict=True))
    )


def _on_scale(margin: float, measure: Measure) -> float:
    return margin if measure.kind == "difference" else math.log1p(margin)


def off_scale(value: float, measure: Measure) -> float:
    """Return a margin or a noise as people write it: 0.1 for ten per cent."""
    return value if measure.kind == "difference" else math.expm1(value)


def _refused(one: Evidence, limit: float, margins: Margins) -> str:
    if one.problem or one.noise is None:
        return one.problem
    if limit >= one.noise.least_margin:
        return ""
    least, easy = (off_scale(value, one.measure) for value in (one.noise.least_margin, one.noise.easy_margin))
    given = margins.of(one.measure)
    return (
        f"a margin of {given * 100:.3g} % is below twice the same-code noise ({least * 100:.3g} %); "
        f"the same code keeps {easy * 100:.3g} % nine times of ten: repeat more often, or widen it"
    )


def _contrast(one: Evidence, refused: str, margins: Margins, worse: float, better: float, within: float) -> Contrast:
    change, lower, upper = _natural(one)
    answer = _answer(refused, worse, better, within)
    reason = refused or _reason(answer, margins.of(one.measure), one.measure)
    return Contrast(one, answer, reason, margins.of(one.measure), change, lower, upper, worse, better, within)


def _answer(refused: str, worse: float, better: float, within: float) -> Answer:
    if refused:
        return Answer.UNDECIDED
    if within <= ALPHA:
        return Answer.BETTER if better <= ALPHA else Answer.INDISTINGUISHABLE
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
