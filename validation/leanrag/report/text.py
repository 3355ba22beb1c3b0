"""The verdict for a terminal: outcome first, why, then the steps, the objectives, and what was skipped."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leanrag.report import view, words
from leanrag.report.causes import Cause, cause_rows
from leanrag.report.economy import economy_rows

WIDTH = 110
SIGNS = {"PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "NOT_RUN": "–"}


def render(document: Mapping[str, Any]) -> str:
    """Return a verdict document as plain text, without colour: logs and terminals get the same."""
    parts = (
        _head(document),
        _steps(document),
        _objectives(document),
        _causes(document),
        _troubles(document),
        _economy(document),
        _skipped(document),
    )
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _head(document: Mapping[str, Any]) -> list[str]:
    place = f"cluster {words.clean(document['cluster'])}, scope {document['scope']}, commit {words.commit(document)}"
    place += f", attempt {document['attempt']}" if document.get("attempt") else ""
    reason = textwrap.wrap(words.clean(document["reason"]), WIDTH)
    return [f"{document['outcome']}  ({place})", *reason, *textwrap.wrap(view.meaning(document), WIDTH)]


def _steps(document: Mapping[str, Any]) -> list[str]:
    rows = [
        (f"{SIGNS[step.outcome]} {step.name}", words.WORDS[step.outcome].lower(), step.seconds, step.reason)
        for step in view.step_rows(document)
    ]
    return table(("step", "outcome", "took", "reason"), rows)


def _objectives(document: Mapping[str, Any]) -> list[str]:
    rows = [
        (
            f"{SIGNS[row.outcome]} {row.name}",
            row.model,
            row.value,
            row.limit,
            row.requests,
            row.interval if row.low is None else f"{row.interval}; {row.allowed} allowed",
        )
        for row in view.objective_rows(document)
    ]
    return table(("objective", "model", "seen", "limit", "requests", "share that breaks it"), rows)


def _causes(document: Mapping[str, Any]) -> list[str]:
    """Return why each model did not pass, with the value to change next."""
    lines = [line for row in cause_rows(document) for line in _cause(row)]
    return ["why, and what to change next", *_wrapped(lines)] if lines else []


def _cause(row: Cause) -> Iterable[str]:
    yield f"{row.model}: {row.head or 'no cause is known'}: {row.reason}"
    yield from (f"– {each}" for each in row.evidence)
    if row.change:
        yield f"next: {row.change}; {row.why}"


def _troubles(document: Mapping[str, Any]) -> list[str]:
    """Return every case and evidence check that is no PASS: the table of steps names only the first."""
    items = ((f"{step['name']}: {item['name']}", item) for step in document["steps"] for item in step["items"])
    checks = ((f"evidence: {check['name']}", check) for check in document["evidence"])
    found = [(name, part) for name, part in (*items, *checks) if part["outcome"] in ("FAIL", "INCONCLUSIVE")]
    lines = [f"{SIGNS[part['outcome']]} {words.clean(name)}: {words.clean(part['reason'])}" for name, part in found]
    return ["what went wrong", *_wrapped(lines)] if lines else []


def _economy(document: Mapping[str, Any]) -> list[str]:
    """Return what each model made of its GPUs."""
    lines = [line for one in economy_rows(document) for line in one.told]
    return ["what it makes of its GPUs (this decides nothing)", *_wrapped(lines)] if lines else []


def _skipped(document: Mapping[str, Any]) -> list[str]:
    lines = [f"– {what}: {why}" for what, why in view.skipped_rows(document)]
    return ["not tested", *_wrapped(lines)] if lines else []


def _wrapped(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        yield from textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent="    ")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned columns under a head; the last column wraps at the width of the page. No rows, no table."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head) - 1)]
    indent = sum(widths) + 2 * len(widths)
    lines = []
    for row in (head, *rows):
        first = "".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=False))
        last = textwrap.wrap(row[-1], max(WIDTH - indent, 30)) or [""]
        lines += [(first + last[0]).rstrip(), *(" " * indent + line for line in last[1:])]
    return lines
