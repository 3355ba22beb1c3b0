"""What verdicts said over time: for each model on each cluster one line a commit. Pure, on documents that are read.

A document is taken at its word; whether it is signed is another question (`leanrag gate verdicts`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.evidence.claims import DECISIVE

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """One objective as a run found it: `estimate` and `limit` in `unit`, None where there is none."""

    name: str
    unit: str
    limit: float | None
    estimate: float | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Run:
    """One verdict about one model. `measured` is when its measurement ended, RFC 3339 in UTC.

    `outcome` is the whole verdict's; `carried` says that it repeats an earlier measurement; `engine` are the figures
    of the load step about this model's engine, empty where it was not watched. `requests` is the most that counted.
    """

    id: str
    measured: str
    outcome: str
    reason: str
    carried: bool
    requests: int
    objectives: tuple[Seen, ...]
    engine: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """A commit's runs of one model on one cluster, newest first; `revision` is None outside Git."""

    revision: str | None
    dirty: bool
    runs: tuple[Run, ...]

    @property
    def counts(self) -> Run:
        """The run that speaks for the commit: the newest with an answer, else the newest."""
        return next((run for run in self.runs if run.outcome in DECISIVE), self.runs[0])

    @property
    def measured(self) -> int:
        """How many of the runs measured, and did not carry a verdict over."""
        return sum(not run.carried for run in self.runs)


@dataclass(frozen=True, slots=True)
class Past:
    """One model on one cluster, newest commit first."""

    cluster: str
    scope: str
    model: str
    lines: tuple[Line, ...]


def history(documents: Iterable[Document]) -> tuple[Past, ...]:
    """Return what verdict documents (of verdict.schema.json) say, by cluster and model.

    A verdict that is there twice, as a copy, counts once. Verdicts without a model that has objectives are left out.
    """
    found: dict[tuple[str, str, str], dict[tuple[str | None, bool], list[Run]]] = defaultdict(lambda: defaultdict(list))
    for document in {one["id"]: one for one in documents}.values():
        for model in dict.fromkeys(entry["model"] for entry in document["objectives"]):
            commits = found[document["cluster"], document["scope"], model]
            commits[document["revision"], document["dirty"]].append(_run(document, model))
    return tuple(Past(*key, _lines(commits)) for key, commits in sorted(found.items()))


def _lines(commits: Mapping[tuple[str | None, bool], Sequence[Run]]) -> tuple[Line, ...]:
    lines = [Line(*commit, tuple(sorted(runs, key=_when, reverse=True))) for commit, runs in commits.items()]
    return tuple(sorted(lines, key=lambda line: _when(line.counts), reverse=True))


def _when(run: Run) -> tuple[str, str]:
    return run.measured, run.id


def _run(document: Document, model: str) -> Run:
    entries = [entry for entry in document["objectives"] if entry["model"] == model]
    engines = next((step["facts"].get("engine") for step in document["steps"] if step["name"] == "load"), None)
    said = engines.get(model) if isinstance(engines, Mapping) else None
    return Run(
        id=document["id"],
        measured=document.get("measuredAt") or document["end"],
        outcome=document["outcome"],
        reason=document["reason"],
        carried=bool(document.get("carriedFrom")),
        requests=max(entry["n"] for entry in entries),
        objectives=tuple(
            Seen(each["name"], each["unit"], each["limit"], each["estimate"], each["outcome"]) for each in entries
        ),
        engine=said if isinstance(said, Mapping) else {},
    )
