"""Make a verdict fit into a ConfigMap: what explains goes first, what decides never. Pure."""

from collections.abc import Callable
from dataclasses import replace

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item, StepResult
from leanrag.evidence.store import MAX_VERDICT
from leanrag.gate.verdict import Cause, Distribution, Skipped, Verdict

WHY = "left out, because a ConfigMap could not hold it; the whole document is in the report store"
MANY, LONG = 20, 1000


def thin(verdict: Verdict, limit: int = MAX_VERDICT) -> Verdict:
    """Return the verdict, its document at most `limit` bytes; what was left out is said under `skipped`.

    Points of the distributions go first, then facts of steps, then what a diagnosis rests on, then cases that passed,
    then all but the first twenty of a step. Outcomes, reasons, objectives and evidence checks always stay: InputError
    when they alone are too much.
    """
    if _fits(verdict, limit):
        return verdict
    lean = verdict
    for what, cut in _CUTS:
        lean = cut(lean)
        told = replace(lean, skipped=(*verdict.skipped, Skipped(what, WHY)))
        if _fits(told, limit):
            return told
    raise InputError(
        f"the verdict {verdict.id} has {_size(lean):,} bytes without its details, more than {limit:,}",
        hint="declare fewer models on one cluster; the document is in the report store",
    )


def _fits(verdict: Verdict, limit: int) -> bool:
    return _size(verdict) <= limit


def _size(verdict: Verdict) -> int:
    return len(verdict.text().encode())


def _points(most: int) -> Callable[[Verdict], Verdict]:
    def cut(verdict: Verdict) -> Verdict:
        return replace(verdict, distributions=tuple(_fewer(each, most) for each in verdict.distributions))

    return cut


def _fewer(distribution: Distribution, most: int) -> Distribution:
    """Keep the fastest, the slowest and points evenly between: they are quantiles, so the curve keeps its shape."""
    values = distribution.values
    if len(values) <= most:
        return distribution
    last = len(values) - 1
    return replace(distribution, values=tuple(values[round(at * last / (most - 1))] for at in range(most)))


def _steps(change: Callable[[StepResult], StepResult]) -> Callable[[Verdict], Verdict]:
    return lambda verdict: replace(verdict, steps=tuple(change(step) for step in verdict.steps))


def _no_facts(step: StepResult) -> StepResult:
    return replace(step, facts={}, items=tuple(replace(item, facts={}) for item in step.items))


def _named(verdict: Verdict) -> Verdict:
    return replace(verdict, diagnoses=tuple(_cause(each) for each in verdict.diagnoses))


def _cause(each: Cause) -> Cause:
    """Keep the cause and the value to change next; why so is in the report store."""
    change = each.change and replace(each.change, now=each.change.now[:LONG], next=each.change.next[:LONG], why="")
    symptom = each.symptom and each.symptom[:LONG]
    return replace(each, reason=each.reason[:LONG], symptom=symptom, evidence=(), change=change)


def _troubles(step: StepResult) -> StepResult:
    return replace(step, items=tuple(item for item in step.items if item.outcome is not Outcome.PASS))


def _first(step: StepResult) -> StepResult:
    return replace(step, items=tuple(_short(item) for item in step.items[:MANY]))


def _short(item: Item) -> Item:
    return replace(item, reason=item.reason[:LONG])


_CUTS: tuple[tuple[str, Callable[[Verdict], Verdict]], ...] = (
    ("points of the latency curves", _points(100)),
    ("most points of the latency curves", _points(20)),
    ("most points of the latency curves, figures of the steps", _steps(_no_facts)),
    ("most points of the latency curves, figures of the steps, evidence of the diagnoses", _named),
    (
        "most points of the latency curves, figures of the steps, evidence of the diagnoses, cases that passed",
        _steps(_troubles),
    ),
    ("most points of the latency curves, all but the first cases that did not pass", _steps(_first)),
)
