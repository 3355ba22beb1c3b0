"""Tokens, idle time and money of a measured load."""

import pytest

from leanrag.size.economy import economy, read


def test_a_gpu_that_waits_costs_as_much_as_a_busy_one() -> None:
    found = economy(100.0, 2, busy=(0.5, 0.25), price=3.6)
    assert found
    assert (found.tokens_per_gpu_second, found.idle) == (50.0, 0.625)
    assert found.per_million == pytest.approx(2 * 3.6 / 3600 / 100 * 1e6)
    assert list(found.words()) == [
        "50 output tokens a GPU-second on 2 GPUs",
        "a million output tokens: 20 at 3.6 a GPU hour, at this load",
        "GPUs idle 62% of the time",
    ]


def test_a_price_that_is_not_known_is_not_said_and_an_idle_share_is_said_to_be_unknown() -> None:
    found = economy(100.0, 1, gpu="NVIDIA-L4", assumptions=("all of it",))
    assert found
    assert list(found.words()) == [
        "100 output tokens a GPU-second on 1 GPU (NVIDIA-L4)",
        "idle share of the GPUs: not known, DCGM's figures of them were not recorded",
    ]
    assert found.entry()["costPerMillionOutputTokens"] is None
    assert read(found.entry()) == found


def test_no_tokens_have_no_price_and_a_cpu_no_economy() -> None:
    found = economy(0.0, 1, price=1.0)
    assert found and found.per_million is None
    assert economy(100.0, 0) is None
