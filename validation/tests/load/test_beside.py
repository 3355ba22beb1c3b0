"""Engine and client count the same requests: their figures stand side by side, or it is said why not."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.engine.histogram import Range
from leanrag.engine.snapshot import Snapshot
from leanrag.load.beside import agreement, beside
from leanrag.slo.objectives import Objective

from .engines import TTFT, of, run, stage


def test_both_sides_of_a_promise_stand_side_by_side(engine):
    (seen,) = beside(stage(ttft=0.12).rows, of(run(engine, seconds=0.02)), [TTFT])
    assert (seen.client, seen.engine, seen.client_n, seen.engine_n) == (1, Range(0, 0), 100, 100)
    assert seen.apart == pytest.approx(0.1)  # the client waited 100 ms that the engine knows nothing of


def test_a_limit_between_two_edges_leaves_the_engine_s_share_open(engine):
    (seen,) = beside(stage().rows, of(run(engine, seconds=0.02)), [replace(TTFT, limit=30)])
    assert seen.engine == Range(0, 1)


def test_a_side_that_saw_nothing_says_nothing(engine):
    (seen,) = beside((), of([]), [TTFT])
    assert (seen.client, seen.engine, seen.apart) == (None, None, None)


def test_queue_time_is_the_engine_s_alone(engine):
    (seen,) = beside(stage().rows, of(run(engine)), [Objective("queue", 100, "ms", 0.95, 95)])
    assert (seen.client, seen.engine) == (None, Range(0, 0))


def test_only_latencies_have_two_sides(engine):
    assert beside(stage().rows, of(run(engine)), [Objective("errorRate", 0.01, "share", 0.95)]) == ()


def test_an_engine_that_bears_the_client_out_is_evidence(engine):
    item = agreement(of(run(engine, 100)), stage(100))
    assert item.outcome is Outcome.PASS
    assert item.reason.startswith("the engine finished 100 of 100 requests, prefix cache hit rate 0.0%, most waiting 9")


def test_an_engine_that_was_not_asked_is_no_evidence():
    assert agreement(None, stage()).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("served", "sent", "said"),
    [
        (160, stage(100), "others used it, too"),
        (50, stage(100), "another engine answered, too"),
        (0, stage(100), "another engine answered, too"),
    ],
)
def test_an_engine_that_counts_other_requests_is_refused(engine, served, sent, said):
    item = agreement(of(run(engine, served)), sent)
    assert item.outcome is Outcome.INCONCLUSIVE
    assert said in item.reason


def test_a_request_whose_end_the_client_lost_contradicts_nothing(engine):
    assert agreement(of(run(engine, 100)), stage(99, failed=1)).outcome is Outcome.PASS


def test_an_engine_that_cannot_be_told_is_refused_with_its_reason(engine):
    item = agreement(of(run(engine)[:1]), stage())
    assert (item.outcome, item.reason) == (
        Outcome.INCONCLUSIVE,
        "/metrics was not read both before and after the run",
    )


def test_an_engine_that_does_not_count_requests_is_refused(engine):
    counts = [
        Snapshot(s.moment, {k: v for k, v in s.samples.items() if "request_success" not in k.name}) for s in run(engine)
    ]
    assert "does not say how many requests" in agreement(of(counts), stage()).reason


@pytest.mark.parametrize(
    ("cached", "band", "outcome"),
    [
        (0, (0.0, 0.05), Outcome.PASS),
        (64, (0.0, 0.05), Outcome.INCONCLUSIVE),
        (48, (0.6, 0.9), Outcome.PASS),
        (0, (0.6, 0.9), Outcome.INCONCLUSIVE),
    ],
)
def test_a_prefix_cache_that_answers_other_than_declared_is_refused(engine, cached, band, outcome):
    assert agreement(of(run(engine, 100, cached=cached)), stage(100), band).outcome is outcome


def test_a_declared_hit_rate_that_nobody_tells_is_refused(engine):
    quiet = [
        Snapshot(s.moment, {k: v for k, v in s.samples.items() if "prefix_cache" not in k.name}) for s in run(engine)
    ]
    assert agreement(of(quiet), stage(), (0.0, 1.0)).outcome is Outcome.INCONCLUSIVE
