"""Steady from where on: a warm-up is cut, a steady run is not made to look better, a growing queue is no latency."""

import math
import random

import pytest

from leanrag.load.report import Row
from leanrag.load.warmup import cut, growing, pettitt, rank_z


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
    assert sum(bool(growing(queue(16.0, 8, 160, seed))) for seed in range(50)) >= 45


def test_a_service_that_carries_its_traffic_is_not_called_drowned() -> None:
    assert sum(bool(growing(queue(5.6, 8, 160, seed))) for seed in range(200)) <= 2


def test_growth_that_nobody_can_tell_is_none() -> None:
    assert growing(queue(16.0, 8, 39, 1)) == ""
