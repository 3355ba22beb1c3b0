"""What happened between two scrapes: increases where they can be told, and a restart that is never hidden."""

import math
from dataclasses import replace

import pytest

from leanrag.engine.exposition import Series, series
from leanrag.engine.registry import families
from leanrag.engine.snapshot import Snapshot, cumulative, delta, snapshot, total, values, wire


def test_metrics_are_asked_for_by_their_name_in_the_registry(recorded):
    assert total(recorded.samples, "vllm:prefix_cache_hits", model_name="small") == 49792
    assert total(recorded.samples, "vllm:request_success") == 66
    assert total(recorded.samples, "vllm:kv_cache_usage_perc") == 0


def test_absent_is_not_zero(recorded):
    assert total(recorded.samples, "vllm:prefix_cache_hits", model_name="other") is None
    assert total(recorded.samples, "vllm:corrupted_requests") is None


def test_a_name_that_nobody_knows_is_the_askers_defect(recorded):
    with pytest.raises(LookupError):
        total(recorded.samples, "vllm:gpu_cache_usage_perc_of_old")


def test_a_reading_that_is_no_number_is_no_reading(recorded, key):
    spoilt = {**recorded.samples, key("vllm:kv_cache_usage_perc"): math.nan}
    assert total(spoilt, "vllm:kv_cache_usage_perc") is None


def test_engines_of_one_server_are_added(recorded, key):
    second = Series("vllm:num_requests_running", (("engine", "1"), ("model_name", "small")))
    both = {**recorded.samples, key("vllm:num_requests_running"): 3.0, second: 4.0}
    assert total(both, "vllm:num_requests_running") == 7
    assert list(values(both, "vllm:num_requests_running").values()) == [3, 4]


def test_names_that_a_monitor_put_a_prefix_on_are_the_same_metrics():
    seen = snapshot('kserve_vllm:num_preemptions_total{model_name="a"} 3\n', 0.0)
    assert total(seen.samples, "vllm:num_preemptions") == 3


def test_every_metric_of_the_registry_has_a_name_on_the_wire():
    for one in families():
        for name, known in one.metrics.items():
            assert wire(name) & (set(known.series()) | {name}), name


def test_dcgm_fields_are_known_by_their_prefix():
    seen = snapshot('DCGM_FI_DEV_GPU_UTIL{gpu="0"} 93\nDCGM_FI_DEV_GPU_UTIL{gpu="1"} 17\n', 0.0)
    assert list(values(seen.samples, "DCGM_FI_DEV_GPU_UTIL").values()) == [93, 17]


@pytest.mark.parametrize(
    ("name", "grows"),
    [
        ("vllm:num_preemptions_total", True),
        ("vllm:iteration_tokens_total_bucket", True),
        ("vllm:iteration_tokens_total_created", False),
        ("http_request_size_bytes_sum", True),
        ("vllm:num_requests_running", False),
        ("vllm:cache_config_info", False),
        ("somebody_elses_total", False),
    ],
)
def test_only_what_the_registry_calls_a_counter_has_an_increase(name, grows):
    assert cumulative(name) is grows


def test_counters_are_told_as_increases(recorded, later):
    seen = delta(recorded, later(60.0, {"vllm:prefix_cache_hits_total": 500, "vllm:num_requests_running": 5}))
    assert (seen.start, seen.seconds, seen.resets) == (1000.0, 60.0, ())
    assert total(seen.samples, "vllm:prefix_cache_hits") == 500
    assert total(seen.samples, "vllm:prompt_tokens") == 0
    assert total(seen.samples, "vllm:num_requests_running") is None  # a gauge has no increase


def test_a_series_that_was_born_in_between_began_at_zero(recorded):
    born = series("http_requests_total", handler="/health", method="GET", status="2xx")
    seen = delta(recorded, Snapshot(1001.0, {**recorded.samples, born: 4.0}))
    assert seen.samples[born] == 4
    assert not seen.resets


def test_a_counter_that_fell_is_told_and_has_no_increase(recorded, later, key):
    seen = delta(recorded, later(60.0, {"vllm:prompt_tokens_total": -1}))
    assert seen.resets == (key("vllm:prompt_tokens_total"),)
    assert total(seen.samples, "vllm:prompt_tokens") is None


def test_a_counter_that_went_away_is_told(recorded, key):
    gone = key("vllm:num_preemptions_total")
    left = {each: value for each, value in recorded.samples.items() if each != gone}
    assert delta(recorded, Snapshot(1001.0, left)).resets == (gone,)


def test_a_restart_is_told_even_when_the_counter_is_higher_again(recorded, later):
    after = later(60.0, {"vllm:prompt_tokens_created": 30, "vllm:prompt_tokens_total": 10**9})
    assert [each.name for each in delta(recorded, after).resets] == ["vllm:prompt_tokens_total"]


def test_a_restart_is_told_of_every_bucket_of_a_histogram(recorded, later):
    seen = delta(recorded, later(60.0, {"vllm:e2e_request_latency_seconds_created": 30}))
    assert {each.name.rpartition("_")[2] for each in seen.resets} == {"bucket", "sum", "count"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_counter_that_is_no_number_has_no_increase(recorded, key, value):
    one = key("vllm:prompt_tokens_total")
    good, bad = recorded, replace(recorded, samples={**recorded.samples, one: value})
    assert delta(good, bad).resets == delta(bad, good).resets == (one,)
