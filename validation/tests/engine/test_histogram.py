"""A histogram says how many observations lie between two edges, and is never asked for more."""

import math
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.engine.exposition import series
from leanrag.engine.histogram import Histogram, Range, histogram
from leanrag.engine.snapshot import delta

EDGES = (0.01, 0.05, 0.1, 0.25, 1.0, math.inf)


def of(observed):
    ordered = sorted(observed)
    return Histogram(tuple((edge, float(bisect_right(ordered, edge))) for edge in EDGES), len(ordered), sum(ordered))


def as_samples(found, **labels):
    text = {edge: "+Inf" if math.isinf(edge) else f"{edge:g}" for edge, _ in found.buckets}
    name = "vllm:e2e_request_latency_seconds"
    buckets = {series(f"{name}_bucket", le=text[edge], **labels): held for edge, held in found.buckets}
    return {**buckets, series(f"{name}_count", **labels): found.count, series(f"{name}_sum", **labels): found.sum}


def test_the_recorded_histogram_is_read(recorded):
    seen = histogram(recorded.samples, "vllm:time_to_first_token_seconds", model_name="small")
    assert (seen.count, seen.buckets[-1], len(seen.buckets)) == (66, (math.inf, 66), 23)
    assert seen.mean == pytest.approx(0.6109, abs=1e-4)
    assert seen.share_above(0.1) == Range(51 / 66, 51 / 66)
    assert seen.share_above(0.2) == Range(34 / 66, 51 / 66)  # inside 0.1 to 0.25: nobody knows
    assert seen.quantile(0.95) == Range(1.0, 2.5)


def test_a_histogram_of_an_interval_holds_its_observations_only(recorded, later):
    after = later(60.0, {"vllm:e2e_request_latency_seconds_": 0})
    assert histogram(delta(recorded, after).samples, "vllm:e2e_request_latency_seconds").count == 0


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=60), st.floats(0.001, 5))
def test_the_true_share_lies_in_the_range_and_is_exact_at_an_edge(observed, limit):
    seen = of(observed)
    for each in (limit, *EDGES[:-1]):
        true = sum(value > each for value in observed) / len(observed)
        found = seen.share_above(each)
        assert found.low - 1e-12 <= true <= found.high + 1e-12
        assert found.exact or each not in EDGES


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=60), st.floats(0.01, 1))
def test_the_true_quantile_lies_between_the_edges(observed, q):
    true = sorted(observed)[max(0, math.ceil(q * len(observed) - 1e-9) - 1)]
    found = of(observed).quantile(q)
    assert found.low <= true <= found.high


def test_nothing_has_no_share_no_quantile_and_no_mean():
    empty = of([])
    assert (empty.share_above(0.1), empty.quantile(0.95), empty.mean) == (None, None, None)


def test_a_limit_beyond_the_last_edge_leaves_the_share_open():
    assert of([0.5, 2.0, 3.0, 4.0]).share_above(1000) == Range(0, 0.75)


def test_engines_are_added():
    both = {**as_samples(of([0.02, 0.3]), engine="0"), **as_samples(of([0.02, 2.0]), engine="1")}
    seen = histogram(both, "vllm:e2e_request_latency_seconds")
    assert (seen.count, seen.share_above(0.25), seen.sum) == (4, Range(0.5, 0.5), pytest.approx(2.34))


def test_engines_of_different_edges_are_added_where_all_have_one():
    fine, coarse = of([0.02, 0.3]), Histogram(((0.1, 1.0), (math.inf, 2.0)), 2, 2.02)
    seen = histogram(
        {**as_samples(fine, engine="0"), **as_samples(coarse, engine="1")}, "vllm:e2e_request_latency_seconds"
    )
    assert seen.buckets == ((0.1, 2.0), (math.inf, 4.0))


@pytest.mark.parametrize(
    "buckets",
    [
        ((0.1, 2.0), (1.0, 1.0), (math.inf, 2.0)),
        ((0.1, -1.0), (math.inf, 2.0)),
        ((0.1, 1.0), (math.inf, 3.0)),
        ((0.1, 1.0), (1.0, 2.0)),
        ((0.1, math.nan), (math.inf, 2.0)),
        (),
    ],
)
def test_what_no_histogram_can_say_is_no_histogram(buckets):
    samples = as_samples(Histogram(buckets, 2.0, 0.3))
    assert histogram(samples, "vllm:e2e_request_latency_seconds") is None


def test_an_absent_histogram_is_none(recorded):
    assert histogram(recorded.samples, "vllm:e2e_request_latency_seconds", model_name="other") is None
