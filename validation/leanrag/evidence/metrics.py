"""A verdict as OpenMetrics 1.0: made from the document alone, so that only what was verified is ever exposed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.evidence.claims import OUTCOMES, moment

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Labels = Mapping[str, str]
Samples = Iterable[tuple[Labels, float]]
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric; a name that ends in a unit (`_seconds`, `_ratio`) is in that unit."""

    name: str
    help: str
    samples: Callable[[Document], Samples]
    kind: str = "gauge"


def _cluster(document: Document) -> dict[str, str]:
    return {"cluster": str(document["cluster"])}


def _info(document: Document) -> Samples:
    keys = ("environment", "revision", "id", "mode", "trigger", "attempt", "carriedFrom")
    said = {key: document.get(key) for key in keys}
    labels = {_snake(key): "" if value is None else str(value) for key, value in said.items()}
    yield _cluster(document) | labels, 1


def _states(labels: Labels, outcome: object) -> Samples:
    for each in OUTCOMES:
        yield {**labels, "outcome": each}, float(outcome == each)


def _outcome(document: Document) -> Samples:
    return _states(_cluster(document), document["outcome"])


def _time(key: str) -> Callable[[Document], Samples]:
    def samples(document: Document) -> Samples:
        if found := moment(document.get(key)):
            yield _cluster(document), found.timestamp()

    return samples


def _duration(document: Document) -> Samples:
    start, end = moment(document.get("start")), moment(document.get("end"))
    if start and end:
        yield _cluster(document), (end - start).total_seconds()


def _step_outcomes(document: Document) -> Samples:
    for step in document["steps"]:
        yield from _states(_cluster(document) | {"step": step["name"]}, step["outcome"])


def _step_seconds(document: Document) -> Samples:
    for step in document["steps"]:
        if step["outcome"] != "NOT_RUN":
            yield _cluster(document) | {"step": step["name"]}, step["seconds"]


def _objective(value: Callable[[Document], float | None]) -> Callable[[Document], Samples]:
    def samples(document: Document) -> Samples:
        for entry in document["objectives"]:
            if (number := value(entry)) is not None:
                yield _cluster(document) | {"model": entry["model"], "objective": entry["name"]}, number

    return samples


def _objective_outcomes(document: Document) -> Samples:
    for entry in document["objectives"]:
        labels = _cluster(document) | {"model": entry["model"], "objective": entry["name"]}
        yield from _states(labels, entry["outcome"])


_TO_SECONDS = {"ms": 0.001, "s": 1.0}


def _in_seconds(key: str) -> Callable[[Document], float | None]:
    def value(entry: Document) -> float | None:
        factor = _TO_SECONDS.get(entry["unit"])
        return None if factor is None or entry[key] is None else float(entry[key]) * factor

    return value


def _share(key: str) -> Callable[[Document], float | None]:
    def value(entry: Document) -> float | None:
        return None if entry["unit"] != "share" or entry[key] is None else float(entry[key])

    return value


def _violations(entry: Document) -> float | None:
    return entry["violations"] / entry["n"] if entry["n"] and entry["violations"] is not None else None


def _margin(entry: Document) -> float | None:
    interval, allowed = entry["interval"], entry["allowed"]
    return 1.0 - interval["upper"] / allowed if interval and allowed else None


FAMILIES: tuple[Family, ...] = (
    Family("leanrag_gate_verdict", "What the newest verdict is about; always 1.", _info, "info"),
    Family("leanrag_gate_outcome", "1 for the outcome of the newest verdict, 0 for the others.", _outcome),
    Family("leanrag_gate_end_timestamp_seconds", "When the run ended, Unix time.", _time("end")),
    Family(
        "leanrag_gate_measured_timestamp_seconds",
        "When the run that measured ended, Unix time; earlier than the end for a carried verdict.",
        _time("measuredAt"),
    ),
    Family("leanrag_gate_duration_seconds", "Wall time of the run, all steps and the waiting included.", _duration),
    Family("leanrag_gate_step_outcome", "1 for the outcome of a step, 0 for the others.", _step_outcomes),
    Family("leanrag_gate_step_duration_seconds", "Wall time of a step that was run.", _step_seconds),
    Family("leanrag_gate_objective_outcome", "1 for the outcome of an objective, 0 for others.", _objective_outcomes),
    Family(
        "leanrag_gate_objective_estimate_seconds",
        "The percentile of a latency that was seen.",
        _objective(_in_seconds("estimate")),
    ),
    Family(
        "leanrag_gate_objective_limit_seconds",
        "The limit of a latency's percentile.",
        _objective(_in_seconds("limit")),
    ),
    Family("leanrag_gate_objective_estimate_ratio", "The share that was seen.", _objective(_share("estimate"))),
    Family("leanrag_gate_objective_limit_ratio", "The limit of a share.", _objective(_share("limit"))),
    Family(
        "leanrag_gate_objective_violations_ratio",
        "Share of the requests that broke an objective.",
        _objective(_violations),
    ),
    Family(
        "leanrag_gate_objective_allowed_ratio",
        "Share of the requests that may break an objective.",
        _objective(lambda entry: entry["allowed"]),
    ),
    Family(
        "leanrag_gate_objective_margin_ratio",
        "How much of what is allowed the upper confidence bound leaves unused; below 0 it is not shown to be met.",
        _objective(_margin),
    ),
    Family("leanrag_gate_objective_requests", "Requests that counted.", _objective(lambda entry: float(entry["n"]))),
)


def openmetrics(documents: Iterable[Document]) -> str:
    """Return verdict documents (of verdict.schema.json, one a cluster) as one OpenMetrics text, ended by `# EOF`."""
    return exposition(documents) + "# EOF\n"


def exposition(documents: Iterable[Document]) -> str:
    """Return the same without the end, for a server that exposes more; no family occurs twice."""
    found = tuple(documents)
    return "".join(_family(family, found) for family in FAMILIES)


def _family(family: Family, documents: Sequence[Document]) -> str:
    suffix = "_info" if family.kind == "info" else ""
    lines = [f"# TYPE {family.name} {family.kind}"]
    if unit := next((u for u in ("seconds", "ratio") if family.name.endswith(f"_{u}")), ""):
        lines.append(f"# UNIT {family.name} {unit}")
    lines.append(f"# HELP {family.name} {family.help}")
    for document in documents:
        lines += [f"{family.name}{suffix}{_braces(labels)} {value:.10g}" for labels, value in family.samples(document)]
    return "\n".join(lines) + "\n"


def _braces(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
