"""What the verb `leanrag capacity` does: measures one rate after the other, as the search asks for them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leanrag.capacity.judge import Said, Test, said, tests, traffic_at
from leanrag.capacity.search import Capacity, Plan, Probe, Step, conclude, next_step
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.load.chunks import Chunk, ChunkedRun, run_chunks
from leanrag.load.client import RATE_BAND
from leanrag.load.health import achieved
from leanrag.load.prompts import seed_of
from leanrag.load.report import Row
from leanrag.load.scenario import STAGE_OVERHEAD
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY, Shape

Measure = Callable[[Step, int], Probe]


@dataclass(frozen=True, slots=True)
class Service:
    """What is measured, and with what; `url` has no /v1. `error` is the chance of each end of the answer to be wrong.

    `shape` is the traffic's at every rate, `seconds` the time for all of it.
    """

    url: str
    model: str
    slo: Slo
    guidellm: Path
    out: Path
    seed: int
    error: float
    api_key: str = ""
    shape: Shape = STEADY
    seconds: float = 3600.0


def capacity(service: Service, plan: Plan) -> Capacity:
    """Return the highest rate at which every promise holds; InputError when none is about single requests."""
    if not tests(service.slo, service.error, "search"):
        raise InputError("no promise is about single requests, so every rate would do", hint="promise a latency")
    ends = time.monotonic() + service.seconds
    return find(plan, lambda step, index: measure(service, step, index, ends - time.monotonic()), service.error)


def find(plan: Plan, measured: Measure, error: float) -> Capacity:
    """Search with any way of measuring a rate; it ends where a measurement has no requests, for want of time."""
    probes: list[Probe] = []
    while (step := next_step(plan, probes)) is not None:
        probe = measured(step, len(probes))
        probes.append(probe)
        say(f"capacity: {probe.rate:g}/s ({step.purpose}): {probe.outcome.value}: {probe.reason}")
        if not probe.n and not probe.client and probe.outcome is Outcome.INCONCLUSIVE:
            break
    return conclude(plan, probes, error)


def measure(service: Service, step: Step, index: int, seconds: float) -> Probe:
    """Send one rate's traffic in chunks until its tests have an answer."""
    began = time.monotonic()
    asked = tests(service.slo, service.error, step.purpose)
    sent = traffic_at(service.slo, step.rate, asked, step.purpose)
    say(f"capacity: {step.rate:g}/s ({step.purpose}), at most {sent.sent} requests, {sent.sent / step.rate:.0f} s")
    if seconds < STAGE_OVERHEAD:
        return Probe(step, Outcome.INCONCLUSIVE, 0, "the time for this search is over")
    run = run_chunks(
        service.url,
        service.model,
        sent,
        seed_of(str(service.seed), f"{step.purpose} {index}"),
        service.out / f"{index + 1:02}-{step.rate:g}",
        service.guidellm,
        _enough(service.slo, asked, step),
        shape=service.shape,
        seconds=seconds,
        api_key=service.api_key,
    )
    return probe(step, run, _said(service.slo, asked, step, run.chunks), time.monotonic() - began)


def _enough(slo: Slo, asked: Sequence[Test], step: Step) -> Callable[[Sequence[Chunk]], str]:
    """Return what stops the chunks of a rate: a decision, or the certainty that none will come."""

    def decide(chunks: Sequence[Chunk]) -> str:
        found = _said(slo, asked, step, chunks)
        return "" if found.open else f"{found.outcome.value}: {found.reason}"

    return decide


def _said(slo: Slo, asked: Sequence[Test], step: Step, chunks: Sequence[Chunk]) -> Said:
    rows: tuple[Row, ...] = tuple(row for chunk in chunks for row in chunk.rows)
    return said(slo, asked, rows, step.purpose)


def probe(step: Step, run: ChunkedRun, found: Said, seconds: float) -> Probe:
    """Return what a rate's run says: above capacity where queues only grew, nothing where the client was the limit."""
    if run.saturated:
        return Probe(step, Outcome.FAIL, found.n, f"above capacity: {run.saturated}", seconds)
    if run.outcome is not Outcome.PASS:
        return Probe(step, Outcome.INCONCLUSIVE, found.n, run.reason, seconds)
    shares = [share for chunk in run.chunks if (share := achieved(chunk.stage)) is not None]
    if shares and min(shares) < RATE_BAND[0]:
        why = f"the client sent {min(shares):.0%} of what was asked"
        return Probe(step, Outcome.INCONCLUSIVE, found.n, why, seconds, client=True)
    return Probe(step, found.outcome, found.n, found.reason, seconds)
