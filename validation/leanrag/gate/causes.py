"""Why a model did not pass: its run diagnosed, the answer kept beside the report, its first cause for the verdict.

A diagnosis explains a verdict and never decides one: without it the verdict is the same.
"""

import json
from pathlib import Path

from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.files import write_atomic
from leanrag.core.result import JSON
from leanrag.diagnose.commands import Known, engine_of
from leanrag.diagnose.decide import Run, diagnose
from leanrag.diagnose.model import Diagnosis, Fact
from leanrag.load import runs
from leanrag.load.prompts import shared_share
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY


def why(run: runs.Run, slo: Slo, seed: int, model: str, folder: Path, overlay: Path) -> dict[str, JSON] | None:
    """Return the entry of the verdict's `diagnoses` for a model; None when no promise about a time is broken.

    `overlay` is the model's own, whose values are what may be changed next; `folder` gets the whole diagnosis.
    """
    try:
        found = _diagnosis(run, slo, seed, overlay)
        if found is None or not (found.symptoms or found.findings):
            return None
        write_atomic(folder / runs.DIAGNOSIS, json.dumps(found.document(), indent=2) + "\n")
        return _entry(model, found)
    except StoppedError:
        raise
    except LeanragError as error:
        return _unknown(model, f"the run could not be diagnosed: {error.message}")
    except Exception as error:
        # What explains must not cost what was decided, not even by a defect of ours.
        return _unknown(model, f"the run could not be diagnosed: unexpected {type(error).__name__}: {error}")


def _diagnosis(run: runs.Run, slo: Slo, seed: int, overlay: Path) -> Diagnosis | None:
    stage = runs.counted(run)
    if stage is None:
        return None
    snapshots = run.snapshots or ()
    engine = engine_of(snapshots, Known(overlay=overlay if overlay.is_file() else None))
    # These prompts are ours: without a declared prefix each begins with words of its own.
    shared = shared_share(slo.traffic, slo.shape or STEADY, seed)
    return diagnose(Run(stage, slo, snapshots, engine, None, shared))


def _entry(model: str, found: Diagnosis) -> dict[str, JSON]:
    if not found.findings:
        return _unknown(model, found.reason)
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


def _unknown(model: str, reason: str) -> dict[str, JSON]:
    entry: dict[str, JSON] = {"model": model, "reason": reason or "no reason is known", "cause": None}
    return {**entry, "symptom": None, "confidence": None, "evidence": [], "change": None}
