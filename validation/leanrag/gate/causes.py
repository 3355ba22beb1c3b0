"""Why a model did not pass: its run diagnosed, the answer kept beside the report, its first cause for the verdict.

A diagnosis explains a verdict and never decides one: without it the verdict is the same.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.files import write_atomic
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import JSON, StepResult
from leanrag.diagnose.commands import Known, engine_of
from leanrag.diagnose.decide import Run, diagnose
from leanrag.diagnose.model import Alone, Diagnosis, Fact
from leanrag.diagnose.slow import alone
from leanrag.gate.lift import check_facts
from leanrag.load import runs
from leanrag.load.observe import measured
from leanrag.load.prompts import shared_share
from leanrag.load.report import Stage
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that did not pass: `overlay` is the model's own file, whose values are what may be changed next.

    `ask` measures what one request takes that has the engine to itself, None where there is no time for that.
    """

    run: runs.Run
    slo: Slo
    seed: int
    model: str
    overlay: Path
    ask: Callable[[], Alone] | None = None


def why(failed: Failed, folder: Path) -> dict[str, JSON] | None:
    """Return the entry of the verdict's `diagnoses` for a model; None when no promise about a time is broken.

    `folder` gets the whole diagnosis.
    """
    try:
        found = _diagnosis(failed)
        if found is None or not (found.symptoms or found.findings):
            return None
        write_atomic(folder / runs.DIAGNOSIS, json.dumps(found.document(), indent=2) + "\n")
        return _checked(_entry(failed.model, found))
    except StoppedError:
        raise
    except LeanragError as error:
        return _unknown(failed.model, f"the run could not be diagnosed: {error.message}")
    except Exception as error:
        # What explains must not cost what was decided, not even by a defect of ours.
        return _unknown(failed.model, f"the run could not be diagnosed: unexpected {type(error).__name__}: {error}")


def _checked(entry: dict[str, JSON]) -> dict[str, JSON]:
    """Return the entry; InputError for one that the verdict would refuse, and all that was judged with it."""
    check_facts(StepResult("judge", Outcome.FAIL, "", 0.0, facts={"diagnoses": [entry]}))
    return entry


def _diagnosis(failed: Failed) -> Diagnosis | None:
    stage, slo = runs.counted(failed.run), failed.slo
    if stage is None:
        return None
    snapshots = failed.run.snapshots or ()
    if runs.several(snapshots):
        snapshots = ()  # the counts of one engine after those of another explain nothing
    engine = engine_of(snapshots, Known(overlay=failed.overlay if failed.overlay.is_file() else None))
    # These prompts are ours: without a declared prefix each begins with words of its own.
    shared = shared_share(slo.traffic, slo.shape or STEADY, failed.seed)
    known = Run(stage, slo, snapshots, engine, None, shared)
    found = diagnose(known)
    lone = _asked(failed) if _worth_asking(found, stage, slo) else None
    return diagnose(replace(known, alone=lone)) if lone else found


def _worth_asking(found: Diagnosis, stage: Stage, slo: Slo) -> bool:
    """Whether something was slow, somebody is there to be asked, and the run itself does not tell."""
    answered = any(row.status == "successful" for row in stage.rows)
    slow = any(each.slow for each in found.symptoms)
    return answered and slow and alone(measured(stage, slo.traffic.warmup_requests), stage.rows) is None


def _asked(failed: Failed) -> Alone | None:
    try:
        return failed.ask() if failed.ask else None
    except StoppedError:
        raise
    except Exception as error:
        say(f"diagnose: lone requests told nothing: {error}")
        return None


def _entry(model: str, found: Diagnosis) -> dict[str, JSON]:
    if not found.findings:
        return _unknown(model, found.reason, [f"not asked: {cause}: {why}" for cause, why in found.unasked.items()])
    first = found.findings[0]
    return {
        "model": model,
        "reason": found.reason,
        "cause": first.cause,
        "symptom": first.symptom.sentence,
        "confidence": first.confidence,
        "evidence": [_said(fact) for fact in first.facts],
        "change": first.change.entry(),
    }


def _said(fact: Fact) -> str:
    return f"{fact.what}: {fact.seen}{f' ({fact.why})' if fact.why else ''}"


def _unknown(model: str, reason: str, unasked: Iterable[str] = ()) -> dict[str, JSON]:
    entry: dict[str, JSON] = {"model": model, "reason": reason or "no reason is known", "cause": None}
    return {**entry, "symptom": None, "confidence": None, "evidence": list(unasked), "change": None}
