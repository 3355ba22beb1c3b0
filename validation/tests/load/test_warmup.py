"""Steady from where on: a warm-up is cut, a steady run is not made to look better, a growing queue is no latency."""

import math
import random
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.load.reader import read
from leanrag.load.report import Row
from leanrag.load.warmup import cut, cut_rows, growing, pettitt, rank_z


def latencies(n: int, seed: int, slow: int = 0, factor: float = 1.0) -> list[float]:
    draw = random.Random(seed)
    return [draw.lognormvariate(-1.5, 0.5) * (factor if index < slow else 1.0) for index in range(n)]


def test_a_warm_up_is_cut_off_and_little_more() -> None:
    found = [cut(latencies(160, seed, slow=20, factor=4.0)) for seed in range(50)]
    assert sum(one.settled and 20 <= one.discard <= 30 for one in found) >= 40, found


def test_a_steady_run_is_left_whole_and_so_is_its_share_of_slow_requests() -> None:
    limit, runs = math.exp(-1.5 + 0.5 * 1.4538), [latencies(160, seed) for seed in range(400)]
    cuts = [cut(run) for run in runs]
    assert sum(one.discard > 0 or not one.settled for one in cuts) <= 8
    whole = sum(value > limit for run in runs for value in run) / sum(map(len, runs))
    rest = [run[one.discard :] for run, one in zip(runs, cuts, strict=True)]
    kept = sum(value > limit for run in rest for value in run) / sum(map(len, rest))
    # The cut looks at what is judged: it must not make a bad service look good.
    assert kept == pytest.approx(whole, abs=0.0005)


def test_a_run_that_changes_late_never_settled() -> None:
    for slow in (80, 100, 120):
        found = cut(latencies(160, 1, slow=slow, factor=5.0))
        assert not found.settled and "never steady" in found.reason


def test_few_requests_tell_nothing_and_a_missing_latency_is_no_steadiness() -> None:
    assert cut([1.0] * 39).discard == 0 and cut([1.0] * 39).settled
    for bad in (0.0, -1.0, math.nan, math.inf):
        assert not cut([*latencies(50, 1), bad]).settled


def test_requests_that_failed_or_wait_still_say_nothing_of_the_pace() -> None:
    good = tuple(
        Row("successful", float(at), at + 1.0, ttft=value) for at, value in enumerate(latencies(80, 2, 20, 5.0))
    )
    failed = tuple(Row("errored", at + 0.5, at + 0.6) for at in range(0, 80, 2))
    rows = tuple(sorted((*good, *failed), key=lambda row: row.start))
    rest, found = cut_rows(rows)
    assert found.discard == 20 and found.settled and (rest[0].start, len(rest)) == (20.0, 90)


def test_answers_in_one_piece_are_judged_whole() -> None:
    rows = tuple(
        Row("successful", float(at), at + 1.0, e2e=value) for at, value in enumerate(latencies(80, 2, 20, 5.0))
    )
    assert cut_rows(rows)[1].discard == 20 and cut_rows(())[1].settled


def test_a_run_that_was_stopped_while_its_queue_grew_is_seen_though_its_last_requests_waited_little() -> None:
    drowned = queue(16.0, 8, 160, 3)
    stop = drowned[-1].start + 0.01
    cut_off = [
        replace(row, status="incomplete", end=stop, ttft=None) if row.start + (row.ttft or 0) > stop else row
        for row in drowned
    ]
    assert sum(row.ttft is None for row in cut_off) > 30 and growing(cut_off)


def test_a_change_of_level_is_told_from_chance() -> None:
    assert pettitt([1.0] * 12 + [2.0] * 12) < 0.001
    assert pettitt([1.0, 2.0] * 12) > 0.5 and pettitt([]) == 1.0 == pettitt([1.0])


def test_ranks_of_equal_samples_do_not_differ() -> None:
    assert rank_z([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 0.0 == rank_z([], [1.0]) == rank_z([1.0], [1.0])
    assert rank_z([10.0] * 20, [1.0] * 20) == pytest.approx(6.24, abs=0.01)


def queue(rate: float, servers: int, n: int, seed: int, work: float = 1.0) -> list[Row]:
    """Requests at random moments, served in order by so many servers; work in seconds, exponential."""
    draw, free, now, rows = random.Random(seed), [0.0] * servers, 0.0, []
    for _ in range(n):
        now += draw.expovariate(rate)
        at = min(range(servers), key=free.__getitem__)
        begin = max(now, free[at])
        free[at] = begin + draw.expovariate(1 / work)
        rows.append(Row("successful", now, free[at], ttft=begin - now + 0.05, e2e=free[at] - now))
    return rows


def test_a_rate_above_capacity_is_no_latency() -> None:
    assert sum(bool(growing(queue(16.0, 8, 160, seed))) for seed in range(50)) >= 48


def test_a_service_that_carries_its_traffic_is_not_called_drowned() -> None:
    assert sum(bool(growing(queue(5.6, 8, 160, seed))) for seed in range(200)) <= 10


def test_growth_that_nobody_can_tell_is_none() -> None:
    assert growing(queue(16.0, 8, 39, 1)) == ""


def test_a_real_run_above_capacity_is_named() -> None:
    stage = read(Path(__file__).parent / "reports" / "over-saturated.json.gz").stages[0]
    assert "12 requests under way after a third of the run, 28 at its end" in growing(stage.rows)
