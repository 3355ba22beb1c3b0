"""Same content, same verdict: repeat a measurement instead of taking it again. Pure.

It holds for FAIL as for PASS, so an empty commit cannot re-roll a failure. Whoever wants new numbers asks for them:
nightly and manual runs always measure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from leanrag.core.outcome import Outcome, worst
from leanrag.core.result import Item, StepResult
from leanrag.evidence.claims import Claims
from leanrag.evidence.effective import CLOCK_SKEW, span
from leanrag.evidence.store import Record
from leanrag.gate.decide import REQUIRED
from leanrag.gate.verdict import Verdict

CARRIED = ("smoke", "load", "judge")


@dataclass(frozen=True, slots=True)
class Carried:
    """A measurement that still speaks: `id` and `measured_at` of the run that took it, and its steps by name.

    The results' facts hold objectives, distributions and evidence, as the steps themselves would have reported them.
    """

    id: str
    measured_at: str
    outcome: Outcome
    reason: str
    results: Mapping[str, StepResult]


@dataclass(frozen=True, slots=True)
class Measure:
    """Nothing can be carried; `why` in one clause."""

    why: str


def carry(
    records: Iterable[Record],
    *,
    cluster: str,
    content_hash: str | None,
    fingerprint: str | None,
    mode: str,
    trigger: str,
    now: datetime,
    max_age: timedelta,
) -> Carried | Measure:
    """Return the measurement of equal content that still speaks here, or why the gate must measure.

    `records` are all verdicts of the gate's namespace, of any commit. The newest answer about this content in this
    mode decides; when it is too old or was given by something else than what runs now, there is nothing to carry. Only
    signed records count: what anybody could have written is not repeated under our signature.
    """
    if trigger != "postsync":
        return Measure(f"a {trigger} run always measures")
    if content_hash is None or fingerprint is None:
        return Measure("the content, or what is running, is not known whole")
    same = [
        (claims.measured, claims.outcome == "FAIL", claims, record)
        for record in records
        if (claims := record.claims) and claims.decisive and claims.content_hash == content_hash
        if (claims.cluster, claims.scope, claims.mode) == (cluster, "cluster", mode)
    ]
    if not same:
        return Measure("no signed answer about this content in this mode")
    *_, claims, record = max(same, key=lambda each: each[:2])
    if why := _unfit(claims, fingerprint, now, max_age):
        return Measure(f"{record.name}: {why}")
    return _repeated(record, claims)


def _unfit(claims: Claims, fingerprint: str, now: datetime, max_age: timedelta) -> str:
    if claims.fingerprint != fingerprint:
        return "something else was running than now"
    if claims.measured > now + CLOCK_SKEW:
        return f"it measured in the future: {claims.measured_at}"
    if (age := now - claims.measured) > max_age:
        return f"it measured {span(age)} ago, at most {span(max_age)} are allowed"
    return ""


def _repeated(record: Record, claims: Claims) -> Carried | Measure:
    """Copy the measured steps, if it was they that decided: a FAIL of what is live now must be looked at anew."""
    document = record.verdict or {}
    origin = claims.carried_from or claims.id
    try:
        results = {step.name: step for step in _steps(document, origin)}
        answer = _answer(results, document, claims.mode)
    except (KeyError, TypeError, ValueError):
        return Measure(f"{record.name}: its document is not of this version")
    if answer != claims.outcome:
        return Measure(f"{record.name}: its {claims.outcome} does not come from what was measured")
    reason = f"carried from {origin}, measured at {claims.measured_at}: the same content, and the same is running"
    return Carried(origin, claims.measured_at, Outcome(claims.outcome), reason, results)


def _answer(results: Mapping[str, StepResult], document: Mapping[str, Any], mode: str) -> Outcome:
    """Return what the measured parts alone say; a required step that was not run keeps them from PASS."""
    needed = (results[name].outcome for name in CARRIED if name in REQUIRED[mode])
    judged = (Outcome(part["outcome"]) for kind in ("objectives", "evidence") for part in document[kind])
    return worst((*needed, *(outcome for outcome in judged if outcome is not Outcome.NOT_RUN)))


def _steps(document: Mapping[str, Any], origin: str) -> Iterable[StepResult]:
    by_name = {step["name"]: step for step in document["steps"]}
    parts = {kind: list(document[kind]) for kind in ("objectives", "distributions", "evidence")}
    parts["diagnoses"] = list(document.get("diagnoses", ()))
    for name in CARRIED:
        if name in by_name:
            step = _step(by_name[name], origin)
            yield replace(step, facts={**step.facts, **parts}) if name == "judge" else step


def _step(entry: Mapping[str, Any], origin: str) -> StepResult:
    outcome, reason = Outcome(entry["outcome"]), str(entry["reason"])
    if outcome is not Outcome.NOT_RUN and not reason.startswith("carried from "):
        reason = f"carried from {origin}: {reason}"
    items = tuple(
        Item(i["name"], Outcome(i["outcome"]), i["reason"], i["proves"], 0.0, i["facts"]) for i in entry["items"]
    )
    return StepResult(entry["name"], outcome, reason, 0.0, items, entry["facts"])


def carried(verdict: Verdict, source: Carried) -> Verdict:
    """Return a verdict whose measured steps are copies, saying so."""
    return replace(verdict, carried_from=source.id, measured_at=source.measured_at)
