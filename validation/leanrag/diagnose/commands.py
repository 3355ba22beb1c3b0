"""What the verb `leanrag diagnose` does: gathers a run from files, or makes one, and asks for its causes."""

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.shapes import mapping
from leanrag.diagnose.alone import measure
from leanrag.diagnose.decide import Run, diagnose
from leanrag.diagnose.live import diagnose_engine
from leanrag.diagnose.model import Alone, Diagnosis, Engine
from leanrag.diagnose.signals import engine
from leanrag.engine.recording import read_snapshots, write_snapshots
from leanrag.engine.sampler import Sampler
from leanrag.engine.snapshot import Snapshot
from leanrag.load import kept
from leanrag.load.commands import values_of
from leanrag.load.prompts import shared_share
from leanrag.load.report import Stage
from leanrag.load.rows import read_rows, write_rows
from leanrag.load.runner import run_load
from leanrag.size.served import arguments
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY

EVERY_SECONDS = 1.0
# charts/serving/model: what maxNumSeqs 0 means without a GPU.
_SEATS_ON_CPU = 64


@dataclass(frozen=True, slots=True)
class Known:
    """What a person can say of a run: engine arguments as a command line, the model's overlay, one request alone,
    and the share of prompt tokens that others begin with.
    """

    engine_args: str = ""
    overlay: Path | None = None
    alone: Alone | None = None
    shared: float | None = None


def diagnose_file(report: Path, slo: Slo, metrics: Path | None, known: Known) -> Diagnosis:
    """Diagnose a report of a load tool, or kept rows, with the engine's kept snapshots beside it."""
    snapshots = read_snapshots(metrics) if metrics else ()
    return diagnose(Run(_stage(report), slo, snapshots, engine_of(snapshots, known), known.alone, known.shared))


def _stage(path: Path) -> Stage:
    if path.name.endswith(".jsonl.zst"):
        return read_rows(path)
    found = kept.read(path)
    if len(found.stages) != 1:
        names = ", ".join(each.name for each in found.stages) or "none"
        raise InputError(f"{path}: holds the stages {names}", hint="name a report of a single stage")
    return found.stages[0]


def diagnose_endpoint(
    url: str, metrics: str, model: str, slo: Slo, seed: int, out: Path, guidellm: Path, known: Known, api_key: str = ""
) -> Diagnosis:
    """Measure a few requests alone, then the declared traffic with the engine's metrics beside it, and diagnose that.

    `url` has no /v1, `metrics` is the whole address of /metrics. Rows and snapshots are kept in `out`.
    """
    lone = known.alone or measure(url, model, slo.traffic, seed ^ 1, api_key)
    with Sampler(metrics, every=EVERY_SECONDS, token=api_key) as sampler:
        step = run_load(url, model, slo.traffic, seed, out, guidellm, api_key, shape=slo.shape or STEADY)
    if step.outcome is not Outcome.PASS:
        return Diagnosis(Outcome.INCONCLUSIVE, f"the load could not be measured: {step.reason}")
    stage = _stage(Path(str(step.facts["report"])))
    write_rows(out / "rows.jsonl.zst", stage)
    write_snapshots(out / "engine.jsonl.zst", sampler.snapshots)
    # These prompts are ours: without a declared prefix each begins with words of its own.
    shared = known.shared if known.shared is not None else shared_share(slo.traffic, slo.shape or STEADY, seed)
    return diagnose(Run(stage, slo, sampler.snapshots, engine_of(sampler.snapshots, known), lone, shared))


def diagnose_live(metrics: str, slo: Slo, seconds: float, known: Known, api_key: str = "") -> Diagnosis:
    """Watch an engine for some seconds under whatever traffic it has, and diagnose it by its own figures."""
    say(f"diagnose: watching {metrics} for {seconds:g} s; nothing is sent")
    with Sampler(metrics, every=EVERY_SECONDS, token=api_key) as sampler:
        time.sleep(seconds)
    if not sampler.snapshots:
        why = "; ".join(sampler.problems) or f"{metrics}: nothing was scraped"
        raise UnreachableError(why, hint="name the whole address of the engine's /metrics")
    taken = sampler.snapshots
    return diagnose_engine(taken, slo, engine_of(taken, known), known.alone, known.shared)


def engine_of(snapshots: tuple[Snapshot, ...], known: Known) -> Engine:
    """Return how the engine was started: by its arguments, by itself, and by the model's overlay."""
    try:
        words = shlex.split(known.engine_args)
    except ValueError as error:
        raise InputError(f"--engine-args: {error}", hint="quote it as for a shell") from None
    found = engine(snapshots, arguments({"args": words}))
    return with_values(found, mapping(values_of(known.overlay))) if known.overlay else found


def with_values(found: Engine, values: Mapping[str, Any]) -> Engine:
    """Complete what is known of an engine from its chart's values; what the engine itself says stands."""
    capacity = mapping(values.get("capacity"))
    gpus = int(capacity.get("gpus") or 0)
    seats = int(capacity.get("maxNumSeqs") or 0) or (None if gpus else _SEATS_ON_CPU)
    return replace(
        found,
        max_num_seqs=found.max_num_seqs or seats,
        max_num_batched_tokens=found.max_num_batched_tokens or int(capacity.get("maxNumBatchedTokens") or 0) or None,
        gpu_memory_utilization=found.gpu_memory_utilization or float(capacity.get("gpuMemoryUtilization") or 0) or None,
        kv_cache_gib=None if gpus else float(capacity.get("cpuKvCacheGiB") or 0) or None,
        gpus=gpus,
        replicas=int(capacity.get("replicas") or 1),
    )
