"""An engine's scrapes are read by the registry's names, for the time of the run only."""

from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.diagnose.signals import engine, signals
from leanrag.engine.snapshot import snapshot

from .simulated import BEGIN, World, run

RECORDED = Path(__file__).parents[1] / "engine" / "metrics" / "vllm-0.32.0.prom"


def test_phases_of_a_request_add_up_to_what_it_took() -> None:
    _, snapshots = run(World())
    seen = signals(snapshots)
    parts = [seen.whole[phase].mean or 0.0 for phase in ("queue", "prefill", "decode")]
    assert sum(parts) == pytest.approx(seen.whole["e2e"].mean)


def test_only_what_was_counted_during_the_run_is_its_own() -> None:
    stage, snapshots = run(World())
    middle = BEGIN + 20
    first, second = signals(snapshots, end=middle), signals(snapshots, start=middle)
    both = first.whole["e2e"].count + second.whole["e2e"].count
    assert both >= len(stage.rows) > first.whole["e2e"].count > 0


def test_the_moment_nearest_to_a_short_wait_stands_for_it() -> None:
    _, snapshots = run(World())
    seen = signals(snapshots)
    (found,) = seen.during(BEGIN + 0.1, BEGIN + 0.2)
    assert found.at == BEGIN
    assert len(seen.during(BEGIN + 0.5, BEGIN + 3.5)) == 3


def test_an_engine_that_started_again_is_told() -> None:
    _, snapshots = run(World())
    again = tuple(replace(each, moment=each.moment + 1000) for each in run(World(requests=3))[1])
    assert signals((*snapshots, *again)).resets
    assert not signals(snapshots).resets


def test_no_scrape_says_nothing() -> None:
    seen = signals(())
    assert (seen.moments, seen.hit_share, seen.mean("queue", 0.0), seen.during(0, 1)) == ((), None, None, ())


def test_an_engine_tells_its_cache_and_its_arguments_tell_the_rest() -> None:
    _, snapshots = run(World(kv_tokens=1600, caching=False))
    found = engine(snapshots, {"max-num-seqs": "16", "gpu-memory-utilization": "0.9"})
    assert (found.kv_tokens, found.block_size, found.prefix_caching) == (1600, 16, False)
    assert (found.max_num_seqs, found.gpu_memory_utilization) == (16, 0.9)


def test_a_recorded_answer_of_vllm_is_understood() -> None:
    taken = snapshot(RECORDED.read_text(encoding="utf-8"), 1.0)
    found, seen = engine((taken,)), signals((taken, replace(taken, moment=2.0)))
    assert (found.kv_tokens, found.block_size, found.prefix_caching) == (87296, 128, True)
    assert set(seen.whole) == {"ttft", "itl", "tpot", "e2e", "queue"}  # as recorded: shortened
    assert seen.preemptions == 0
