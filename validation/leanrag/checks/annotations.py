"""Findings as forges show them beside the lines of a change: GitHub's workflow commands, GitLab's Code Quality."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from leanrag.checks.finding import Finding
from leanrag.checks.run import CheckRun
from leanrag.checks.text import View
from leanrag.core.result import JSON


def path_here(file: str) -> str:
    """Return a path as forges want it: relative to the checkout when it lies in it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)


def fingerprints(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yield each finding with a name that lasts: rule, file and field, not the line, which every edit above moves."""
    seen: Counter[str] = Counter()
    for each in findings:
        name = "\0".join((each.rule, path_here(each.file), each.where))
        seen[name] += 1
        words = f"{name}\0{seen[name]}".encode("utf-8", "surrogatepass")
        yield each, hashlib.blake2b(words, digest_size=16).hexdigest()


def github(run: CheckRun, view: View) -> str:
    """Return GitHub workflow commands, one a finding, and the outcome as a plain line.

    GitHub shows the first 10 errors and 10 warnings of a step beside the change, the rest in the log.
    """
    lines = [_command(each) for each in run.findings]
    return "\n".join([*lines, f"{run.step.outcome}: {run.step.reason}"]) + "\n"


def _command(finding: Finding) -> str:
    kind = "notice" if finding.allowed or finding.holds else "warning" if finding.unknown else "error"
    given = {
        "file": path_here(finding.file),
        "line": str(finding.line or 1),
        "col": str(finding.column or ""),
        "title": finding.rule,
    }
    options = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in given.items() if value)
    end = f"allowed: {finding.allowed}" if finding.allowed else finding.fix
    return f"::{kind} {options}::{_escaped(f'{finding.told()}; {end}')}"


def _escaped(text: str, also: str = "") -> str:
    # actions/toolkit, packages/core/src/command.ts: data, and properties with ':' and ',' too.
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def gitlab(run: CheckRun, view: View) -> str:
    """Return a GitLab Code Quality report: a list of issues, each with a fingerprint of its own."""
    return json.dumps([_issue(*each) for each in fingerprints(run.findings)], indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str) -> dict[str, JSON]:
    end = f"allowed: {finding.allowed}" if finding.allowed else finding.fix
    return {
        "description": f"{finding.told()}; {end}",
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": "info" if finding.allowed or finding.unknown else "major",
        "location": {"path": path_here(finding.file), "lines": {"begin": finding.line or 1}},
    }
