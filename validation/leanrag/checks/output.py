"""What leanrag check prints: text for people, JSON for programs, JUnit for forges."""

import json
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from leanrag.checks.finding import Finding
from leanrag.checks.registry import ALL
from leanrag.checks.run import CheckRun
from leanrag.core.result import JSON

_LOOKED_AT = (
    ("clusters", "clusters"),
    ("apps", "Applications"),
    ("files", "files"),
    ("objects", "objects"),
    ("rules", "rules"),
)


def text(run: CheckRun) -> str:
    """Return findings grouped by rule, one line each and its way out, and a summary line."""
    lines: list[str] = []
    for check in ALL:
        own = [finding for finding in run.findings if finding.rule == check.id]
        if own:
            lines += [f"{check.id}  {check.sentence}: {len(own)} not"]
            lines += [line for finding in own for line in _lines(finding)]
            lines.append("")
    return "\n".join([*lines, *_summary(run)]) + "\n"


def _lines(finding: Finding) -> tuple[str, str]:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    subject = ": ".join(part for part in (finding.app, finding.where) if part)
    mark = "unknown: " if finding.unknown else ""
    return f"  {place}: {mark}{subject + ': ' if subject else ''}{finding.message}", f"      fix: {finding.fix}"


def _summary(run: CheckRun) -> tuple[str, ...]:
    looked = ", ".join(f"{run.counts[key]} {word}" for key, word in _LOOKED_AT if run.counts.get(key))
    rules = run.counts.get("celRules", 0)
    left = (f"not evaluated: {rules} CEL rules of these kinds' CRDs",) if rules else ()
    return (*left, f"{run.step.outcome}: {run.step.reason} ({looked}; {run.step.seconds:.1f} s)")


def as_json(run: CheckRun) -> str:
    """Return one JSON document: schema leanrag.io/check/v1."""
    document: Mapping[str, JSON] = {
        "schema": "leanrag.io/check/v1",
        "outcome": str(run.step.outcome),
        "reason": run.step.reason,
        "seconds": run.step.seconds,
        "counts": dict(run.counts),
        "findings": [_finding(finding) for finding in run.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, JSON]:
    return {
        "rule": finding.rule,
        "app": finding.app,
        "file": finding.file,
        "line": finding.line,
        "where": finding.where,
        "message": finding.message,
        "fix": finding.fix,
        "unknown": finding.unknown,
    }


def junit(run: CheckRun) -> str:
    """Return a JUnit document: one test case a rule; a rule that could not be judged is an error, not a failure."""
    unknown = sum(finding.unknown for finding in run.findings)
    suite = ElementTree.Element(
        "testsuite",
        name="leanrag check",
        tests=str(len(ALL)),
        failures=str(len({finding.rule for finding in run.findings if not finding.unknown})),
        errors=str(1 if unknown else 0),
        time=f"{run.step.seconds:.2f}",
    )
    for check in ALL:
        case = ElementTree.SubElement(suite, "testcase", classname="leanrag.check", name=f"{check.id} {check.sentence}")
        own = [finding for finding in run.findings if finding.rule == check.id]
        if own:
            kind = "error" if all(finding.unknown for finding in own) else "failure"
            element = ElementTree.SubElement(case, kind, message=f"{len(own)} findings")
            element.text = "\n".join(line for finding in own for line in _lines(finding))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


FORMATS: Mapping[str, Callable[[CheckRun], str]] = {"text": text, "json": as_json, "junit": junit}
