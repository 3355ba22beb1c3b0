"""Exemptions: an object may say in Git why a rule does not fit it. What it allows itself is listed, never silent.

    metadata:
      annotations:
        leanrag.io/allow: "POD001: reads the GPU's health from the node's disk"

One line a rule. Only rules that state a policy can be left; what the API server refuses stays refused, and secrets
stay secrets (explanations.yaml says of each rule whether it has exemptions).
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from leanrag.checks.finding import Finding, at, suggestion
from leanrag.render.manifest import Manifest

ANNOTATION = "leanrag.io/allow"
RULE = "ALW001"
_PLACE = ("metadata", "annotations", ANNOTATION)


@dataclass(frozen=True, slots=True)
class Exemption:
    """One line of the annotation: the rule, and the reason in the author's words."""

    rule: str
    reason: str


def exemptions(body: Any) -> tuple[Exemption, ...]:
    """Return what an object allows itself; a line that is none keeps its text as rule."""
    text = at(body, _PLACE)
    lines = text.splitlines() if isinstance(text, str) else []
    parts = (line.partition(":") for line in lines if line.strip())
    return tuple(Exemption(rule.strip(), reason.strip()) for rule, _, reason in parts)


def apply(findings: Iterable[Finding], manifests: Iterable[Manifest], judged: Collection[str]) -> list[Finding]:
    """Mark what objects allow themselves; report exemptions that cannot be, or that nothing of `judged` needs."""
    subjects: dict[tuple[str, str, str], tuple[Exemption, ...]] = {}
    for manifest in manifests:
        if found := exemptions(manifest.body):
            subjects[manifest.app.name, manifest.template, f"{manifest.kind}/{manifest.name}"] = found
    if not subjects:
        return list(findings)
    marked, used = [], set()
    for each in findings:
        subject = (each.app, each.file, each.where.split(" ")[0])
        reason = next((own.reason for own in subjects.get(subject, ()) if own.rule == each.rule), "")
        if reason and may_be_left(each.rule):
            used.add((*subject, each.rule))
            each = replace(each, allowed=reason)
        marked.append(each)
    return marked + list(_mistakes(subjects, used, judged))


def _mistakes(
    subjects: dict[tuple[str, str, str], tuple[Exemption, ...]],
    used: Collection[tuple[str, ...]],
    judged: Collection[str],
) -> Iterator[Finding]:
    for (app, file, subject), found in subjects.items():
        for each in found:
            problem = _problem(each)
            if not problem and each.rule in judged and (app, file, subject, each.rule) not in used:
                problem = f"allows {each.rule}, which it keeps", "remove it"
            if problem:
                yield Finding(RULE, app, file, f"{subject} metadata.annotations.{ANNOTATION}", *problem)


def _problem(exemption: Exemption) -> tuple[str, str] | None:
    from leanrag.checks.explanations import explanations

    known = explanations()
    if exemption.rule not in known:
        return f"{exemption.rule!r} is no rule", suggestion(exemption.rule, _leavable(), "rule")
    if not known[exemption.rule].exempt:
        return f"{exemption.rule} has no exemptions", "repair what it finds, and remove this line"
    return None if exemption.reason else (f"says not why {exemption.rule} does not fit", "write RULE: reason")


def may_be_left(rule: str) -> bool:
    """Say whether an object may exempt itself from a rule."""
    return rule in _leavable()


def _leavable() -> list[str]:
    from leanrag.checks.explanations import explanations  # read only where an object exempts itself

    return [rule for rule, each in explanations().items() if each.exempt]
