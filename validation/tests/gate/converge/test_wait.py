"""Waiting ends when two looks agree, when something is lost for good, or at the deadline; never before."""

import pytest

from leanrag.core.errors import UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.gate.problem import Cause, Problem
from leanrag.gate.wait import Clock, wait

LATE = Problem(Cause.POD, "dev-rag-stack", "0 of 1 pods are ready")
LOST = Problem(Cause.HEALTH, "dev-rag-stack", "is Degraded", broken=True)


class Time:
    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def waited():
    def run(looks, deadline=600.0):
        time, shown = Time(), iter(looks)
        last = []

        def look():
            last[:] = [next(shown, last[0] if last else ())]
            if isinstance(last[0], Exception):
                raise last[0]
            return last[0]

        return wait(look, deadline, Clock(lambda: time.now, time.sleep)), time.now

    return run


def test_one_good_look_is_not_enough(waited):
    done, _ = waited([(), (LATE,), (), ()])
    assert (done.outcome, done.looks) == (Outcome.PASS, 4)


def test_what_is_still_under_way_at_the_deadline_is_inconclusive(waited):
    done, seconds = waited([(LATE,)], deadline=100.0)
    assert (done.outcome, done.left, done.broken) == (Outcome.INCONCLUSIVE, (LATE,), frozenset())
    assert seconds == pytest.approx(100.0)


def test_what_stays_broken_is_a_failure_before_the_deadline(waited):
    done, seconds = waited([(LOST, LATE)], deadline=1800.0)
    assert (done.outcome, done.broken) == (Outcome.FAIL, frozenset({LOST.key}))
    assert 300 <= seconds < 330


def test_a_short_deadline_has_a_short_patience(waited):
    done, seconds = waited([(LOST,)], deadline=60.0)
    assert done.outcome is Outcome.FAIL
    assert 20 <= seconds < 40


def test_what_mends_itself_is_no_failure_and_starts_anew(waited):
    done, _ = waited([(LOST,)] * 8 + [(LATE,)] + [(LOST,)] * 8 + [(), ()], deadline=600.0)
    assert done.outcome is Outcome.PASS


def test_a_restart_of_the_api_server_is_waited_out(waited):
    done, _ = waited([UnreachableError("the API server does not answer")] * 3 + [(), ()])
    assert done.outcome is Outcome.PASS


def test_an_api_server_that_stays_away_is_inconclusive(waited):
    done, _ = waited([UnreachableError("pods in lr-rag: the API server says 403 Forbidden")], deadline=30.0)
    assert done.outcome is Outcome.INCONCLUSIVE
    assert str(done.left[0]) == "API server: pods in lr-rag: the API server says 403 Forbidden"
