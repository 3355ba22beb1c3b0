"""The server by which the gate is measured does what it says: draws, delays that never come early, and its own log."""

import importlib.util
import json
import math
import sys
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

import pytest
import requests

from leanrag.slo.binomial import at_least, at_most

FOLDER = Path(__file__).parents[2] / "benchmarks" / "gate"


def load(name: str) -> Any:
    """Import a module of the benchmark by its file: that folder is no package."""
    spec = importlib.util.spec_from_file_location(f"gate_bench_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


server, service = load("server"), load("service")


def drawn(count: int, **settings: Any) -> list[float]:
    one = server.Service()
    one.set(settings)
    return [one.first() for _ in range(count)]


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.1])
def test_the_share_over_a_limit_is_the_declared_one(ratio: float) -> None:
    sigma, n = 0.5, 20_000
    share = 1 - NormalDist().cdf(NormalDist().inv_cdf(0.95) - math.log(ratio) / sigma)
    median = ratio / math.exp(sigma * NormalDist().inv_cdf(0.95))
    over = sum(value > 1.0 for value in drawn(n, median=median, sigma=sigma, seed=3))
    assert min(at_most(over, n, share), at_least(over, n, share)) > 0.001


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
def test_logarithms_hang_together_as_declared(rho: float) -> None:
    logs = [math.log(value) for value in drawn(20_000, median=1.0, sigma=1.0, rho=rho, seed=4)]
    mean = fmean(logs)
    together = sum((one - mean) * (other - mean) for one, other in pairwise(logs))
    assert together / sum((one - mean) ** 2 for one in logs) == pytest.approx(rho, abs=0.03)


def test_the_same_seed_draws_the_same_times() -> None:
    assert drawn(50, sigma=0.5, seed=9) == drawn(50, sigma=0.5, seed=9) != drawn(50, sigma=0.5, seed=10)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "one two three"}]}),
        ("/v1/completions", {"prompt": "one two three"}),
    ],
)
def test_nothing_is_sent_early_and_the_log_says_what_was_sent(path: str, asked: dict[str, Any]) -> None:
    with service.Known() as known:
        known.set(median=0.02, gap=0.004, seed=1)
        body = {"model": "known", "stream": True, "max_tokens": 5, **asked}
        lines = requests.post(known.url + path, json=body, timeout=30).text.splitlines()
        ((_, wanted, first, whole, tokens),) = known.log()
    assert first >= wanted == pytest.approx(0.02)
    assert whole >= wanted + 4 * 0.004 and tokens == 5
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    texts = [one.get("text") or one["delta"]["content"] for event in events for one in event["choices"]]
    assert "".join(texts) == "w0 w1 w2 w3 w4 "
    assert events[-1]["usage"] == {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    assert [line for line in lines if line][-1] == "data: [DONE]"
