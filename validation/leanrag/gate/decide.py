"""From results to one outcome and one sentence. Pure: no clock, no network, no files."""

from collections.abc import Iterable, Sequence

from leanrag.core.outcome import Outcome, worst
from leanrag.core.result import StepResult
from leanrag.gate.verdict import Cause, Evidence, Objective

STEPS = ("converge", "check", "smoke", "load", "judge", "verdict")

# What must be PASS for the whole to be PASS. "smoke" protects users of a production cluster from synthetic load.
REQUIRED = {
    "full": ("check", "smoke", "load", "judge", "verdict"),
    "smoke": ("check", "smoke", "verdict"),
    "observe": ("check", "smoke", "load", "judge", "verdict"),
}
_NAMES = {
    "ttft": "TTFT",
    "itl": "ITL",
    "tpot": "TPOT",
    "e2e": "end-to-end",
    "queue": "queue time",
    "errorRate": "error rate",
}
_BROKE = {
    "errorRate": ("ended in an error", "may"),
    "availability": ("were not answered completely", "may be"),
    "goodput": ("failed or broke a latency", "may"),
}


def required_steps(scope: str, mode: str) -> tuple[str, ...]:
    """Return the steps whose PASS a verdict of this scope and mode needs, in the order they run."""
    return ("converge", *REQUIRED[mode]) if scope == "cluster" else REQUIRED[mode]


def label(metric: str, percentile: float | None) -> str:
    """Return what people call an objective: `TTFT p95`, `error rate`."""
    known = _NAMES.get(metric, metric)
    return known if percentile is None else f"{known} p{percentile:g}"


def sentence(objective: Objective) -> str:
    """Return why an objective was decided so, in one line of numbers; what cannot be put so keeps the judge's words."""
    o = objective
    if o.violations is None or o.allowed is None or o.limit is None or not o.n or o.metric == "throughput":
        return o.reason
    slow = (f"slower than {o.limit:,g} {o.unit}", "may be")
    did, may = _BROKE.get(o.metric, slow)
    seen = f"{o.violations} of {o.n} requests {did}"
    if o.outcome is Outcome.FAIL:
        return f"{seen}; at most {o.allowed * 100:.3g} % {may}"
    if o.outcome is Outcome.INCONCLUSIVE and o.required and o.n < o.required:
        return f"{seen}; a PASS needs {o.required} requests with no more than that"
    return o.reason


def overall(
    steps: Sequence[StepResult], objectives: Sequence[Objective], evidence: Sequence[Evidence], required: Iterable[str]
) -> Outcome:
    """Return the worst of what is required; a required step that is absent or was not run is INCONCLUSIVE.

    An objective or evidence check that is NOT_RUN does not apply (say, an embedding model's) and counts for nothing:
    `complete` has turned the required ones among them into INCONCLUSIVE before.
    """
    by_name = {step.name: step.outcome for step in steps}
    parts = [_counts_as(by_name.get(name, Outcome.NOT_RUN)) for name in required]
    judged = [part.outcome for part in objectives] + [check.outcome for check in evidence]
    parts += [outcome for outcome in judged if outcome is not Outcome.NOT_RUN]
    return worst(parts) if parts else Outcome.INCONCLUSIVE


def reason(
    outcome: Outcome,
    steps: Sequence[StepResult],
    objectives: Sequence[Objective],
    evidence: Sequence[Evidence],
    required: Iterable[str],
    diagnoses: Sequence[Cause] = (),
) -> str:
    """Return one sentence that names the first cause of the outcome, with its number, and the value to change next."""
    if outcome is Outcome.PASS:
        return _passed(objectives)
    by_name = {step.name: step for step in steps}
    for name in required:
        step = by_name.get(name)
        if step is None:
            if outcome is Outcome.INCONCLUSIVE:
                return f"{name}: the step is required and has no result"
        elif _counts_as(step.outcome) is outcome:
            # Without a proof the next value may be right as it is; the verdict's `diagnoses` say it all the same.
            broke = {each.model for each in objectives if each.outcome is Outcome.FAIL}
            then = advice([each for each in diagnoses if each.model in broke]) if name == "judge" else ""
            return _cause(step, outcome, objectives, evidence) + then
    return _part_reason(outcome, objectives, evidence) or f"nothing that was required ended {outcome}"


def _counts_as(outcome: Outcome) -> Outcome:
    return Outcome.INCONCLUSIVE if outcome is Outcome.NOT_RUN else outcome


def _passed(objectives: Sequence[Objective]) -> str:
    if not objectives:
        return "Every required step passed."
    confidence = min((o.confidence for o in objectives if o.confidence is not None), default=None)
    with_confidence = "" if confidence is None else f" with {confidence * 100:g} % confidence"
    number = "The objective is" if len(objectives) == 1 else f"All {len(objectives)} objectives are"
    return f"{number} met{with_confidence}{_closest(objectives)}."


def _closest(objectives: Sequence[Objective]) -> str:
    """Name the latency nearest to its limit: the first to look at when the next commit fails."""
    used = [
        (o.estimate / o.limit, f"{label(o.metric, o.percentile)}, {o.estimate:,.4g} of {o.limit:,g} {o.unit}")
        for o in objectives
        if o.percentile is not None and o.estimate and o.limit
    ]
    return f"; the closest is {max(used)[1]}" if used else ""


def _cause(step: StepResult, outcome: Outcome, objectives: Sequence[Objective], evidence: Sequence[Evidence]) -> str:
    if step.name == "judge" and (found := _part_reason(outcome, objectives, evidence)):
        return found
    first = next((item for item in step.items if item.outcome is outcome), None)
    if first is None:
        return f"{step.name}: {step.reason or step.outcome}"
    others = sum(item.outcome is outcome for item in step.items) - 1
    return f"{step.name}: {_named(first.name, first.reason)}" + (f" (and {others} more)" if others else "")


def advice(diagnoses: Sequence[Cause]) -> str:
    """Return `; KV-cache wall: change capacity.replicas from 1 to 2`, empty without a known cause."""
    known = next((each for each in diagnoses if each.change), None)
    if known is None or known.change is None:
        return ""
    return f"; {known.cause}: change {known.change.key} from {known.change.now} to {known.change.next}"


def _part_reason(outcome: Outcome, objectives: Sequence[Objective], evidence: Sequence[Evidence]) -> str:
    """Return the first objective or evidence check with this outcome; evidence first, for it decides what n means."""
    for check in evidence:
        if check.outcome is outcome:
            return _named(check.name, check.reason)
    several = len({objective.model for objective in objectives}) > 1
    for objective in objectives:
        if objective.outcome is outcome:
            text = _named(label(objective.metric, objective.percentile), sentence(objective))
            return f"{objective.model}: {text}" if several else text
    return ""


def _named(name: str, sentence: str) -> str:
    return sentence if sentence.lower().startswith(name.lower()) else f"{name}: {sentence}"
