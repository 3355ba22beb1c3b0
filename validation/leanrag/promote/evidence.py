"""May this verdict move a pin? Pure: every reason why not, at once; no reason means yes.

The schema file of the verdict is the contract with the gate. Only that file is shared, no code: a defect in the
writer cannot hide itself from this reader.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

UNSIGNED = "unsigned: promotion needs a verdict that its cluster's gate signed"
# A gate and a promoter on different machines rarely agree to the second; more than this is a wrong clock or a forgery.
CLOCK_SKEW = timedelta(minutes=2)


def refusals(
    verdict: Mapping[str, Any],
    *,
    cluster: str,
    revision: str,
    content_hash: str,
    now: datetime,
    max_age: timedelta,
) -> tuple[str, ...]:
    """Return every reason why a verdict is no evidence for this commit on this cluster; an empty tuple would be yes.

    `content_hash` is what the cluster renders from at `revision`; `now` is aware; the age counts from the run's end.
    Verdicts carry no signature in this schema version, so each is refused at least as unsigned.
    """
    if problems := schema_problems(verdict):
        return (f"not a verdict: {problems[0]}",)
    return (
        *_other_place(verdict, cluster),
        *_other_content(verdict, revision, content_hash),
        *_age(verdict, now, max_age),
        *_not_pass(verdict),
        UNSIGNED,
    )


def schema_problems(document: object) -> tuple[str, ...]:
    """Return what the verdict's JSON Schema refuses in a document."""
    found = sorted(_validator().iter_errors(document), key=lambda error: error.json_path)
    return tuple(f"{error.json_path}: {error.message[:200]}" for error in found)


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    text = resources.files("leanrag").joinpath("gate", "verdict.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def _other_place(verdict: Mapping[str, Any], cluster: str) -> Iterable[str]:
    if verdict["scope"] != "cluster":
        yield f"scope {verdict['scope']}: measured on one machine, not on a cluster"
    if verdict["cluster"] != cluster:
        yield f"it is about the cluster {verdict['cluster']}, not {cluster}"


def _other_content(verdict: Mapping[str, Any], revision: str, content_hash: str) -> Iterable[str]:
    if verdict["revision"] != revision:
        yield f"it is about the commit {_short(verdict['revision'])}, not {_short(revision)}"
    if verdict["dirty"]:
        yield "the tree that was tested differed from its commit"
    if verdict["contentHash"] != content_hash:
        yield "what it tested renders from other content than this commit"


def _short(revision: str | None) -> str:
    return revision[:12] if revision else "none"


def _age(verdict: Mapping[str, Any], now: datetime, max_age: timedelta) -> Iterable[str]:
    start, end = _moment(verdict["start"]), _moment(verdict["end"])
    if start is None or end is None or end < start:
        yield f"its times are impossible: {verdict['start']} to {verdict['end']}"
    elif end > now + CLOCK_SKEW:
        yield f"it ends in the future: {verdict['end']}"
    elif now - end > max_age:
        yield f"too old: it ended {_days(now - end)} ago, at most {_days(max_age)} are allowed"


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None  # the schema's pattern lets 2026-02-31 through


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"


def _not_pass(verdict: Mapping[str, Any]) -> Iterable[str]:
    """Look at the parts too: a PASS above a failing part was edited, or written by a defect."""
    if verdict["outcome"] != "PASS":
        yield f"the outcome is {verdict['outcome']}: {verdict['reason']}"
        return
    for kind in ("steps", "objectives", "evidence"):
        for part in verdict[kind]:
            if part["outcome"] in ("FAIL", "INCONCLUSIVE"):
                yield f"it says PASS, but {kind} has {part['name']}: {part['outcome']}"
