"""Tokens, idle time and money of a measured load."""

import pytest

from leanrag.size.economy import economy


def test_a_gpu_that_waits_costs_as_much_as_a_busy_one() -> None:
    found = economy(100.0, 2, busy=(0.5, 0.25), price=3.6)
    assert found
    assert (found.tokens_per_gpu_second, found.idle) == (50.0, 0.625)
    assert found.per_million == pytest.approx(2 * 3.6 / 3600 / 100 * 1e6)
    assert list(found.words()) == [
        "50 output tokens a GPU-second on 2 GPUs",
        "GPUs idle 62% of the time",
        "a million output tokens: 20 at 3.6 a GPU hour, at this load",
    ]


def test_what_is_not_known_is_not_said() -> None:
    found = economy(100.0, 1)
    assert found
    assert list(found.words()) == ["100 output tokens a GPU-second on 1 GPU"]
    assert found.entry()["costPerMillionOutputTokens"] is None


def test_no_tokens_have_no_price_and_a_cpu_no_economy() -> None:
    found = economy(0.0, 1, price=1.0)
    assert found and found.per_million is None
    assert economy(100.0, 0) is None
