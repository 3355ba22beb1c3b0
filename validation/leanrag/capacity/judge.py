"""Whether one rate holds: every promise by its sequential test, asked after each chunk of requests. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from leanrag.capacity.search import ATTEMPTS, Purpose
from leanrag.core.outcome import Outcome
from leanrag.load.observe import ended, outcomes, values
from leanrag.load.report import Row
from leanrag.slo.binomial import proves_beyond, required
from leanrag.slo.correlation import guarded
from leanrag.slo.lines import Boundaries
from leanrag.slo.objectives import LATENCIES, Metric, Objective, Slo, Traffic, Zone
from leanrag.slo.sequential import boundaries, fixed
from leanrag.slo.walk import Walk

# Latencies of the engine's own histogram, and floors that a low rate misses for want of traffic, are no promises here.
_UNASKED: tuple[Metric, ...] = ("queue", "throughput")
# Where nobody declares a zone: from 0.9 to 1.1 times the limit of a lognormal latency of this spread. For p95 that is
# 0.0318 to 0.0729.
_SPREAD, _NEAR, _FAR = 0.5, 0.9, 1.1


@dataclass(frozen=True, slots=True)
class Test:
    """A promise and its test; `beta` is its part of the error of failing a rate."""

    objective: Objective
    boundaries: Boundaries
    beta: float

    @property
    def timed(self) -> bool:
        """Whether it is about times, and decided by a zone; else about failures, and proven exactly."""
        return self.objective.metric in LATENCIES or self.objective.metric == "goodput"


@dataclass(frozen=True, slots=True)
class Said:
    """What `n` requests say of a rate; `open`: more of them may decide."""

    outcome: Outcome
    n: int
    reason: str
    open: bool = False


def tests(slo: Slo, error: float, purpose: Purpose) -> tuple[Test, ...]:
    """Return the test of each promise at this purpose.

    A rate passes when all promises hold, so none needs less error for there being several; it fails when one is broken,
    so they share the error of failing (Bonferroni). A confirmation may be tried again, so each takes a part.
    """
    asked = [one for one in slo.objectives if one.metric not in _UNASKED]
    alpha = error if purpose == "search" else error / ATTEMPTS
    return tuple(Test(one, _boundaries(one, alpha, alpha / len(asked)), alpha / len(asked)) for one in asked)


def _boundaries(one: Objective, alpha: float, beta: float) -> Boundaries:
    if one.metric in LATENCIES or one.metric == "goodput":
        return boundaries(one.allowed, one.zone or zone(one.allowed), alpha, beta)
    # So many requests pass with one failure among them.
    return fixed(one.allowed, 1.0 - alpha, required(one.allowed, 1.0 - alpha, 1) or 1)


def zone(allowed: float) -> Zone:
    """Return the zone of a promise that declares none.

    >>> round(zone(0.05).good, 4), round(zone(0.05).bad, 4)
    (0.0318, 0.0729)
    """
    normal = NormalDist()
    limit = normal.inv_cdf(1.0 - allowed)
    near, far = (normal.cdf(math.log(times) / _SPREAD - limit) for times in (_NEAR, _FAR))
    return Zone(near, far)


def said(slo: Slo, asked: Sequence[Test], rows: Sequence[Row], purpose: Purpose) -> Said:
    """Return what the requests so far, in the order of sending, say of their rate."""
    walks = [(test, _walk(test, slo, rows)) for test in asked]
    if broken := next(((test, found) for test, found in walks if found.decision is Outcome.FAIL), None):
        return Said(Outcome.FAIL, len(rows), f"{broken[0].objective.name}: {broken[1].why}")
    waiting = [(test, found) for test, found in walks if found.decision is not Outcome.PASS and counts(test, purpose)]
    if not waiting:
        return Said(Outcome.PASS, len(rows), f"all {len(walks)} promises hold, by {len(rows)} requests")
    test, found = waiting[0]
    more = all(each.more for _, each in waiting)
    return Said(Outcome.INCONCLUSIVE, len(rows), f"{test.objective.name}: {found.why}", more)


def _walk(test: Test, slo: Slo, rows: Sequence[Row]) -> Walk:
    one, about = test.objective, ended(test.objective, rows)
    broken = outcomes(one, about, slo.traffic, slo.objectives)
    found = guarded(test.boundaries, broken, values(one, about, slo.objectives))
    if found.decision is not Outcome.FAIL or test.timed:
        return found
    # The exact test has one error for both answers; FAIL must keep to its part of what the promises share.
    failures = sum(each is True for each in broken[: found.n])
    sure = proves_beyond(failures, test.boundaries.cap, one.allowed, 1.0 - test.beta)
    return found if sure else replace(found, decision=Outcome.INCONCLUSIVE, more=0)


def counts(test: Test, purpose: Purpose) -> bool:
    """Whether a promise without an answer holds a rate back: in the search, rare failures need not be proven absent."""
    return purpose != "search" or test.timed


def traffic_at(slo: Slo, rate: float, asked: Sequence[Test], purpose: Purpose) -> Traffic:
    """Return the traffic of one rate: as many requests as its tests may need, and the time for them."""
    counted = [test.boundaries.cap for test in asked if counts(test, purpose)]
    requests = max(counted, default=slo.traffic.requests)
    sent = requests + slo.traffic.warmup_requests
    return replace(
        slo.traffic,
        profile="constant",
        rate=rate,
        streams=None,
        requests=requests,
        max_duration_seconds=sent / rate + slo.traffic.timeout_seconds,
    )
