"""What the page shows, worked out from a verdict: rows and shares of width, so that the template only lays out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.gate.decide import label
from leanrag.report import plot, words

Document = Mapping[str, Any]

MEANINGS = {
    "PASS": "Everything that had to hold was shown to hold.",
    "FAIL": "Nothing is promoted. Repair the cause and commit: the gate runs again. A rollback asks no gate.",
    "INCONCLUSIVE": "This is no answer, neither good nor bad, and nothing is promoted on it.",
    "NOT_RUN": "The question was not asked, and nothing is promoted.",
}
WORST_FIRST = ("FAIL", "INCONCLUSIVE", "PASS", "NOT_RUN")
LOCAL = "Measured on one machine (scope local): promotion does not accept it as evidence."
CARRIED = "Nothing was measured again: the content and what runs are those of the verdict {}."
TRIGGERS = {
    "postsync": "after a sync",
    "nightly": "by the nightly schedule",
    "manual": "by a person",
}
STEPS = {
    "converge": "Does the cluster run what Git says?",
    "check": "Does the rendered commit keep the rules?",
    "smoke": "Do known questions come back rightly?",
    "load": "What happens under the declared traffic?",
    "judge": "Do the numbers meet each objective?",
    "verdict": "Is what was tested what was declared?",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One objective: `low`, `high` and `seen` are places on the budget scale, 0 to 1, None without an interval."""

    name: str
    meaning: str
    model: str
    outcome: str
    reason: str
    value: str
    limit: str
    requests: str
    allowed: str
    interval: str
    low: float | None
    high: float | None
    seen: float | None
    spoken: str


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: `start` and `width` are its place in the timeline, 0 to 1."""

    name: str
    question: str
    outcome: str
    reason: str
    seconds: str
    start: float
    width: float
    items: tuple[Mapping[str, Any], ...]
    summary: str
    facts: tuple[tuple[str, str], ...]


def objective_rows(document: Document) -> tuple[Row, ...]:
    """Return a row for each objective, in the verdict's order."""
    return tuple(_row(entry) for entry in document["objectives"])


def _row(entry: Mapping[str, Any]) -> Row:
    name, bounds, allowed = label(entry["metric"], entry["percentile"]), entry["interval"], entry["allowed"]
    plotted = bounds is not None and allowed is not None and entry["n"] > 0
    interval = f"{words.percent(bounds['lower'])} to {words.percent(bounds['upper'])}" if plotted else "not measured"
    share = (entry["violations"] or 0) / entry["n"] if plotted else 0.0
    return Row(
        name=name[0].upper() + name[1:],
        meaning=words.METRICS.get(entry["metric"], ""),
        model=words.clean(entry["model"]),
        outcome=entry["outcome"],
        reason=words.clean(entry["reason"]).replace("<=", "≤"),
        value=words.quantity(entry["estimate"], entry["unit"]),
        limit=words.limit(entry),
        requests=_requests(entry),
        allowed=words.percent(allowed),
        interval=interval,
        low=plot.budget_position(bounds["lower"], allowed) if plotted else None,
        high=plot.budget_position(bounds["upper"], allowed) if plotted else None,
        seen=plot.budget_position(share, allowed) if plotted else None,
        spoken=f"{name}: {entry['outcome']}. Between {interval} of requests break it; {words.percent(allowed)} may.",
    )


def _requests(entry: Mapping[str, Any]) -> str:
    if not entry["n"] or entry["violations"] is None:
        return "none"
    return f"{entry['violations']:,} of {entry['n']:,} broke it"


def unmeasured(rows: Sequence[Row]) -> tuple[str, str]:
    """Return the objectives and the reason when none of them was measured, else two empty texts."""
    if not rows or any(row.low is not None for row in rows):
        return "", ""
    return ", ".join(f"{row.name} {row.limit}" for row in rows), rows[0].reason


def step_rows(document: Document) -> tuple[StepRow, ...]:
    """Return a row for each step with its place in the timeline of the run."""
    total = sum(step["seconds"] for step in document["steps"]) or 1.0
    rows, before = [], 0.0
    for step in document["steps"]:
        rows.append(_step_row(step, before / total, step["seconds"] / total))
        before += step["seconds"]
    return tuple(rows)


def _step_row(step: Mapping[str, Any], start: float, width: float) -> StepRow:
    run = step["outcome"] != "NOT_RUN"
    return StepRow(
        name=words.clean(step["name"]),
        question=STEPS.get(step["name"], ""),
        outcome=step["outcome"],
        reason=words.clean(step["reason"]),
        seconds=words.duration(step["seconds"]) if run else "–",
        start=start,
        width=width,
        # Worst first: who reads a list of forty cases looks for the two that failed.
        items=tuple(_item(item) for item in sorted(step["items"], key=lambda i: WORST_FIRST.index(i["outcome"]))),
        summary=tally(item["outcome"] for item in step["items"]) if len(step["items"]) > 1 else "",
        facts=tuple((words.clean(key), words.clean(value)) for key, value in step["facts"].items() if _short(value)),
    )


def _short(value: object) -> bool:
    return not isinstance(value, list | dict) and value is not None


def _item(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: words.clean(item[key]) for key in ("name", "outcome", "reason", "proves")} | {
        "seconds": words.duration(item["seconds"]) if item["seconds"] else ""
    }


def tally(outcomes: Iterable[str]) -> str:
    """Return `12 pass, 1 fail`, worst last, without the outcomes that did not occur."""
    seen = list(outcomes)
    counts = ((seen.count(outcome), word) for outcome, word in words.WORDS.items())
    return ", ".join(f"{count} {word.lower()}" for count, word in counts if count)


def skipped_rows(document: Document) -> tuple[tuple[str, str], ...]:
    """Return what was not tested as (what, why); things of one step with one reason are one row."""
    groups: dict[tuple[str, str], list[str]] = {}
    for entry in document["skipped"]:
        step, colon, what = words.clean(entry["what"]).partition(": ")
        groups.setdefault((step if colon else "", words.clean(entry["why"])), []).append(what if colon else step)
    return tuple(
        (f"{step}: {', '.join(found)}" if step else ", ".join(found), why) for (step, why), found in groups.items()
    )


def subject_rows(document: Document) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what was tested as (term, values), without the terms that have no value."""
    subject = document["subject"]
    rows: tuple[tuple[str, Iterable[str]], ...] = (
        ("Cluster", [f"{document['cluster']} (environment {document['environment']}, scope {document['scope']})"]),
        ("Gate mode", [document["mode"]]),
        ("Commit", [(document["revision"] or "none") + (" with uncommitted changes" if document["dirty"] else "")]),
        ("Content hash", [document["contentHash"] or "none (outside Git)"]),
        ("RAG API", [subject["api"] or ""]),
        ("Vector store", [subject["vectorStore"] or ""]),
        ("Models", [_model(model) for model in subject["models"]]),
        ("Images", _images(subject)),
        ("Operators", [f"{name} {version}" for name, version in subject.get("operators", {}).items()]),
        ("GPUs", subject.get("gpu", [])),
        ("Running", [document.get("fingerprint") or ""]),
        ("Tools", [f"{name} {version}" for name, version in document["tools"].items()]),
        ("Seed", [str(document["seed"])] if document["seed"] is not None else []),
        ("Run", [f"{document['start']} to {document['end']}", *_asked(document)]),
        ("Measured", [_measured(document)]),
        ("Verdict", [document["id"]]),
        ("Signature", [_signature(document)]),
    )
    cleaned = ((term, tuple(words.clean(value) for value in values if value)) for term, values in rows)
    return tuple((term, values) for term, values in cleaned if values)


def _images(subject: Mapping[str, Any]) -> Iterable[str]:
    """Return each image once: as it runs where that was seen, else as Git names it."""
    running = subject.get("running", [])
    seen = {entry["image"] for entry in running}
    yield from (f"{entry['image']} running as {entry['id']}" for entry in running)
    yield from (image for image in subject["images"] if image not in seen)


def _asked(document: Document) -> Iterable[str]:
    """Return what asked for a run in a cluster; a run on one machine was asked for by whoever reads this."""
    if trigger := document.get("trigger"):
        number = f"attempt {document['attempt']}" if document.get("attempt") else "not published"
        yield f"{TRIGGERS[trigger]}, {number} on this commit"


def _measured(document: Document) -> str:
    source = document.get("carriedFrom")
    return f"at {document['measuredAt']}, carried from the verdict {source}" if source else ""


def _signature(document: Document) -> str:
    if document["scope"] == "local":
        return ""
    if kid := document.get("signedBy"):
        return f"key {kid}; this page does not prove it, leanrag gate verdicts does"
    return "none: promotion refuses this verdict"


def _model(model: Mapping[str, Any]) -> str:
    version = f" {model['engineVersion']}" if model["engineVersion"] else ", version not told"
    return f"{model['name']} ({model['task']}, engine {model['engine']}{version})"


def meaning(document: Document) -> str:
    """Return what the outcome means for the reader, in one or two sentences."""
    parts = [MEANINGS[document["outcome"]]]
    if document["scope"] == "local" and document["outcome"] == "PASS":
        parts.append(LOCAL)
    if document.get("carriedFrom"):
        parts.append(CARRIED.format(words.clean(document["carriedFrom"])))
    return " ".join(parts)
