"""Causes by an engine's own figures alone, while users or anybody else send: no load, no client, nothing to stop.

A stretch between two scrapes stands for the requests that ended in it. What lies outside the engine cannot be seen.
"""

from collections.abc import Iterator, Sequence

from leanrag.core.outcome import Outcome
from leanrag.diagnose.explain import Case, engine_figure
from leanrag.diagnose.findings import explained, together
from leanrag.diagnose.model import Alone, Diagnosis, Engine, Symptom
from leanrag.diagnose.signals import Signals, Window, signals
from leanrag.diagnose.slow import Portrait, in_engine, met, promises
from leanrag.engine.histogram import Histogram, histogram
from leanrag.engine.snapshot import Snapshot, delta
from leanrag.slo.objectives import Metric, Objective, Slo

_PROMPTS = "vllm:request_prompt_tokens"
_ANSWERS = "vllm:request_generation_tokens"


def diagnose_engine(
    snapshots: Sequence[Snapshot], slo: Slo, engine: Engine, alone: Alone | None = None, shared: float | None = None
) -> Diagnosis:
    """Return the causes of every promise that the engine's own histograms show broken, for certain, in this time."""
    seen = signals(snapshots)
    told = [(one, metric, limit) for one, metric, limit in promises(slo.objectives, slo.traffic)]
    counted = [each for each in told if (held := _held(each[1], seen)) and held.count]
    if not counted:
        return Diagnosis(Outcome.INCONCLUSIVE, "no request ended between the scrapes, so there is nothing to explain")
    broken = [(one, found) for one, metric, limit in counted if (found := _symptom(one, metric, limit, seen))]
    if not broken:
        return _well([one for one, metric, limit in counted if not _kept(one, metric, limit, seen)])
    prompt, answer = (_mean(snapshots, name) for name in (_PROMPTS, _ANSWERS))
    itl = slo.find("itl") or slo.find("tpot")
    answers = []
    for one, found in broken:
        case = Case(
            symptom=found,
            seen=seen,
            engine=engine,
            alone=alone,
            shared=shared,
            tokens=round(answer or slo.traffic.output_tokens),
            prompt_tokens=prompt,
            itl_limit=itl.limit_seconds if itl else None,
            watched=False,
        )
        answers.append(explained(case, tuple(_portraits(case, one.allowed))))
    return together(tuple(found for _, found in broken), answers)


def _well(untold: Sequence[Objective]) -> Diagnosis:
    """No promise is broken for certain; one whose limit lies between two edges may be all the same."""
    if untold:
        names = ", ".join(one.name for one in untold)
        why = (
            f"the engine's histogram has no edge at the limit of {names}, so nobody can tell; see monitoring.sloBuckets"
        )
        return Diagnosis(Outcome.INCONCLUSIVE, why)
    return Diagnosis(Outcome.PASS, "no promise is broken by the engine's own figures: no cause to look for")


def _kept(one: Objective, metric: Metric, limit: float, seen: Signals) -> bool:
    held = _held(metric, seen)
    above = held.share_above(limit) if held else None
    return above is not None and above.high <= one.allowed


def _held(metric: Metric, seen: Signals) -> Histogram | None:
    return seen.whole.get(engine_figure(metric, seen))


def _symptom(one: Objective, metric: Metric, limit: float, seen: Signals) -> Symptom | None:
    held = _held(metric, seen)
    above = held.share_above(limit) if held else None
    # Between two edges nobody can tell; the lower share is certain.
    if held is None or above is None or above.low <= one.allowed:
        return None
    slow = round(above.low * held.count)
    return Symptom(one.name, metric, limit, _slow_mean(metric, limit, seen), slow, round(held.count), slow)


def _slow_mean(metric: Metric, limit: float, seen: Signals) -> float:
    """Return the mean of the stretches whose mean is beyond the limit; the limit itself where none is."""
    held = [each.phases.get(engine_figure(metric, seen)) for each in seen.windows]
    slow = [each for each in held if each and each.mean is not None and each.mean > limit]
    count = sum(each.count for each in slow)
    return sum(each.sum for each in slow) / count if count else limit


def _portraits(case: Case, allowed: float) -> Iterator[Portrait]:
    for window in case.seen.windows:
        held = window.phases.get(engine_figure(case.symptom.metric, case.seen))
        if held and held.mean is not None:
            yield from [_portrait(case, window, held.mean)] * max(1, round(held.count))


def _portrait(case: Case, window: Window, value: float) -> Portrait:
    if value <= case.symptom.limit:
        return Portrait(value, False)
    per_token = case.symptom.metric in {"itl", "tpot"}
    lived = case.seen.during(window.start, window.end)
    full, seats = met(lived, case.prompt_tokens, case.engine)
    decode = {"e2e": case.seen.mean("decode", window.end), "ttft": 0.0, "queue": 0.0}.get(case.symptom.metric, value)
    return Portrait(
        value,
        True,
        queue=0.0 if per_token else case.seen.mean("queue", window.end),
        prefill=0.0 if per_token else case.seen.mean("prefill", window.end),
        decode=decode,
        full=full,
        seats=seats,
        flight=in_engine(lived),
    )


def _mean(snapshots: Sequence[Snapshot], name: str) -> float | None:
    held = histogram(delta(snapshots[0], snapshots[-1]).samples, name) if len(snapshots) > 1 else None
    return held.mean if held else None
