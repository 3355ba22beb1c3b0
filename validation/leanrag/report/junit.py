"""The verdict as JUnit XML for CI systems: FAIL is a failure, INCONCLUSIVE an error, NOT_RUN skipped."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from leanrag.gate.decide import label
from leanrag.report import words

_ELEMENTS = {"FAIL": "failure", "INCONCLUSIVE": "error", "NOT_RUN": "skipped"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One testcase; `seconds` is wall time."""

    name: str
    outcome: str
    reason: str
    seconds: float = 0.0


def render(document: Mapping[str, Any]) -> str:
    """Return a verdict document as JUnit XML: suites for the gate as a whole, each step, objectives and evidence.

    The suite `gate` holds the overall outcome too, so that no verdict but PASS looks green.
    """
    suites = [_suite(name, cases, document["start"]) for name, cases in _suites(document) if cases]
    root = ElementTree.Element("testsuites", _counts(f"leanrag gate {document['cluster']}", suites))
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suites(document: Mapping[str, Any]) -> Iterable[tuple[str, list[Case]]]:
    whole = Case("the whole gate", _seen(document["outcome"]), document["reason"], words.elapsed(document))
    steps = [Case(s["name"], s["outcome"], s["reason"], s["seconds"]) for s in document["steps"]]
    yield "gate", [whole, *steps]
    for step in document["steps"]:
        yield step["name"], [Case(i["name"], i["outcome"], i["reason"], i["seconds"]) for i in step["items"]]
    yield "objectives", [_objective(entry) for entry in document["objectives"]]
    yield "evidence", [Case(c["name"], c["outcome"], c["reason"]) for c in document["evidence"]]
    yield "skipped", [Case(entry["what"], "NOT_RUN", entry["why"]) for entry in document["skipped"]]


def _seen(outcome: str) -> str:
    # A skipped test is green in most CI systems; a gate that gave no answer must not be.
    return "INCONCLUSIVE" if outcome == "NOT_RUN" else outcome


def _objective(entry: Mapping[str, Any]) -> Case:
    return Case(f"{entry['model']}: {label(entry['metric'], entry['percentile'])}", entry["outcome"], entry["reason"])


def _suite(name: str, cases: Sequence[Case], start: str) -> ElementTree.Element:
    tests = [_case(name, case) for case in cases]
    suite = ElementTree.Element("testsuite", {**_totals(_xml(name), tests), "timestamp": start.removesuffix("Z")})
    suite.extend(tests)
    return suite


def _case(suite: str, case: Case) -> ElementTree.Element:
    attributes = {"classname": _xml(suite), "name": _xml(case.name), "time": f"{case.seconds:.3f}"}
    element = ElementTree.Element("testcase", attributes)
    if kind := _ELEMENTS.get(case.outcome):
        ElementTree.SubElement(element, kind, {"message": _xml(case.reason)})
    elif case.reason:
        ElementTree.SubElement(element, "system-out").text = _xml(case.reason)
    return element


def _totals(name: str, tests: Sequence[ElementTree.Element]) -> dict[str, str]:
    counted = {plural: sum(test.find(kind) is not None for test in tests) for plural, kind in _PLURALS.items()}
    seconds = sum(float(test.get("time", "0")) for test in tests)
    return {"name": name, "tests": str(len(tests)), **{k: str(v) for k, v in counted.items()}, "time": f"{seconds:.3f}"}


_PLURALS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def _counts(name: str, suites: Sequence[ElementTree.Element]) -> dict[str, str]:
    keys = ("tests", *_PLURALS)
    return {"name": _xml(name)} | {key: str(sum(int(suite.get(key, "0")) for suite in suites)) for key in keys}


def _xml(text: object) -> str:
    return _NOT_XML.sub("", words.clean(text)).strip()
