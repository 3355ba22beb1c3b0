"""Why models did not pass, and the value to change next, as the page and the terminal show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.report import words


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a model did not pass: `head` names the cause, `change` what to change next; both may be empty."""

    model: str
    head: str
    reason: str
    evidence: tuple[str, ...]
    change: str
    why: str


def cause_rows(document: Mapping[str, Any]) -> tuple[Cause, ...]:
    """Return a row for each model that was diagnosed; verdicts of before have none."""
    return tuple(_cause(entry) for entry in document.get("diagnoses", ()))


def _cause(entry: Mapping[str, Any]) -> Cause:
    change = entry["change"] or {}
    sure = f", {entry['confidence'] * 100:.0f} % confidence" if entry["confidence"] is not None else ""
    return Cause(
        model=words.clean(entry["model"]),
        head=words.clean(f"{entry['cause']}{sure}") if entry["cause"] else "",
        reason=words.clean(entry["symptom"] or entry["reason"]),
        evidence=tuple(words.clean(each) for each in entry["evidence"]),
        change=words.clean(f"{change['key']}: {change['now']} → {change['next']}") if change else "",
        why=words.clean(change.get("why", "")),
    )
