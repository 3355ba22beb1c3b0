"""A whole `slo:` block decided on the way: one sequential test an objective, asked in the order of the requests."""

import math
from collections.abc import Mapping, Sequence

from leanrag.core.outcome import Outcome
from leanrag.slo.alpha import Levels, levels
from leanrag.slo.binomial import lower_bound, upper_bound
from leanrag.slo.correlation import guarded
from leanrag.slo.decide import ObjectiveResult, percent, unbelievable
from leanrag.slo.lines import Boundaries
from leanrag.slo.objectives import Metric, Objective, Slo
from leanrag.slo.plan import plan
from leanrag.slo.walk import Walk


def courses(slo: Slo) -> Mapping[Metric, Boundaries]:
    """Return the tests that look on the way: those of the objectives with a zone, where the block asks for it.

    The extension is counted from the start: the looks in it are looks of the same test, over all requests pooled.
    """
    if slo.decision == "exact":
        return {}
    return {one.objective.metric: one.boundaries for one in plan(slo) if one.kind == "sequential"}


def errors(objective: Objective, slo: Slo) -> Levels:
    """Return what a decision that looks at the end may err by; a declared extension is a second look: half each."""
    shared = levels(objective.confidence, len(slo.objectives), slo.share_alpha)
    looks = 2 if slo.extension else 1
    return Levels(shared.false_pass / looks, shared.false_block / looks)


def settle(
    objective: Objective,
    test: Boundaries,
    outcomes: Sequence[bool | None],
    values: Sequence[float | None],
    estimate: float | None,
) -> ObjectiveResult:
    """Decide one promise by its test; `outcomes` say of each request, in the order of sending, whether it broke it.

    `values` are its latencies in the same order, by which it is told how far requests hang together (only their ranks
    count); `estimate` is the percentile or share seen.

    The bounds of the result are what the test proves: after PASS that fewer than `bad` break the promise, after FAIL
    that more than `good` do. Without a decision they are those of a run of this length that looked once.
    """
    found = guarded(test, outcomes, values)
    problem = unbelievable(objective, estimate) if found.decision is Outcome.PASS else ""
    outcome = Outcome.INCONCLUSIVE if problem else found.decision
    used = outcomes[: found.n]
    violations, untold = sum(one is True for one in used), sum(one is None for one in used)
    lower, upper = _bounds(test, found, violations, violations + untold, objective.confidence)
    return ObjectiveResult(
        objective=objective,
        n=found.n,
        required=next((n for n, most in enumerate(test.pass_at) if violations + untold <= most), None),
        violations=violations,
        estimate=estimate if estimate is not None and math.isfinite(estimate) else None,
        lower=lower,
        upper=upper,
        outcome=outcome,
        reason=f"{objective.sentence}: {problem or _because(objective, test, found)}",
    )


def _bounds(test: Boundaries, found: Walk, seen: int, against: int, confidence: float) -> tuple[float, float]:
    if found.decision is Outcome.PASS:
        return 0.0, test.zone.bad
    if found.decision is Outcome.FAIL:
        return test.zone.good, 1.0
    if not found.n:
        return 0.0, 1.0
    return lower_bound(seen, found.n, confidence), upper_bound(against, found.n, confidence)


def _because(objective: Objective, test: Boundaries, found: Walk) -> str:
    if found.decision is Outcome.PASS:
        return f"{found.why}; where {percent(test.zone.bad)} break it, at most {percent(test.alpha)} of runs pass"
    if found.decision is Outcome.FAIL:
        return f"{found.why}; where {percent(test.zone.good)} break it, at most {percent(test.beta)} of runs fail"
    return f"{found.why}; {f'up to {found.more} more may decide' if found.more else 'no request more may be sent'}"
