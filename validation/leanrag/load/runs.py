"""A measurement as it was kept, read back: a report or the chunks of a run, and what the engine said beside them."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError
from leanrag.core.files import read_text, write_atomic
from leanrag.core.outcome import Outcome
from leanrag.core.shapes import items, mapping
from leanrag.engine.recording import read_snapshots
from leanrag.engine.snapshot import Snapshot, total
from leanrag.load import client, kept, reader
from leanrag.load.chunked import longest, parts_of
from leanrag.load.chunks import Chunk, ChunkedRun, chunk, part_of, sizes
from leanrag.load.engine_figures import EngineFigures, figures, span
from leanrag.load.observe import measured
from leanrag.load.parts import Part, whole
from leanrag.load.report import Report, Stage
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY

RUN, REPORT, ENGINE, DIAGNOSIS = "run.json", "guidellm.json.gz", "engine.jsonl.zst", "diagnosis.json"
SCHEMA = "leanrag.io/run/v1"
_STARTED, _FINISHED = "process_start_time_seconds", "vllm:request_success"
# More restarts than a run survives without failed requests, which count by themselves.
_FALLS = 3
_HINT = "run the load again"


@dataclass(frozen=True, slots=True)
class Run:
    """What was sent: `parts` in their order, none where the report is not of one stage; `chunked` if sent in chunks.

    `snapshots` of the engine, None where nobody watched it.
    """

    report: Report
    parts: tuple[Part, ...]
    chunked: ChunkedRun | None = None
    snapshots: tuple[Snapshot, ...] | None = None

    @property
    def stage(self) -> Stage | None:
        """Every request of the run as one stage."""
        return whole(self.parts) if self.parts else None


def write_run(folder: Path, run: ChunkedRun) -> Path:
    """Say in `folder`/run.json which chunks are one run and how it ended; return the file."""
    document = {
        "schema": SCHEMA,
        "outcome": run.outcome.value,
        "reason": run.reason,
        "saturated": run.saturated,
        "chunks": [{"report": os.path.relpath(one.source, folder.resolve()), "seed": one.seed} for one in run.chunks],
    }
    path = folder / RUN
    write_atomic(path, json.dumps(document, indent=2) + "\n")
    return path


def read_run(path: Path, slo: Slo) -> Run:
    """Return the run that a report, a run.json or their folder holds; InputError for what cannot be used.

    Shaped traffic is told by what our own runner left beside its report; a plain block asks for the report alone.
    """
    path = _file(path)
    folder = path if path.is_dir() else path.parent
    snapshots = read_snapshots(folder / ENGINE) if (folder / ENGINE).is_file() else None
    if path.name == RUN:
        chunked = _chunked(path, slo)
        return Run(kept.read(chunked.chunks[0].source), parts_of(chunked.chunks, slo), chunked, snapshots)
    report = kept.read(path) if slo.shape or slo.decision == "sequential" else reader.read(path)
    return Run(report, _parts(report, slo), snapshots=snapshots)


def _file(path: Path) -> Path:
    """Return what our own runner left in a folder; a folder of another tool is a report itself."""
    return next((path / name for name in (RUN, REPORT) if (path / name).is_file()), path)


def _parts(report: Report, slo: Slo) -> tuple[Part, ...]:
    if len(report.stages) != 1:
        return ()
    stage, traffic = report.stages[0], slo.traffic
    return (Part(stage, (*measured(stage, traffic.warmup_requests), *client.lost(stage, traffic)), traffic),)


def _chunked(path: Path, slo: Slo) -> ChunkedRun:
    document = _document(path)
    try:
        outcome, listed = Outcome(document["outcome"]), items(document["chunks"])
        chunks = tuple(_chunks(path.parent, listed, slo))
        return ChunkedRun(outcome, str(document["reason"]), chunks, str(document["saturated"]))
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{path}: not a run in chunks", hint=_HINT) from None


def _document(path: Path) -> dict[str, Any]:
    try:
        document = dict(mapping(json.loads(read_text(path))))
    except ValueError:
        raise InputError(f"{path}: not JSON", hint=_HINT) from None
    if document.get("schema") != SCHEMA or not document.get("chunks"):
        raise InputError(f"{path}: schema {document.get('schema')!r} without chunks", hint=_HINT)
    return document


def _chunks(folder: Path, listed: Sequence[Any], slo: Slo) -> Iterator[Chunk]:
    traffic, planned = longest(slo), sizes(longest(slo))
    if len(listed) > len(planned):
        raise InputError(
            f"{folder / RUN}: {len(listed)} chunks, and this slo: block sends {len(planned)} at most", hint=_HINT
        )
    for one, size in zip(listed, planned, strict=False):
        source = folder / str(one["report"])
        found = chunk(kept.read(source), part_of(traffic, size), int(one["seed"]), source, slo.shape or STEADY)
        if isinstance(found, str):
            raise InputError(f"{source}: {found}", hint=_HINT)
        yield found


def engine_of(run: Run, model: str) -> tuple[EngineFigures | None, str]:
    """Return the engine's figures of a run, or why it has none that could be held against the client's."""
    if run.snapshots is None or run.stage is None:
        return None, ""
    seen = figures([run.snapshots], model, *span(run.stage))
    untold = _untold(seen, run.snapshots)
    return (None, untold) if untold else (seen, "")


def _untold(seen: EngineFigures, snapshots: Sequence[Snapshot]) -> str:
    """An engine that was not read, or does not count, contradicts nobody; one that started again does."""
    if several(snapshots):
        return "several engines answer at one address, and their counts cannot be told apart"
    if not seen.scrapes:
        return seen.problems[0]
    if not seen.problems and seen.finished is None:
        return "the engine does not say how many requests it finished (vllm:request_success)"
    return ""


def several(snapshots: Sequence[Snapshot]) -> bool:
    """Whether answers came from processes in turns: one that started again never goes back to its earlier start.

    Simulators do not say when they started: there a count falls with every other turn, and seldom by a restart.
    """
    told = _each(snapshots, _STARTED)
    if not told:
        return sum(later < earlier for earlier, later in pairwise(_each(snapshots, _FINISHED))) >= _FALLS
    changes = [started for at, started in enumerate(told) if at == 0 or started != told[at - 1]]
    return len(set(changes)) < len(changes)


def _each(snapshots: Sequence[Snapshot], name: str) -> list[float]:
    return [value for each in snapshots if (value := total(each.samples, name)) is not None]


def counted(run: Run) -> Stage | None:
    """Return the requests that count as one stage, after the first part's warm-up: what a diagnosis looks at."""
    if len(run.parts) < 2:
        return run.stage
    warmup = run.parts[0].stage.rows[: run.parts[0].traffic.warmup_requests]
    return replace(whole(run.parts), rows=(*warmup, *(row for part in run.parts for row in part.rows)))
