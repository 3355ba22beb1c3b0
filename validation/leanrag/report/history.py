"""The history of verdicts in a folder: as text, as one JSON document, and as a page with a line for each objective."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError
from leanrag.evidence.history import Document, Line, Past, Run, Seen, history
from leanrag.gate.reading import read_verdict
from leanrag.report.text import SIGNS, table
from leanrag.report.words import clean, percent, quantity

_HINT = "name a report store, such as out/gate, or a folder of verdicts"
# Figures of the engine that a line shows, when some run has them: heading and key of the load step's facts.
ENGINE = (("prefix hits", "prefixHitRate"), ("KV cache used", "kvUsageMost"))


def read_folder(path: Path) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    """Return every verdict below a folder (files verdict*.json), and why others cannot be used."""
    if not path.is_dir():
        raise InputError(f"{path}: not a folder", hint=_HINT)
    read = [read_verdict(each) for each in sorted(path.rglob("verdict*.json"))]
    documents = tuple(each.document for each in read if each.document is not None)
    return documents, tuple(each.reason for each in read if each.document is None)


def past(path: Path) -> tuple[tuple[Past, ...], tuple[str, ...]]:
    """Return the history below a folder and what could not be read; InputError when there is none at all."""
    documents, problems = read_folder(path)
    found = history(documents)
    if not found:
        why = f": {problems[0]}" if problems else ""
        raise InputError(f"{path}: no verdict with an objective in it{why}", hint=_HINT)
    return found, problems


def as_text(found: Sequence[Past]) -> str:
    """Return a table for each model: one line a commit, newest first."""
    return "\n\n".join("\n".join(_table(one)) for one in found) + "\n"


def _table(one: Past) -> list[str]:
    names = objective_names(one)
    engine = [(head, key) for head, key in ENGINE if any(line.counts.engine.get(key) is not None for line in one.lines)]
    head = ("commit", "measured", "runs", "verdict", *names, *(each for each, _ in engine), "requests")
    rows = [
        (
            commit(line),
            when(line.counts),
            runs(line),
            f"{SIGNS.get(line.counts.outcome, '?')} {line.counts.outcome}",
            *(cell(line.counts, name) for name in names),
            *(percent(_share(line.counts, key)) for _, key in engine),
            f"{line.counts.requests:,}",
        )
        for line in one.lines
    ]
    return [f"{clean(one.model)} on {clean(one.cluster)} (scope {one.scope})", *table(head, rows)]


def objective_names(one: Past) -> tuple[str, ...]:
    """Return the names of all objectives of a model, in the order of the newest run that has them."""
    return tuple(dict.fromkeys(clean(each.name) for line in one.lines for each in line.counts.objectives))


def commit(line: Line) -> str:
    """Return a commit's short name, with a plus when the tree differed from it."""
    return "no commit" if line.revision is None else f"{line.revision[:12]}{'+' if line.dirty else ''}"


def when(run: Run) -> str:
    """Return when a run measured, to the minute, UTC: 2026-11-21 04:01."""
    return clean(run.measured[:16].replace("T", " "))


def runs(line: Line) -> str:
    """Return how often a commit was measured, and whether a verdict was carried over to it."""
    carried = len(line.runs) - line.measured
    return f"{line.measured} + {carried} carried" if carried else str(line.measured)


def seen_of(run: Run, name: str) -> Seen | None:
    """Return what a run says of an objective."""
    return next((each for each in run.objectives if clean(each.name) == name), None)


def cell(run: Run, name: str) -> str:
    """Return `142 of 300 ms`, with a sign when the objective was not met."""
    seen = seen_of(run, name)
    if seen is None or seen.estimate is None:
        return "–"
    value, limit = quantity(seen.estimate, seen.unit), quantity(seen.limit, seen.unit)
    unit = value.rpartition(" ")[2]
    short = value.removesuffix(f" {unit}") if limit.endswith(f" {unit}") else value
    sign = "" if seen.outcome == "PASS" else f" {SIGNS.get(seen.outcome, '?')}"
    return f"{short} of {limit}{sign}"


def _share(run: Run, key: str) -> float | None:
    value = run.engine.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_json(found: Sequence[Past], problems: Sequence[str]) -> str:
    """Return everything that is known as one JSON document."""
    document = {"models": [_plain(one) for one in found], "unreadable": list(problems)}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _plain(one: Past) -> dict[str, Any]:
    return {**asdict(one), "lines": list(_commits(one))}


def _commits(one: Past) -> Iterator[dict[str, Any]]:
    for line in one.lines:
        yield {**asdict(line), "counts": line.counts.id}
