"""The rooflines: reading weights and caches decides a token's time, computing that of a prefill."""

from pathlib import Path

import pytest

from leanrag.size.memory import Setup, fit
from leanrag.size.speed import EFFICIENCY, Speed, Traffic, cost, replicas, speed
from leanrag.size.tables import Tables, tables

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def known() -> Tables:
    return tables(ROOT)


def pace(known: Tables, model: str, product: str, traffic: Traffic, **setup: object) -> Speed:
    gpu, shape = known.gpus[product], known.architectures[model]
    chosen = Setup(8192, **setup)  # type: ignore[arg-type]
    found = speed(shape, chosen, gpu, fit(shape, chosen, gpu.memoryGiB), traffic)
    assert found
    return found


@pytest.mark.parametrize(
    ("product", "milliseconds"),
    # 15.0 GB of layers and lm_head and 0.27 GB of cache, at 3,350, 864 and 300 GB/s
    [("NVIDIA-H100-80GB-HBM3", 4.56), ("NVIDIA-L40S", 17.7), ("NVIDIA-L4", 50.9)],
)
def test_one_request_is_bound_by_reading_the_weights(known: Tables, product: str, milliseconds: float) -> None:
    found = pace(known, "llama-3.1-8b", product, Traffic(2047, 2), max_num_seqs=1)
    assert found.itl[0] * EFFICIENCY[1] * 1e3 == pytest.approx(milliseconds, rel=0.01)


def test_a_long_prompt_is_bound_by_computing(known: Tables) -> None:
    found = pace(known, "llama-3.1-8b", "NVIDIA-H100-80GB-HBM3", Traffic(4096, 1), max_num_seqs=1)
    assert found.ttft[0] * EFFICIENCY[1] * 1e3 == pytest.approx(62 + 4.6, rel=0.02)


def test_a_published_run_lies_in_the_range(known: Tables) -> None:
    # vLLM's CI, build 9515: Llama 3.1 8B, H200, batch 8, 32 tokens in, 128 out: 833.4 ms
    found = pace(known, "llama-3.1-8b", "NVIDIA-H200", Traffic(32, 128), max_num_seqs=8)
    low, high = (found.ttft[end] + 128 * found.itl[end] for end in (0, 1))
    assert low < 0.8334 < high


def test_a_mixture_reads_the_experts_of_its_batch_and_no_more(known: Tables) -> None:
    words = ("qwen3-30b-a3b", "NVIDIA-H200")
    one = pace(known, *words, Traffic(16, 16), max_num_seqs=1)
    many = pace(known, *words, Traffic(16, 16), max_num_seqs=64)
    assert one.itl[0] < many.itl[0] < 12 * one.itl[0]


def test_replicas_are_counted_by_the_worse_end_and_price_follows_from_speed(known: Tables) -> None:
    traffic = Traffic(512, 128, rate=40)
    found = pace(known, "qwen3-8b", "NVIDIA-L40S", traffic, max_num_seqs=64)
    count = replicas(found, traffic.rate)
    assert (count - 1) * found.requests[0] < 40 <= count * found.requests[0]
    low, high = cost(found, Setup(8192, tensor_parallel=2), traffic, 2.0)
    assert low == pytest.approx(2 * 2 / 3600 / (found.requests[1] * 128) * 1e6) and high > low
