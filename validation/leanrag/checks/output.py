"""What leanrag check prints: text for people; JSON, JUnit, SARIF and annotations for programs and forges."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from leanrag.checks.annotations import github, gitlab
from leanrag.checks.finding import Finding, number_of
from leanrag.checks.registry import ALL
from leanrag.checks.rule import Check
from leanrag.checks.run import CheckRun
from leanrag.checks.text import View, text
from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.core.result import JSON

# XML 1.0 has no place for these characters, not even escaped.
_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)], "?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One format, and the file that takes it (None: stdout)."""

    format: str
    file: Path | None = None


def wanted(given: Iterable[str]) -> tuple[Wanted, ...]:
    """Return the formats that words like `text` and `sarif=FILE` ask for; text on stdout unless another is there."""
    asked = []
    for word in given or ("text",):
        name, _, file = word.partition("=")
        if name not in FORMATS:
            raise InputError(f"no format {name!r}", hint="formats are: " + ", ".join(FORMATS))
        asked.append(Wanted(name, Path(file) if file else None))
    on_stdout = [each for each in asked if each.file is None]
    if len(on_stdout) > 1:
        first, second, *_ = (each.format for each in on_stdout)
        raise InputError(f"{first} and {second} on stdout at once", hint=f"give one of them a file: {second}=FILE")
    return tuple(asked) if on_stdout else (Wanted("text"), *asked)


def written(run: CheckRun, asked: Sequence[Wanted], view: View) -> str:
    """Write the formats that have a file, each whole or not at all, and return the one for stdout."""
    made = [(each.file, _encodable(FORMATS[each.format](run, view))) for each in asked]
    for file, document in made:
        if file is not None:
            write_atomic(file, document)
    return next(document for file, document in made if file is None).rstrip("\n")


def _encodable(document: str) -> str:
    """Return a text without halves of surrogate pairs, which YAML may hold and no file can."""
    return document.encode("utf-8", "replace").decode()


def as_json(run: CheckRun, view: View) -> str:
    """Return one JSON document: schema leanrag.io/check/v1 (check.schema.json, beside this file)."""
    document: Mapping[str, JSON] = {
        "schema": "leanrag.io/check/v1",
        "outcome": str(run.step.outcome),
        "reason": run.step.reason,
        "seconds": run.step.seconds,
        "counts": dict(run.counts),
        "findings": [_finding(finding) for finding in run.findings],
    }
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, JSON]:
    names = ("rule", "app", "file", "line", "column", "where", "message", "fix", "unknown", "holds", "allowed")
    return {name: getattr(finding, name) for name in names}


def junit(run: CheckRun, view: View) -> str:
    """Return a JUnit document: one test case a rule; a rule that could not be judged is an error, not a failure."""
    cases = [_case(check, run.findings) for check in ALL]
    suite = ElementTree.Element(
        "testsuite", name="leanrag check", tests=str(len(cases)), time=f"{run.step.seconds:.2f}"
    )
    for kind in ("failure", "error"):
        suite.set(f"{kind}s", str(sum(case.find(kind) is not None for case in cases)))
    suite.extend(cases)
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _case(check: Check, findings: Iterable[Finding]) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname="leanrag.check", name=f"{check.id} {check.sentence}", time="0")
    own = [finding for finding in findings if finding.rule == check.id]
    counted = [finding for finding in own if not finding.allowed and not finding.holds]
    broken = [finding for finding in counted if not finding.unknown]
    if counted:
        message = number_of(len(broken), "finding") if broken else f"{len(counted)} could not be judged"
        element = ElementTree.SubElement(case, "failure" if broken else "error", type=check.id, message=message)
        element.text = "\n".join(_told(counted)).translate(_NOT_XML)
    if len(own) > len(counted):
        told = ElementTree.SubElement(case, "system-out")
        told.text = "\n".join(_told(each for each in own if each not in counted)).translate(_NOT_XML)
    return case


def _told(findings: Iterable[Finding]) -> Iterator[str]:
    for each in findings:
        yield f"{each.place()}: {each.told()}"
        yield f"    allowed: {each.allowed}" if each.allowed else f"    fix: {each.fix}"


def _sarif(run: CheckRun, view: View) -> str:
    from leanrag.checks.sarif import sarif  # reads the explanations of all rules

    return sarif(run, view)


FORMATS: Mapping[str, Callable[[CheckRun, View], str]] = {
    "text": text,
    "json": as_json,
    "junit": junit,
    "sarif": _sarif,
    "github": github,
    "gitlab": gitlab,
}
