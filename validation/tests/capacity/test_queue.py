"""A queue whose capacity is known in closed form: one server, random arrivals and service times (M/M/1).

The time in it is exponential with rate mu - lambda, so p95 <= L holds exactly up to lambda = mu - ln(20) / L. The
requests of a queue wait for each other: this is where a test that takes them for independent errs.
"""

import math
import random

import pytest

from leanrag.capacity import judge
from leanrag.capacity.commands import find
from leanrag.capacity.judge import said, traffic_at, zone
from leanrag.capacity.search import Plan, Probe, Step
from leanrag.core.outcome import Outcome
from leanrag.load.report import Row
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone

MU, LIMIT = 10.0, 1.0
TRUE = MU - math.log(20) / LIMIT
SLO = Slo(
    (Objective("ttft", LIMIT, "s", 0.95, 95), Objective("errorRate", 0.01, "share", 0.95)),
    Traffic("constant", 320, 64, 8, 30.0, 16, 600.0, rate=2.0),
)


class Queue:
    """Requests in the order of arrival, each with the time from its arrival to the end of its service."""

    def __init__(self, rate: float, draw: random.Random) -> None:
        self.rate, self.draw, self.now, self.free = rate, draw, 0.0, 0.0
        for _ in range(200):  # warm up: an empty queue at the start would make every rate look better
            self.row()

    def row(self) -> Row:
        self.now += self.draw.expovariate(self.rate)
        self.free = max(self.now, self.free) + self.draw.expovariate(MU)
        took = self.free - self.now
        return Row("successful", self.now, self.free, self.now, took, 0.001, took, 64, 8)


class Measured:
    """Measures a rate in chunks, as the real thing does."""

    def __init__(self, seed: int) -> None:
        self.draw, self.requests = random.Random(seed), 0

    def __call__(self, step: Step, index: int) -> Probe:
        asked, served = judge.tests(SLO, 0.05, step.purpose), Queue(step.rate, self.draw)
        most, rows = traffic_at(SLO, step.rate, asked, step.purpose).requests, list[Row]()
        found = said(SLO, asked, rows, step.purpose)
        while found.open and len(rows) < most:
            rows += [served.row() for _ in range(min(40, most - len(rows)))]
            found = said(SLO, asked, rows, step.purpose)
        self.requests += len(rows)
        return Probe(step, found.outcome, len(rows), found.reason)


def test_the_zone_of_a_promise_that_declares_none_is_that_of_a_lognormal_latency() -> None:
    found = zone(0.05)
    assert (round(found.good, 4), round(found.bad, 4)) == (0.0318, 0.0729)


@pytest.mark.parametrize("seed", range(5))
def test_the_capacity_of_a_queue_lies_between_the_ends_that_are_claimed(seed: int) -> None:
    found = find(Plan(1.0, 0.5, 40.0), Measured(seed), 0.05)
    # The declared zone is what either answer is right in: p95 within 0.9 to 1.1 of the limit.
    good, bad = (MU + math.log(share) / LIMIT for share in (zone(0.05).good, zone(0.05).bad))
    assert found.low is None or found.low <= bad
    assert found.high is None or found.high >= good


def test_a_broken_promise_fails_a_rate_and_one_that_is_undecided_asks_for_more() -> None:
    asked = judge.tests(SLO, 0.05, "search")
    slow = [Row("successful", i, i + 2.0, i, 2.0, 0.001, 2.0, 64, 8) for i in range(60)]
    fast = [Row("successful", i, i + 0.1, i, 0.1, 0.001, 0.1, 64, 8) for i in range(20)]
    assert said(SLO, asked, slow, "search").outcome is Outcome.FAIL
    undecided = said(SLO, asked, fast, "search")
    assert (undecided.outcome, undecided.open) == (Outcome.INCONCLUSIVE, True)


def test_errors_hold_no_rate_back_in_the_search_and_must_be_proven_rare_to_confirm_it() -> None:
    rows = [Row("successful", i, i + 0.1, i, 0.1 + i % 7 / 1000, 0.001, 0.1, 64, 8) for i in range(120)]
    assert said(SLO, judge.tests(SLO, 0.05, "search"), rows, "search").outcome is Outcome.PASS
    confirmed = said(SLO, judge.tests(SLO, 0.05, "confirm low"), rows, "confirm low")
    assert (confirmed.outcome, confirmed.open) == (Outcome.INCONCLUSIVE, True)


def test_a_declared_zone_is_the_one_that_is_tested() -> None:
    declared = Objective("ttft", 1.0, "s", 0.95, 95, Zone(0.01, 0.2))
    (test,) = judge.tests(Slo((declared,), SLO.traffic), 0.05, "search")
    assert test.boundaries.zone == Zone(0.01, 0.2)
