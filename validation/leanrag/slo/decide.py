"""The exact three-way decision. PASS and FAIL are proofs at the stated confidence; everything else is INCONCLUSIVE."""

import math
from dataclasses import dataclass

from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON
from leanrag.slo.alpha import Levels
from leanrag.slo.binomial import lower_bound, proves_beyond, proves_within, required, required_at, upper_bound
from leanrag.slo.objectives import LATENCIES, Objective

_DID = {"errorRate": "did", "throughput": "equal parts of the run did not"}


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of one promise among `n` requests, or of throughput among `n` parts of the measured time.

    `undetermined` requests are those of which nobody can say whether they broke it (still running at the end, or
    without the figure): they count as violations against PASS and as none against FAIL, so they can only hold a
    decision back. `estimate` is the percentile seen, in the objective's unit, or the share seen; None when there is
    none.
    """

    n: int
    violations: int
    undetermined: int = 0
    estimate: float | None = None


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure a decision has to be, shares of 1."""

    to_pass: float
    to_fail: float

    @staticmethod
    def of(objective: Objective, errors: Levels | None) -> "Sure":
        """Return what these errors leave; the objective's confidence without any."""
        if errors is None:
            return Sure(objective.confidence, objective.confidence)
        return Sure(round(1.0 - errors.false_pass, 12), round(1.0 - errors.false_block, 12))


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """One promise decided. Shares are 0 to 1; `interval` is one-sided at `confidence` on either side.

    `required` is the number of requests that PASS needs with the violations seen; None when no number would do.
    """

    objective: Objective
    n: int
    required: int | None
    violations: int
    estimate: float | None
    lower: float
    upper: float
    outcome: Outcome
    reason: str

    def entry(self, model: str) -> dict[str, JSON]:
        """Return the entry of the verdict's `objectives`."""
        return {
            "model": model,
            "name": self.objective.name,
            "metric": self.objective.metric,
            "unit": self.objective.unit,
            "percentile": self.objective.percentile,
            "limit": self.objective.limit,
            "confidence": self.objective.confidence,
            "n": self.n,
            "required": self.required,
            "violations": self.violations,
            "estimate": self.estimate,
            "allowed": self.objective.allowed,
            "interval": {"lower": self.lower, "upper": self.upper},
            "outcome": self.outcome.value,
            "reason": self.reason,
        }


def decide(objective: Objective, seen: Observation, errors: Levels | None = None) -> ObjectiveResult:
    """Decide one promise; NaN, empty, zero, infinite and negative figures never pass.

    `errors` are what it may err by; by default 1 - confidence either way.
    """
    sure = Sure.of(objective, errors)
    if min(seen.n, seen.violations, seen.undetermined) < 0 or seen.violations + seen.undetermined > seen.n:
        return _result(objective, sure, Observation(0, 0), Outcome.INCONCLUSIVE, f"impossible counts: {seen}")
    if seen.n == 0:
        return _result(objective, sure, seen, Outcome.INCONCLUSIVE, "no request to judge it by")
    against = seen.violations + seen.undetermined
    if proves_beyond(seen.violations, seen.n, objective.allowed, sure.to_fail):
        # A few rich parts can carry the whole: then the promise about the whole is not broken.
        carried = objective.metric == "throughput" and (seen.estimate or 0.0) >= objective.limit
        problem = "most parts of the run miss it, the whole run does not" if carried else ""
        return _result(objective, sure, seen, Outcome.INCONCLUSIVE if carried else Outcome.FAIL, problem)
    if not proves_within(against, seen.n, objective.allowed, sure.to_pass):
        return _result(objective, sure, seen, Outcome.INCONCLUSIVE, "")
    if problem := unbelievable(objective, seen.estimate):
        return _result(objective, sure, seen, Outcome.INCONCLUSIVE, problem)
    return _result(objective, sure, seen, Outcome.PASS, "")


def unbelievable(objective: Objective, estimate: float | None) -> str:
    """Say why a figure cannot stand beside a PASS; empty when it can. A share needs none: its counts are checked."""
    if objective.metric not in (*LATENCIES, "throughput"):
        return ""
    if estimate is None or not math.isfinite(estimate) or estimate <= 0:
        return f"{estimate} is no {'latency' if objective.metric in LATENCIES else 'throughput'}"
    if objective.metric == "throughput" and estimate < objective.limit:
        return f"most parts of the run reach it, the whole run with {estimate:.4g} {objective.unit} does not"
    return ""


def _result(objective: Objective, sure: Sure, seen: Observation, outcome: Outcome, problem: str) -> ObjectiveResult:
    against, known = seen.violations + seen.undetermined, seen.n > 0
    lower = lower_bound(seen.violations, seen.n, sure.to_fail) if known else 0.0
    upper = upper_bound(against, seen.n, sure.to_pass) if known else 1.0
    return ObjectiveResult(
        objective=objective,
        n=seen.n,
        required=required(objective.allowed, sure.to_pass, against),
        violations=seen.violations,
        estimate=seen.estimate if seen.estimate is not None and math.isfinite(seen.estimate) else None,
        lower=lower,
        upper=upper,
        outcome=outcome,
        reason=f"{objective.sentence}: {problem or _because(objective, sure, seen, outcome, (lower, upper))}",
    )


def _because(objective: Objective, sure: Sure, seen: Observation, outcome: Outcome, bounds: tuple[float, float]) -> str:
    counts = f"{seen.violations} of {seen.n} {_DID.get(objective.metric, 'did not')}"
    if seen.undetermined:
        counts += f", {seen.undetermined} cannot be told"
    lower, upper = map(percent, bounds)
    allowed = f"{percent(objective.allowed)} allowed"
    if outcome is Outcome.PASS:
        return f"{counts}; at {sure.to_pass * 100:g} % confidence at most {upper} break it, {allowed}"
    if outcome is Outcome.FAIL:
        return f"{counts}; at {sure.to_fail * 100:g} % confidence at least {lower} break it, {allowed}"
    return f"{counts}; {lower} to {upper} break it, {allowed}; {_more_needed(objective, sure, seen)}"


def _more_needed(objective: Objective, sure: Sure, seen: Observation) -> str:
    """Say how many more requests a PASS needs: if none of them breaks the promise, and at the share seen."""
    if objective.metric == "throughput":
        return "only a longer run can tell"
    against = seen.violations + seen.undetermined
    best = required(objective.allowed, sure.to_pass, against)
    likely = required_at(against / seen.n, objective.allowed, sure.to_pass)
    if best is None or likely is None:
        return "at this share no number of requests would pass"
    return f"{best - seen.n} more needed if none breaks it, about {max(best, likely) - seen.n} at this share"


def percent(share: float) -> str:
    """Return a share for people: 0.0488 is '4.88 %'."""
    return f"{share * 100:.3g} %"
