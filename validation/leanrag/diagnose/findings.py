"""From what slow requests have in common to findings: causes that add up, how sure that is, all symptoms together."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leanrag.core.outcome import Outcome
from leanrag.diagnose import evidence
from leanrag.diagnose.change import change
from leanrag.diagnose.explain import Case, Means, Sums, explain, named
from leanrag.diagnose.model import CAUSES, Cause, Diagnosis, Finding, Symptom
from leanrag.diagnose.slow import Portrait

RESAMPLES = 200
SEED = 7


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one symptom; `unasked` says of a cause why nobody could tell."""

    findings: tuple[Finding, ...] = ()
    unasked: Mapping[Cause, str] = field(default_factory=dict)


def explained(case: Case, seen: Sequence[Portrait]) -> Found:
    """Return the causes of one symptom by all requests that have its figure, in the order of their start."""
    sums = Sums(seen)
    means = sums.means([(0, sums.count)])
    if means is None or means.value <= case.symptom.limit:
        return Found(unasked=evidence.unasked(case, means) if means else {})
    kept, sure = named(case, explain(case, means), means), _confidence(case, sums)
    findings = tuple(_finding(cause, seconds, case, means, sure[cause]) for cause, seconds in kept.items())
    return Found(findings, evidence.unasked(case, means))


def _finding(cause: Cause, seconds: float, case: Case, means: Means, sure: float) -> Finding:
    excess = means.value - case.symptom.limit
    facts, then = evidence.facts(cause, case, means), change(cause, case, means)
    return Finding(cause, case.symptom, seconds, seconds / excess, sure, facts, then)


def _confidence(case: Case, sums: Sums) -> dict[Cause, float]:
    """Return for each cause the share of resamples that name it; blocks keep neighbours together, which are alike."""
    draw, length = random.Random(SEED), max(1, round(sums.count ** (1 / 3)))
    counts: dict[Cause, int] = dict.fromkeys(CAUSES, 0)
    for _ in range(RESAMPLES):
        firsts = draw.choices(range(sums.count - length + 1), k=math.ceil(sums.count / length))
        means = sums.means([(first, first + length) for first in firsts])
        for cause in named(case, explain(case, means), means) if means else ():
            counts[cause] += 1
    return {cause: count / RESAMPLES for cause, count in counts.items()}


def together(symptoms: tuple[Symptom, ...], answers: Sequence[Found]) -> Diagnosis:
    """Join the answers to all symptoms: each cause once, where it explains most; ordered by how much it explains."""
    best: dict[Cause, Finding] = {}
    for each in (finding for answer in answers for finding in answer.findings):
        if each.cause not in best or _weight(each) > _weight(best[each.cause]):
            best[each.cause] = each
    findings = tuple(sorted(best.values(), key=_weight, reverse=True))
    missing: dict[Cause, str] = {}
    for answer in answers:
        missing |= {cause: why for cause, why in answer.unasked.items() if cause not in best}
    if findings:
        return Diagnosis(Outcome.FAIL, _first(findings[0]), symptoms, findings, missing)
    worst = max(symptoms, key=lambda each: each.broken / each.n)
    why = "requests failed, they were not slow" if not worst.slow else "no cause explains half of it"
    return Diagnosis(Outcome.INCONCLUSIVE, f"{worst.sentence}; {why}", symptoms, (), missing)


def _weight(found: Finding) -> float:
    """Seconds over the limit of its promise: what mends most, in terms of what was promised, comes first."""
    return min(found.share, 1.0) * found.symptom.excess / found.symptom.limit if found.symptom.limit else found.share


def _first(found: Finding) -> str:
    return f"{found.cause}: {found.symptom.sentence}; next: {found.change.key} {found.change.then}"
