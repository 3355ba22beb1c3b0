"""May this verdict move a pin? Pure: every reason why not, at once; no reason means yes.

The signature format (leanrag.evidence) and the schema file of the verdict are the contract with the gate. No code is
shared with it: a defect in the writer cannot hide itself from this reader.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from leanrag.catalog.model import ClusterFacts
from leanrag.evidence.claims import Claims
from leanrag.evidence.effective import objections
from leanrag.evidence.jws import Refusal
from leanrag.evidence.keys import Keys
from leanrag.evidence.store import Record
from leanrag.evidence.token import digest, verify
from leanrag.promote.freeze import duration

UNSIGNED = "unsigned: promotion needs a verdict that its cluster's gate signed"
# What a follower that `requires` a mode accepts: full measures more than smoke, and observe promises nothing.
ACCEPTED: Mapping[str | None, tuple[str, ...]] = {
    None: ("full", "smoke", "observe"),
    "smoke": ("full", "smoke"),
    "full": ("full",),
}
# What a PASS of a mode must have run, written once more: a gate that forgot a step is believed by nobody but itself.
_ALWAYS = ("converge", "check", "smoke", "verdict")
STEPS: Mapping[str, tuple[str, ...]] = {
    "full": (*_ALWAYS, "load", "judge"),
    "smoke": _ALWAYS,
    "observe": (*_ALWAYS, "load", "judge"),
}


@dataclass(frozen=True, slots=True)
class Sought:
    """Evidence that is wanted: of which cluster and commit, by whose keys, measured how, and how old at most.

    `keys` are the public keys that main names for `cluster`, `content_hash` is what it renders from at `revision`,
    `requires` the mode that the follower asks for; `now` is aware, the age counts from the measurement.
    """

    cluster: str
    keys: Keys | Iterable[str]
    revision: str
    content_hash: str
    requires: str | None
    now: datetime
    max_age: timedelta


def sought(leader: ClusterFacts, revision: str, content_hash: str, requires: str | None, now: datetime) -> Sought:
    """Return the evidence that moves a pin to a commit on which `leader` has been."""
    keys, oldest = leader.gate.publicKeys, duration(leader.gate.carryOver.maxAge)
    return Sought(leader.name, keys, revision, content_hash, requires, now, oldest)


def refusals(record: Record, wanted: Sought) -> tuple[str, ...]:
    """Return every reason why a record is not that evidence; an empty tuple is a yes."""
    if not record.token:
        return (UNSIGNED,)
    if record.problem or record.verdict is None:
        return (record.problem or "its document is missing",)
    return (*token_refusals(record.token, wanted), *_document_refusals(record))


def token_refusals(token: str, wanted: Sought) -> tuple[str, ...]:
    """Return the same by the signed claims alone, as a pin's history keeps them: this needs Git and nothing else."""
    if not token:
        return (UNSIGNED,)
    if isinstance(verified := verify(token, wanted.keys), Refusal):
        return (verified.reason,)
    claims = verified.claims
    return (
        *objections(
            claims, wanted.cluster, wanted.revision, wanted.content_hash, now=wanted.now, max_age=wanted.max_age
        ),
        *_not_pass(claims),
        *_too_little(claims, wanted.requires),
    )


def _not_pass(claims: Claims) -> Iterable[str]:
    if claims.outcome != "PASS":
        yield f"the outcome is {claims.outcome}"


def _too_little(claims: Claims, requires: str | None) -> Iterable[str]:
    if claims.mode not in ACCEPTED.get(requires, ()):
        yield f"it was measured in mode {claims.mode}, and {requires} is required"


def _document_refusals(record: Record) -> Iterable[str]:
    """Look at the document too: a PASS above a failing part was signed by a defect."""
    verdict, claims = record.verdict or {}, record.claims
    if claims is None or digest(record.text) != claims.verdict_digest:
        return ("its document is not the one that was signed",)
    if problems := schema_problems(verdict):
        return (f"not a verdict: {problems[0]}",)
    found = []
    if verdict["dirty"]:
        found.append("the tree that was tested differed from its commit")
    if verdict["outcome"] == "PASS":
        found += _failing_parts(verdict)
    return found


def _failing_parts(verdict: Mapping[str, Any]) -> Iterable[str]:
    done = {step["name"]: step["outcome"] for step in verdict["steps"]}
    for name in STEPS[verdict["mode"]]:
        if done.get(name, "NOT_RUN") == "NOT_RUN":
            yield f"it says PASS, but the step {name} was not run"
    if "judge" in STEPS[verdict["mode"]] and not any(part["outcome"] == "PASS" for part in verdict["objectives"]):
        yield "it says PASS, but no objective was met"
    for kind in ("steps", "objectives", "evidence"):
        for part in verdict[kind]:
            if part["outcome"] in ("FAIL", "INCONCLUSIVE"):
                yield f"it says PASS, but {kind} has {part['name']}: {part['outcome']}"


def schema_problems(document: object) -> tuple[str, ...]:
    """Return what the verdict's JSON Schema refuses in a document."""
    found = sorted(_validator().iter_errors(document), key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {error.message[:200]}" for error in found)


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    text = resources.files("leanrag").joinpath("gate", "verdict.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))
