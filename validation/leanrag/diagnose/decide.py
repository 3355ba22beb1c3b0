"""From a run to its causes: which promises broke, what each second of the slow requests belongs to, how sure that is.

Pure: no clock, no network. The resampling draws from a seed of its own, so the same run has the same diagnosis.
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from leanrag.core.outcome import Outcome
from leanrag.diagnose import change, evidence, start
from leanrag.diagnose.explain import Case, Means, Sums, behind, explain, named
from leanrag.diagnose.model import CAUSES, Alone, Cause, Diagnosis, Engine, Finding, Symptom
from leanrag.diagnose.signals import Signals, signals
from leanrag.diagnose.slow import Portrait, alone, portraits, promises, symptom
from leanrag.engine.snapshot import Snapshot
from leanrag.load.health import client_health
from leanrag.load.observe import measured
from leanrag.load.report import Row, Stage
from leanrag.slo.objectives import Objective, Slo

RESAMPLES = 200
_SEED = 7


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


@dataclass(frozen=True, slots=True)
class _Found:
    findings: tuple[Finding, ...]
    unasked: Mapping[Cause, str]


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
    return _together(tuple(found for _, found in broken), answers)


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


def _symptom(run: Run, seen: Signals, rows: Sequence[Row], one: Objective, found: Symptom) -> _Found:
    if not found.slow:
        return _Found((), {})
    case, seen_rows = _case(run, seen, rows, found), portraits(found, rows, seen, run.engine)
    began = start.cold(seen_rows, one.allowed)
    if began:
        return _Found((_cold(case, began, seen_rows, one, rows[0].start, run.slo.traffic.warmup_requests),), {})
    sums = Sums(seen_rows)
    means = sums.means([(0, sums.count)])
    if means is None:
        return _Found((), {})
    added = explain(case, means)
    kept = named(case, added, means)
    sure = _confidence(case, sums)
    findings = tuple(_finding(cause, seconds, case, means, sure[cause]) for cause, seconds in kept.items())
    return _Found(findings, evidence.unasked(case, means))


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


def _finding(cause: Cause, seconds: float, case: Case, means: Means, sure: float) -> Finding:
    excess = means.value - case.symptom.limit
    facts, then = evidence.facts(cause, case, means), change.change(cause, case, means)
    return Finding(cause, case.symptom, seconds, seconds / excess, sure, facts, then)


def _cold(
    case: Case, began: start.Start, seen: Sequence[Portrait], one: Objective, moment: float, warmup: int
) -> Finding:
    draw, head, rest = random.Random(_SEED), seen[: began.count], seen[began.count :]
    same = sum(
        start.again(draw.choices(head, k=len(head)), draw.choices(rest, k=len(rest)), one.allowed)
        for _ in range(RESAMPLES)
    )
    facts, then = evidence.of_start(case, began, moment), change.of_start(began, warmup)
    return Finding("cold start", case.symptom, began.head - began.rest, 1.0, same / RESAMPLES, facts, then)


def _confidence(case: Case, sums: Sums) -> dict[Cause, float]:
    """Return for each cause the share of resamples that name it; blocks keep neighbours together, which are alike."""
    draw, length = random.Random(_SEED), max(1, round(sums.count ** (1 / 3)))
    counts: dict[Cause, int] = dict.fromkeys(CAUSES, 0)
    for _ in range(RESAMPLES):
        firsts = draw.choices(range(sums.count - length + 1), k=math.ceil(sums.count / length))
        means = sums.means([(first, first + length) for first in firsts])
        for cause in named(case, explain(case, means), means) if means else ():
            counts[cause] += 1
    return {cause: count / RESAMPLES for cause, count in counts.items()}


def _together(symptoms: tuple[Symptom, ...], answers: Sequence[_Found]) -> Diagnosis:
    """Join the answers to all symptoms: each cause once, where it explains most; ordered by how much it explains."""
    best: dict[Cause, Finding] = {}
    for each in (finding for answer in answers for finding in answer.findings):
        if each.cause not in best or _weight(each) > _weight(best[each.cause]):
            best[each.cause] = each
    findings = tuple(sorted(best.values(), key=_weight, reverse=True))
    missing: dict[Cause, str] = {}
    for answer in answers:
        missing |= {cause: why for cause, why in answer.unasked.items() if cause not in best}
    if findings:
        return Diagnosis(Outcome.FAIL, _first(findings[0]), symptoms, findings, missing)
    worst = max(symptoms, key=lambda each: each.broken / each.n)
    why = "requests failed, they were not slow" if not worst.slow else "no cause explains half of it"
    return Diagnosis(Outcome.INCONCLUSIVE, f"{worst.sentence}; {why}", symptoms, (), missing)


def _weight(found: Finding) -> float:
    """Seconds over the limit of its promise: what mends most, in terms of what was promised, comes first."""
    return min(found.share, 1.0) * found.symptom.excess / found.symptom.limit if found.symptom.limit else found.share


def _first(found: Finding) -> str:
    return f"{found.cause}: {found.symptom.sentence}; next: {found.change.key} {found.change.then}"
