"""The memory formula: each part follows from the model's shape, and the sum from vLLM's own way of counting."""

from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.size.memory import (
    GIB,
    Setup,
    activation_bytes,
    fit,
    kv_per_token,
    release,
    sampler_bytes,
    weight_share,
    weights,
)
from leanrag.size.published import compare, table
from leanrag.size.tables import Tables, tables
from leanrag.size.ways import longest_request, ways_out

ROOT = Path(__file__).resolve().parents[3]
H100 = 79.18


@pytest.fixture(scope="module")
def known() -> Tables:
    return tables(ROOT)


@pytest.mark.parametrize(
    ("model", "quantization", "gigabytes"),
    # facts of the checkpoints: 16.06 and 72.66 GB are what the public repositories hold
    [("llama-3.1-8b", "none", 16.06), ("llama-3.3-70b", "fp8", 72.66), ("qwen3-32b", "int4", 19.20)],
)
def test_weights_are_those_of_the_checkpoint(known: Tables, model: str, quantization: str, gigabytes: float) -> None:
    assert weights(known.architectures[model], quantization) / 1e9 == pytest.approx(gigabytes, rel=0.002)


def test_a_token_of_llama_8b_takes_128_kib_and_half_of_it_in_fp8(known: Tables) -> None:
    shape = known.architectures["llama-3.1-8b"]
    assert kv_per_token(shape, Setup(8192)) == 128 * 1024
    assert kv_per_token(shape, Setup(8192, kv_bytes=1)) == 64 * 1024


def test_tensor_parallel_gpus_share_the_cache_until_one_head_is_left(known: Tables) -> None:
    shape = known.architectures["qwen3-30b-a3b"]
    whole = kv_per_token(shape, Setup(8192))
    assert kv_per_token(shape, Setup(8192, tensor_parallel=4)) == whole / 4
    assert kv_per_token(shape, Setup(8192, tensor_parallel=8)) == whole / 4


def test_expert_parallel_engines_split_the_experts_of_a_mixture(known: Tables) -> None:
    shape, setup = known.architectures["qwen3-30b-a3b"], Setup(8192)
    alone, shared = weight_share(shape, setup), weight_share(shape, replace(setup, expert_ranks=4))
    assert alone == weights(shape, "none") and alone / 4 < shared < alone / 2
    dense = known.architectures["qwen3-8b"]
    assert weight_share(dense, replace(setup, expert_ranks=4)) == weights(dense, "none")


def test_a_latent_cache_is_whole_on_every_gpu(known: Tables) -> None:
    shape = known.architectures["deepseek-v2-lite"]
    assert kv_per_token(shape, Setup(8192, tensor_parallel=8)) == 27 * 576 * 2


def test_an_older_engine_sorts_all_logits_and_needs_more(known: Tables) -> None:
    shape, setup = known.architectures["qwen3-8b"], Setup(8192, max_num_seqs=1024, version="0.13.0")
    assert sampler_bytes(shape, setup) == 1024 * 151936 * 38
    assert sampler_bytes(shape, replace(setup, version="0.18.0+rhaiv.7")) == 1024 * 151936 * 14
    assert activation_bytes(shape, replace(setup, samples=False)) < activation_bytes(shape, setup)


def test_an_unknown_version_counts_as_the_hungriest(known: Tables) -> None:
    shape, setup = known.architectures["llama-3.1-8b"], Setup(8192)
    known_ones = [fit(shape, replace(setup, version=version), H100).cache for version in ("0.11.0", "0.18.0", "0.32.0")]
    assert fit(shape, setup, H100).cache <= min(known_ones)


def test_an_overhead_that_is_given_is_taken(known: Tables) -> None:
    found = fit(known.architectures["llama-3.1-8b"], Setup(8192, overhead_gib=7), H100)
    assert found.activations + found.engine == 7 * GIB


def test_a_version_with_a_suffix_is_its_release() -> None:
    assert [release(text) for text in ("0.13.0+rhai20", "v0.9", "latest", "")] == [(0, 13), (0, 9), (0, 0), (0, 0)]


def test_every_published_capacity_is_met_within_a_tenth(known: Tables) -> None:
    runs = compare(known)
    assert len(runs) >= 20 and len({run.model.partition("-")[0] for run in runs}) >= 3
    assert {run.model: round(run.error, 3) for run in runs if abs(run.error) > 0.1} == {}
    assert f"{len(runs)} runs" in table(runs)


def test_each_way_out_really_fits(known: Tables) -> None:
    shape, setup = known.architectures["qwen3-14b"], Setup(16384, version="0.18.0")
    assert not fit(shape, setup, 22.03).fits
    assert ways_out(shape, setup, 22.03) == ("2 GPUs (tensor parallel 2)", "weights in FP8")
    assert fit(shape, replace(setup, tensor_parallel=2), 22.03).fits
    assert fit(shape, replace(setup, quantization="fp8"), 22.03).fits


def test_a_shorter_request_is_a_way_out_when_only_the_cache_is_too_small(known: Tables) -> None:
    shape, setup = known.architectures["granite-3.1-8b"], Setup(65536, version="0.18.0")
    longest = longest_request(shape, setup, 22.03)
    assert f"maxModelLen {longest:,}" in ways_out(shape, setup, 22.03)
    assert fit(shape, replace(setup, max_model_len=longest), 22.03).fits
    assert not fit(shape, replace(setup, max_model_len=longest + 1024), 22.03).fits


def test_one_gpu_a_node_leaves_no_tensor_parallelism(known: Tables) -> None:
    ways = ways_out(known.architectures["qwen3-14b"], Setup(16384), 22.03, per_node=1)
    assert not any("tensor parallel" in way for way in ways)


def test_what_never_fits_says_so(known: Tables) -> None:
    assert ways_out(known.architectures["llama-3.3-70b"], Setup(131072), 22.03, per_node=1) == (
        "take a GPU with more memory, or a smaller model",
    )


def test_a_name_finds_the_longest_architecture_that_begins_it(known: Tables) -> None:
    assert known.guess("hf://Qwen/Qwen3-30B-A3B-Instruct-2507:abc") == known.architectures["qwen3-30b-a3b"]
    assert known.guess("my-model", "pvc://models/granite-3.1-2b-instruct") == known.architectures["granite-3.1-2b"]
    assert known.guess("qwen3-8bit-thing") is None


def test_an_unknown_gpu_is_told_with_the_one_that_was_meant(known: Tables) -> None:
    with pytest.raises(InputError, match="did you mean 'NVIDIA-L40S'"):
        known.gpu("nvidia-l40s")
    assert known.gpu("NVIDIA-L4-SHARED") == known.gpus["NVIDIA-L4"]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0", "0.13.0"),
        ("registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.3.0@sha256:" + "0" * 64, "0.13.0"),
        ("docker.io/vllm/vllm-openai:v0.11.2", "0.11.2"),
        ("registry.example.com/lean-rag/vllm-cpu:0.32.0", "0.32.0"),
        ("registry.example.com/other:1.0", ""),
    ],
)
def test_an_image_says_its_version_only_where_a_source_does(known: Tables, image: str, version: str) -> None:
    assert known.version(image) == version
