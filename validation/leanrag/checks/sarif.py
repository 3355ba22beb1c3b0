"""Findings as SARIF 2.1.0 (OASIS), which code scanning of GitHub, Azure DevOps and others reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from leanrag import __version__
from leanrag.checks.annotations import fingerprints, path_here
from leanrag.checks.explanations import Explanation, explanations
from leanrag.checks.finding import Finding
from leanrag.checks.registry import ALL
from leanrag.checks.rule import Check
from leanrag.checks.run import CheckRun
from leanrag.checks.text import View

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"


def sarif(run: CheckRun, view: View) -> str:
    """Return one SARIF log of one run; what was looked at is in its properties."""
    known = explanations()
    order = {check.id: index for index, check in enumerate(ALL)}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "leanrag check",
                        "version": __version__,
                        "rules": [_rule(check, known.get(check.id)) for check in ALL],
                    }
                },
                "invocations": [{"executionSuccessful": True, "exitCode": run.step.outcome.exit_code}],
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the checked repository."}}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(*each, order) for each in fingerprints(run.findings)],
                "properties": {"outcome": str(run.step.outcome), "reason": run.step.reason, **run.counts},
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _rule(check: Check, explained: Explanation | None) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": check.id, "shortDescription": {"text": f"{check.sentence}."}}
    if explained:
        why = " ".join(explained.why.split())
        rule["fullDescription"] = {"text": why}
        rule["help"] = {
            "text": f"{why}\n\n{explained.instead}",
            "markdown": f"{why}\n\n```yaml\n{explained.broken}```\n\n{explained.instead}",
        }
    return rule | {"defaultConfiguration": {"level": "error"}}


def _result(finding: Finding, fingerprint: str, order: Mapping[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        # 3.27.9: `open` = not enough was known to decide; 3.27.10: then the level is none.
        "kind": "open" if finding.unknown else "fail",
        "level": "none" if finding.unknown else "error",
        "message": {"text": f"{finding.told()}; {finding.fix}"},
        "partialFingerprints": {"leanrag/v1": fingerprint},
    }
    if finding.rule in order:
        result["ruleIndex"] = order[finding.rule]
    if finding.file:
        result["locations"] = [_location(finding)]
    if finding.allowed:
        result["suppressions"] = [{"kind": "inSource", "status": "accepted", "justification": finding.allowed}]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    # GitHub refuses a location without a line; 1 stands for the file.
    region = {"startLine": finding.line or 1, **({"startColumn": finding.column} if finding.column else {})}
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _artifact(finding.file), "region": region}}
    if finding.where:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.where, "kind": "object"}]
    return location


def _artifact(file: str) -> dict[str, str]:
    path = path_here(file)
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path), "uriBaseId": _ROOT}
