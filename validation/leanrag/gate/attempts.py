"""All verdicts of a cluster at a glance: which attempts there are, and which one counts for each commit. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.evidence.effective import Effective, effective
from leanrag.evidence.store import Record, is_verdict

NOT_BELIEVED = "not believed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row: texts for people; `counts` says why this attempt decides for its commit, or why it does not."""

    commit: str
    attempt: int
    outcome: str
    trigger: str
    mode: str
    ended: str
    carried: str
    signed: str
    counts: str


def attempts(
    records: Iterable[Record],
    cluster: str,
    content_of: Callable[[str], str | None],
    *,
    now: datetime,
    max_age: timedelta,
) -> tuple[Attempt, ...]:
    """Return a row for each record, newest first; `content_of` gives a commit's content hash, None when unknown."""
    found = tuple(records)
    answers: dict[str, Effective] = {}
    for record in found:
        sha = record.claims.revision if record.claims else record.sha12
        if record.sha12 not in answers or record.claims:
            content = content_of(sha) if record.claims else None
            answers[record.sha12] = effective(found, cluster, sha, content, now=now, max_age=max_age)
    rows = [(_when(record), _row(record, answers[record.sha12])) for record in found]
    return tuple(row for _, row in sorted(rows, key=lambda each: (each[0], each[1].attempt), reverse=True))


def _when(record: Record) -> str:
    return record.claims.end if record.claims else "9"  # what cannot be believed comes first, to be seen


def _row(record: Record, answer: Effective) -> Attempt:
    claims = record.claims
    if claims is None:
        return Attempt(record.sha12, record.attempt, NOT_BELIEVED, "", "", "", "", "no", record.problem)
    return Attempt(
        commit=record.sha12,
        attempt=record.attempt,
        outcome=claims.outcome,
        trigger=claims.trigger,
        mode=claims.mode,
        ended=claims.end,
        carried=claims.carried_from or "",
        signed=record.verified.kid if record.verified else "",
        counts=_counts(record, answer),
    )


def _counts(record: Record, answer: Effective) -> str:
    if answer.record is record:
        return f"counts: {answer.reason}"
    if answer.record is None and answer.newest is record:
        return f"nothing counts: {answer.reason}"
    refused = next((text for text in answer.refused if text.startswith(f"{record.name}: ")), "")
    return refused.removeprefix(f"{record.name}: ") or "another attempt decides"


def read_folder(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the verdict ConfigMaps in a folder of JSON or YAML files, as `kubectl get -o yaml` writes them."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", hint="kubectl -n NAMESPACE get configmaps -o yaml > DIR/all.yaml")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".yaml", ".yml"))
    return tuple(body for path in files for body in _bodies(path) if is_verdict(body))


def _bodies(path: Path) -> Iterable[Mapping[str, Any]]:
    text = read_text(path)
    try:
        documents = (json.loads(text),) if path.suffix == ".json" else yamlio.load_all(text, str(path))
    except ValueError as error:
        raise InputError(f"{path}: not JSON: {error}", hint="write it again with kubectl get -o json") from None
    for document in documents:
        if isinstance(document, Mapping):
            items = document.get("items")
            yield from (
                each for each in (items if isinstance(items, list) else [document]) if isinstance(each, Mapping)
            )
