"""The value to change next follows from the figures: no larger step than they ask for, and none that cannot help."""

from dataclasses import replace

import pytest

from leanrag.diagnose.change import change
from leanrag.diagnose.explain import Case, Means, client_is_late, explain, waits_for
from leanrag.diagnose.model import Alone, Engine, Span, Symptom
from leanrag.diagnose.signals import Moment, Signals
from leanrag.diagnose.slow import met
from leanrag.engine.histogram import Histogram
from leanrag.load.report import ClientHealth

SYMPTOM = Symptom("ttft p95", "ttft", 0.3, 2.0, 90, 100, 90)
ALONE = Alone(Span(0.1, 0.1), Span(0.01, 0.01), "measured")
CASE = Case(SYMPTOM, Signals(), Engine(max_num_seqs=4, kv_tokens=10_000, gpus=1), ALONE, tokens=50, prompt_tokens=200)
MEANS = Means(2.0, 1.8, 0.9, queue=1.7, prefill=0.1, decode=0.0, full=0.0, seats=1.0, flight=20.0)


def with_engine(**given: object) -> Case:
    return replace(CASE, engine=replace(CASE.engine, **given))  # type: ignore[arg-type]


def itl(mean: float) -> Signals:
    return Signals(whole={"itl": Histogram(((float("inf"), 100.0),), 100.0, 100.0 * mean)})


def test_a_full_batch_gets_as_many_seats_as_requests_were_there() -> None:
    found = change("queueing", CASE, MEANS)
    assert (found.key, found.now, found.then) == ("capacity.maxNumSeqs", "4", "24")


def test_no_more_seats_than_the_kv_cache_holds_requests() -> None:
    found = change("queueing", with_engine(kv_tokens=2500), MEANS)
    assert (found.key, found.then) == ("capacity.maxNumSeqs", "10")
    full = change("queueing", with_engine(kv_tokens=900), MEANS)
    assert full.key == "capacity.replicas"


def test_a_batch_whose_tokens_are_late_already_gets_no_more_seats() -> None:
    late = replace(CASE, seen=itl(0.06), itl_limit=0.05)
    assert change("queueing", late, MEANS).key == "capacity.replicas"


@pytest.mark.parametrize(
    ("engine", "flight", "key", "then"),
    [
        ({"gpus": 0, "kv_cache_gib": 1.0}, 80.0, "capacity.cpuKvCacheGiB", "2"),
        ({"gpu_memory_utilization": 0.9}, 30.0, "capacity.gpuMemoryUtilization", "0.95"),
        ({"gpu_memory_utilization": 0.95}, 70.0, "capacity.kvCacheDtype", "fp8"),
        ({"kv_cache_dtype": "fp8"}, 70.0, "capacity.replicas", "2"),
        ({}, 200.0, "capacity.replicas", "5"),
    ],
)
def test_a_kv_cache_grows_by_what_the_requests_hold(
    engine: dict[str, object], flight: float, key: str, then: str
) -> None:
    found = change("KV-cache wall", with_engine(**engine), replace(MEANS, full=1.0, flight=flight))
    assert (found.key, found.then) == (key, then)


def test_replicas_follow_from_the_line_between_one_request_and_those_that_were_there() -> None:
    # 0.1 s alone and 2.0 s with 20: at 0.3 s about 3 requests fit, so seven engines.
    found = change("compute wall", CASE, MEANS)
    assert (found.key, found.then) == ("capacity.replicas", "7")


def test_one_request_that_is_too_slow_asks_for_a_faster_engine_not_for_more_of_them() -> None:
    assert change("latency floor", CASE, MEANS).key == "capacity.parallelism.tensor"
    assert change("latency floor", with_engine(gpus=0), MEANS).key == "capacity.gpus"


def test_prefix_caching_that_is_off_is_switched_on() -> None:
    found = change("prefix cache ineffective", with_engine(prefix_caching=False), MEANS)
    assert (found.key, found.then) == ("capacity.prefixCaching", "on")


def test_a_seat_is_what_is_waited_for_only_while_a_full_batch_is_quick() -> None:
    assert waits_for(replace(CASE, seen=itl(0.012)), MEANS) == "queueing"
    assert waits_for(replace(CASE, seen=itl(0.025)), MEANS) == "compute wall"
    assert waits_for(CASE, replace(MEANS, seats=0.0)) == "compute wall"
    assert waits_for(CASE, replace(MEANS, seats=None)) == "queueing"
    assert waits_for(CASE, replace(MEANS, full=1.0)) == "KV-cache wall"
    assert waits_for(CASE, replace(MEANS, full=0.6, seats=0.9)) == "queueing"


def test_no_second_is_counted_twice() -> None:
    shared = replace(CASE, shared=0.8, engine=replace(CASE.engine, prefix_caching=False))
    means = replace(MEANS, value=2.2, prefill=0.4, seats=0.0)
    added = explain(shared, means)
    assert sum(added.values()) <= means.value + 1e-9
    assert added["prefix cache ineffective"] > added["compute wall"]


def test_one_late_request_does_not_make_a_slow_network_the_client_s_fault() -> None:
    hiccup = replace(CASE, client=ClientHealth(loop_lag=0.4, cpu_share=0.3, achieved=1.0))
    assert not client_is_late(hiccup, replace(MEANS, late=0.01), outside=0.3)
    assert client_is_late(hiccup, replace(MEANS, late=0.2), outside=0.3)
    assert client_is_late(replace(CASE, client=ClientHealth(cpu_share=0.95)), MEANS, outside=0.3)


@pytest.mark.parametrize(("kv", "full"), [(0.8, 1.0), (0.7, 0.0)])
def test_a_prompt_takes_whole_blocks_and_the_null_block_is_nobody_s(kv: float, full: float) -> None:
    # 16 blocks of 128 tokens: at 80 % of 15 three are free, and a prompt of 390 tokens takes four.
    engine = Engine(kv_tokens=2048, block_size=128)
    assert met((Moment(0.0, 3.0, 1.0, kv),), 390, engine)[0] == full


def test_a_gauge_that_lags_behind_a_step_hides_no_full_batch() -> None:
    # While the next prefill runs, the seat that it takes is still told as free.
    engine = Engine(max_num_seqs=2)
    told = tuple(Moment(float(at), running, 8.0, 0.1) for at, running in enumerate((1.0, 2.0, 1.0, 1.0)))
    assert met(told, 100, engine)[1] == 1.0
    assert met(told[2:], 100, engine)[1] == 0.0
