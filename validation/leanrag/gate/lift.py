"""Move what steps report for the whole verdict (objectives, distributions, …) from their facts to their places."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.core.shapes import items, mapping
from leanrag.gate.discover import Targets
from leanrag.gate.plain import to_json
from leanrag.gate.verdict import Cause, Change, Distribution, Evidence, Interval, Objective, Skipped

LISTS = {
    "objectives": "objective",
    "distributions": "distribution",
    "evidence": "evidence",
    "diagnoses": "diagnosis",
    "skipped": "skipped",
}
KEYS = (*LISTS, "tools", "reproduce")


@dataclass(frozen=True, slots=True)
class Lifted:
    """Everything that the steps reported for the verdict as a whole."""

    objectives: tuple[Objective, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    diagnoses: tuple[Cause, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    tools: Mapping[str, str] | None = None
    reproduce: tuple[str, ...] = ()


def check_facts(step: StepResult) -> StepResult:
    """Return the step, its facts plain JSON; parts that the verdict's schema refuses are an InputError."""
    facts = to_json(step.facts)
    assert isinstance(facts, dict)  # facts are a mapping
    for key, definition in LISTS.items():
        entries = facts.get(key, [])
        if not isinstance(entries, list):
            raise InputError(f"{step.name}: {key} is not a list")
        for index, entry in enumerate(entries):
            if problem := next(_validator(definition).iter_errors(entry), None):
                raise InputError(f"{step.name}: {key}[{index}]: {problem.json_path}: {problem.message[:200]}")
    return replace(step, facts=facts)


@lru_cache(maxsize=8)
def _validator(definition: str) -> Draft202012Validator:
    schema = json.loads(resources.files("leanrag.gate").joinpath("verdict.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"})


def bare(step: StepResult) -> StepResult:
    """Return the step without the facts that have a place of their own in the verdict."""
    return replace(step, facts={key: value for key, value in step.facts.items() if key not in KEYS})


def lift(steps: Iterable[StepResult]) -> Lifted:
    """Collect from all steps, in their order; every NOT_RUN item and step is something skipped, with its reason."""
    done = tuple(steps)
    return Lifted(
        objectives=tuple(objective_of(entry) for entry in _entries(done, "objectives")),
        distributions=tuple(
            Distribution(**{**entry, "values": tuple(entry["values"])}) for entry in _entries(done, "distributions")
        ),
        evidence=tuple(
            Evidence(entry["name"], Outcome(entry["outcome"]), entry["reason"]) for entry in _entries(done, "evidence")
        ),
        diagnoses=tuple(_cause(entry) for entry in _entries(done, "diagnoses")),
        skipped=tuple(_skipped(done)),
        tools={str(k): str(v) for step in done for k, v in mapping(step.facts.get("tools")).items()},
        reproduce=tuple(str(entry) for entry in _entries(done, "reproduce")),
    )


def _entries(steps: Sequence[StepResult], key: str) -> list[Any]:
    return [entry for step in steps for entry in items(step.facts.get(key))]


def objective_of(entry: Mapping[str, Any]) -> Objective:
    """Return an entry of a verdict's `objectives` as data."""
    bounds = entry["interval"]
    interval = Interval(bounds["lower"], bounds["upper"]) if bounds else None
    return Objective(**{**entry, "interval": interval, "outcome": Outcome(entry["outcome"])})


def _cause(entry: Mapping[str, Any]) -> Cause:
    change = Change(**entry["change"]) if entry["change"] else None
    return Cause(**{**entry, "evidence": tuple(entry["evidence"]), "change": change})


def _skipped(steps: Sequence[StepResult]) -> Iterable[Skipped]:
    for step in steps:
        left_out = {i.name: i.reason for i in step.items if i.outcome is Outcome.NOT_RUN}
        if step.outcome is Outcome.NOT_RUN:
            yield Skipped(step.name, step.reason or "no reason given")
        # A step may list its own skipped items once more.
        told = {e["what"]: e["why"] for e in items(step.facts.get("skipped")) if e["what"] not in left_out}
        checks = {e["name"]: e["reason"] for e in items(step.facts.get("evidence")) if e["outcome"] == Outcome.NOT_RUN}
        for what, why in {**left_out, **checks, **told}.items():
            yield Skipped(f"{step.name}: {what}", why or "no reason given")


def complete(objectives: Iterable[Objective], targets: Targets, why: str) -> tuple[Objective, ...]:
    """Make every objective that Git declares for a measured model present: an absent one is INCONCLUSIVE.

    `why` says what became of the numbers ("load: not run: …").
    """
    found = list(objectives)
    for model in targets.measured:
        names = {model.name, model.contract.release}
        for metric in model.objectives:
            at = next((i for i, o in enumerate(found) if o.metric == metric and o.model in names), None)
            if at is None:
                found.append(_absent(model.name, metric, (model.contract.slo or {})["objectives"][metric], why))
            elif found[at].outcome is Outcome.NOT_RUN:
                found[at] = replace(found[at], outcome=Outcome.INCONCLUSIVE)
    return tuple(found)


def _absent(model: str, metric: str, declared: object, why: str) -> Objective:
    written = declared if isinstance(declared, Mapping) else {}
    limit, percentile = written.get("limit"), written.get("percentile")
    return Objective(
        model=model,
        name=metric if percentile is None else f"{metric} p{percentile}",
        metric=metric,
        unit=str(written.get("unit") or "share"),
        percentile=percentile if isinstance(percentile, int | float) else None,
        limit=limit if isinstance(limit, int | float) else None,
        confidence=None,
        n=0,
        required=None,
        violations=None,
        estimate=None,
        allowed=None,
        interval=None,
        outcome=Outcome.INCONCLUSIVE,
        reason=f"no result: {why}",
    )
