"""From a run to its causes: which promises broke, what each second of the slow requests belongs to, how sure that is.

Pure: no clock, no network. The resampling draws from a seed of its own, so the same run has the same diagnosis.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from leanrag.core.outcome import Outcome
from leanrag.diagnose import change, evidence, start
from leanrag.diagnose.explain import Case, Means, behind
from leanrag.diagnose.findings import RESAMPLES, SEED, Found, explained, together
from leanrag.diagnose.model import Alone, Diagnosis, Engine, Finding, Symptom
from leanrag.diagnose.signals import Signals, signals
from leanrag.diagnose.slow import Portrait, alone, portraits, promises, symptom
from leanrag.engine.snapshot import Snapshot
from leanrag.load.health import client_health
from leanrag.load.observe import measured
from leanrag.load.report import Row, Stage
from leanrag.slo.objectives import Objective, Slo


@dataclass(frozen=True, slots=True)
class Run:
    """A measured run. `alone`: what one request needs, where it was measured apart.

    `shared`: the share of prompt tokens that other prompts begin with (0: none does; None: nobody knows).
    """

    stage: Stage
    slo: Slo
    snapshots: tuple[Snapshot, ...] = ()
    engine: Engine = field(default_factory=Engine)
    alone: Alone | None = None
    shared: float | None = None


def diagnose(run: Run) -> Diagnosis:
    """Return the causes of every promise that this run broke, the one that explains most first."""
    rows = measured(run.stage, run.slo.traffic.warmup_requests)
    if not rows:
        return Diagnosis(Outcome.INCONCLUSIVE, "no request was measured, so there is nothing to explain")
    seen = signals(run.snapshots, rows[0].start, max(row.end for row in rows))
    told = list(promises(run.slo.objectives, run.slo.traffic))
    broken = [(one, found) for one, metric, limit in told if (found := symptom(one, metric, limit, rows))]
    if not told:
        return Diagnosis(Outcome.INCONCLUSIVE, "no latency is promised, so nothing can be too slow")
    if not broken:
        return _well(run, seen, rows)
    answers = [_symptom(run, seen, rows, one, found) for one, found in broken]
    return together(tuple(found for _, found in broken), answers)


def _well(run: Run, seen: Signals, rows: Sequence[Row]) -> Diagnosis:
    """No promise is broken; a client that did not send what was asked has proven that of other traffic only."""
    symptom = Symptom("pace", "throughput", 0.0, 0.0, 0, len(rows), 0)
    case = _case(run, seen, rows, symptom)
    if not behind(case):
        return Diagnosis(Outcome.PASS, "no promise about a latency is broken: no cause to look for")
    means = Means(0.0, 0.0, 0.0)
    facts, then = evidence.facts("client-bound", case, means), change.change("client-bound", case, means)
    found = Finding("client-bound", symptom, 0.0, 1.0, 1.0, facts, then)
    return Diagnosis(Outcome.FAIL, "client-bound: less was sent than was asked", (symptom,), (found,))


def _symptom(run: Run, seen: Signals, rows: Sequence[Row], one: Objective, found: Symptom) -> Found:
    if not found.slow:
        return Found((), {})
    case, seen_rows = _case(run, seen, rows, found), portraits(found, rows, seen, run.engine)
    began = start.cold(seen_rows, one.allowed)
    if began:
        return Found((_cold(case, began, seen_rows, one, rows[0].start, run.slo.traffic.warmup_requests),), {})
    return explained(case, seen_rows)


def _case(run: Run, seen: Signals, rows: Sequence[Row], found: Symptom) -> Case:
    traffic = run.slo.traffic
    itl = run.slo.find("itl") or run.slo.find("tpot")
    prompts = [row.prompt_tokens for row in rows if row.prompt_tokens]
    return Case(
        symptom=found,
        seen=seen,
        engine=run.engine,
        alone=run.alone or alone(rows, run.stage.rows),
        shared=run.shared if run.shared is not None else _declared(run.slo),
        tokens=traffic.output_tokens,
        prompt_tokens=sum(prompts) / len(prompts) if prompts else None,
        client=run.stage.client or client_health(run.stage),
        complaints=tuple(each.code for each in run.stage.warnings),
        open_loop=run.stage.rate is not None,
        itl_limit=itl.limit_seconds if itl else None,
    )


def _declared(slo: Slo) -> float | None:
    """Return the share of prompt tokens that others begin with, as the traffic's shape has it; None without one."""
    prefix = slo.shape.prefix if slo.shape else None
    return prefix.share if prefix else None


def _cold(
    case: Case, began: start.Start, seen: Sequence[Portrait], one: Objective, moment: float, warmup: int
) -> Finding:
    draw, head, rest = random.Random(SEED), seen[: began.count], seen[began.count :]
    same = sum(
        start.again(draw.choices(head, k=len(head)), draw.choices(rest, k=len(rest)), one.allowed)
        for _ in range(RESAMPLES)
    )
    facts, then = evidence.of_start(case, began, moment), change.of_start(began, warmup)
    return Finding("cold start", case.symptom, began.head - began.rest, 1.0, same / RESAMPLES, facts, then)
