"""Measures one model as its `slo:` block says: watched while it runs, and kept with everything that was seen."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, StepResult
from leanrag.engine.sampler import Sampler
from leanrag.load import scenario
from leanrag.load.chunked import deciding, longest
from leanrag.load.chunks import run_chunks
from leanrag.load.exporters import NOBODY, Exporters, asking
from leanrag.load.record import Watched, record, recorded
from leanrag.load.runner import NAME, run_load
from leanrag.load.runs import DIAGNOSIS, REPORT, RUN, read_run, write_run
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY

EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Service:
    """An OpenAI API to measure: `url` has no /v1, `model` is the served name; its engine answers at /metrics."""

    url: str
    model: str
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a measurement is kept: `folder` holds what is judged and compared, `chunks` the reports of a run's chunks.

    Kept apart, because whoever looks for reports in `folder` must not find one run's requests twice.
    """

    folder: Path
    chunks: Path


def measure(
    service: Service,
    slo: Slo,
    seed: int,
    place: Place,
    guidellm: Path,
    labels: Mapping[str, str] | None = None,
    seconds: float = math.inf,
    gpus: Exporters = NOBODY,
) -> StepResult:
    """Send the declared traffic, in chunks where the block may be decided on the way, and keep what was seen.

    Facts: `report` is what `leanrag judge` reads, `engine` its figures, `files` what was recorded. The silence of the
    engine, and of `gpus`, never fails a run. Raises as run_load does.
    """
    _forget(place.folder)
    with asking(gpus) as asked, Sampler(f"{service.url}/metrics", EVERY_SECONDS, service.api_key) as sampler:
        # An extension is what is sent when the declared requests leave it open, so somebody must look at these first.
        if slo.decision == "sequential" or slo.extension:
            step = _in_chunks(service, slo, seed, place, guidellm, labels or {}, seconds)
        else:
            step = _at_once(service, slo, seed, place.folder, guidellm, labels or {})
    seen = Watched((sampler.snapshots,), asked.exporters, gpus.labels, (*sampler.problems, *asked.problems))
    return _recorded(step, service, slo, place.folder, seen, labels)


def _forget(folder: Path) -> None:
    # What an earlier run left here must not be taken for this one's.
    for old in (*(folder / name for name in (RUN, REPORT, DIAGNOSIS)), *recorded(folder)):
        old.unlink(missing_ok=True)


def _at_once(
    service: Service, slo: Slo, seed: int, folder: Path, guidellm: Path, labels: Mapping[str, str]
) -> StepResult:
    key, shape = service.api_key, slo.shape or STEADY
    return run_load(service.url, service.model, slo.traffic, seed, folder, guidellm, key, labels, shape=shape)


def _in_chunks(
    service: Service, slo: Slo, seed: int, place: Place, guidellm: Path, labels: Mapping[str, str], seconds: float
) -> StepResult:
    began = time.monotonic()
    run = run_chunks(
        service.url,
        service.model,
        longest(slo),
        seed,
        place.chunks,
        guidellm,
        deciding(slo),
        shape=slo.shape or STEADY,
        seconds=seconds,
        api_key=service.api_key,
        labels=labels,
    )
    facts: dict[str, JSON] = {"seed": seed, "tool": scenario.VERSION, "chunks": len(run.chunks)}
    if run.chunks:
        facts["report"] = str(write_run(place.folder, run))
    outcome = run.outcome if run.chunks else Outcome.INCONCLUSIVE
    return StepResult(NAME, outcome, f"{service.model}: {run.reason}", time.monotonic() - began, facts=facts)


def _recorded(
    step: StepResult,
    service: Service,
    slo: Slo,
    folder: Path,
    watched: Watched,
    labels: Mapping[str, str] | None,
) -> StepResult:
    report = step.facts.get("report")
    if not isinstance(report, str):
        return step
    try:
        run = read_run(Path(report), slo)
        if run.stage is None:
            return step
        about = {**(labels or {}), "tool": run.report.tool}
        done = record(folder, run.stage, watched, service.model, slo.objectives, about)
    except StoppedError:
        raise
    except LeanragError as error:
        return _unrecorded(step, error.message)
    except Exception as error:
        # What is kept beside a report must not cost the report, not even by a defect of ours.
        return _unrecorded(step, f"unexpected {type(error).__name__}: {error}")
    return replace(step, facts={**step.facts, "engine": done.entry(), "files": [each.name for each in done.files]})


def _unrecorded(step: StepResult, why: str) -> StepResult:
    """The report is there and can be judged; what could not be kept beside it is said."""
    return replace(step, facts={**step.facts, "unrecorded": why})
