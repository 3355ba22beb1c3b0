"""A thread stops a run that nobody wants any more, and a moment without an answer does not."""

import threading
import time

from leanrag.core.errors import StoppedError, UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.gate.plan import Surroundings
from leanrag.gate.run import run_gate
from leanrag.gate.watch import watching


def test_the_first_reason_ends_the_watch():
    told, reasons = threading.Event(), []

    def stop(why):
        reasons.append(why)
        told.set()

    with watching((lambda: "", lambda: "superseded by x"), stop, every=0.01):
        assert told.wait(5)
    assert reasons == ["superseded by x"]


def test_an_edge_that_does_not_answer_stops_nothing():
    asked, reasons = threading.Event(), []
    calls = iter(range(100))

    def away():
        if next(calls) == 3:
            asked.set()
        raise UnreachableError("git fetch: no route")

    with watching((away,), reasons.append, every=0.01):
        assert asked.wait(5)
    assert reasons == []


class Superseded(Surroundings):
    def guard(self, stopper):
        return watching((lambda: "superseded by newer",), stopper.stop, every=0.05)


def test_a_superseded_run_stops_in_the_middle_of_its_load_and_still_has_a_verdict(plan, steps):
    began = time.monotonic()
    verdict = run_gate(plan(around=Superseded()), steps(load=lambda _: time.sleep(30)))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "load: superseded by newer"
    assert [step.outcome for step in verdict.steps[4:]] == [Outcome.NOT_RUN, Outcome.INCONCLUSIVE]
    assert time.monotonic() - began < 20  # it slept for thirty seconds otherwise


def test_nothing_interrupts_after_the_steps(plan, steps):
    class Late(Surroundings):
        def guard(self, stopper):
            self.stopper = stopper
            return super().guard(stopper)

        def publish(self, verdict, out):
            self.stopper.stop("too late")
            time.sleep(0.1)
            return super().publish(verdict, out)

    try:
        verdict = run_gate(plan(around=Late()), steps())
    except StoppedError:
        raise AssertionError("publishing was interrupted") from None
    assert verdict.outcome is Outcome.PASS
