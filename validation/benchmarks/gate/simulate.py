"""Runs drawn by lot: sample percentiles, and whole gates on latencies that hang together."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from leanrag.core.outcome import Outcome
from leanrag.slo.binomial import proves_beyond, proves_within
from leanrag.slo.correlation import guarded
from leanrag.slo.lines import Boundaries
from leanrag.slo.oc import lognormal_share
from leanrag.slo.sequential import walk

SIGMA, ALLOWED = 0.5, 0.05
NAIVE_N = 100
LOOKS = range(50, 501, 25)
_BATCH = 1_000
Array = np.ndarray


def level(ratio: float) -> float:
    """Where the limit lies in standard deviations of log latency, when the p95 is `ratio` times the limit."""
    return NormalDist().inv_cdf(1 - ALLOWED) - math.log(ratio) / SIGMA


def passes_by_percentile(n: int, ratio: float, runs: int, seed: int) -> float:
    """How often the sample's 95th percentile (between neighbours, as NumPy has it) is at or under the limit."""
    draw, passed = np.random.default_rng((seed, n)), 0
    limit = math.exp(SIGMA * level(ratio))
    for start in range(0, runs, _BATCH):
        seen = np.exp(SIGMA * draw.standard_normal((min(_BATCH, runs - start), n)))
        passed += int(np.sum(np.percentile(seen, 95, axis=1) <= limit))
    return passed / runs


def stops_at_first(color: str, ratio: float, runs: int, seed: int) -> float:
    """How often a run looked at every 25 requests from 50 to 500 is green (or red) at any look."""
    draw, stopped = np.random.default_rng((seed, 2)), 0
    limit = math.exp(SIGMA * level(ratio))
    for start in range(0, runs, _BATCH):
        seen = np.exp(SIGMA * draw.standard_normal((min(_BATCH, runs - start), LOOKS[-1])))
        green = np.stack([np.percentile(seen[:, :n], 95, axis=1) <= limit for n in LOOKS], axis=1)
        stopped += int(np.sum(green.any(axis=1) if color == "green" else (~green).any(axis=1)))
    return stopped / runs


def chained(rho: float) -> Callable[[np.random.Generator, int, int], Array]:
    """Log latencies of which each depends on the one before it: AR(1)."""

    def make(draw: np.random.Generator, runs: int, n: int) -> Array:
        noise = draw.standard_normal((runs, n))
        for t in range(1, n):
            noise[:, t] = rho * noise[:, t - 1] + math.sqrt(1 - rho * rho) * noise[:, t]
        return noise

    return make


def drifting(draw: np.random.Generator, runs: int, n: int) -> Array:
    """A load that changes slowly (30 % of the variance, memory of 20 requests) under independent noise."""
    return math.sqrt(0.3) * chained(0.95)(draw, runs, n) + math.sqrt(0.7) * draw.standard_normal((runs, n))


def bursts(draw: np.random.Generator, runs: int, n: int, share: float, length: float, limit: float) -> Array:
    """Slow requests in bursts of this mean length, among independent ones that show nothing of it."""
    leave = 1 / length
    enter = share * leave / (1 - share)
    now, slow = draw.random(runs) < share, np.zeros((runs, n), dtype=bool)
    for t in range(n):
        slow[:, t] = now
        chance = draw.random(runs)
        now = np.where(now, chance > leave, chance < enter)
    noise = draw.standard_normal((runs, n))
    return np.where(slow, limit + 0.4 * np.abs(noise), np.minimum(noise, limit - 1e-6))


SERIES: dict[str, Callable[[np.random.Generator, int, int], Array]] = {
    "independent": chained(0.0),
    "rho 0.2": chained(0.2),
    "rho 0.5": chained(0.5),
    "rho 0.8": chained(0.8),
    "rho 0.95": chained(0.95),
    "slow drift": drifting,
}
BURSTS = {"bursts of 2": 2.0, "bursts of 4": 4.0}


def gates(series: str, ratio: float, test: Boundaries, passes: int, runs: int, seed: int) -> dict[str, list[float]]:
    """Judge the same runs by every rule: name → share passed, blocked, undecided, and mean requests."""
    draw, limit = np.random.default_rng((seed, runs)), level(ratio)
    if series in BURSTS:
        drawn = bursts(draw, runs, test.cap, lognormal_share(ALLOWED, ratio, SIGMA), BURSTS[series], limit)
    else:
        drawn = SERIES[series](draw, runs, test.cap)
    found: dict[str, list[tuple[Outcome, int]]] = {}
    for scores in drawn:
        flags = [bool(one) for one in scores > limit]
        for name, end in _judged(flags, [float(one) for one in scores], test, passes).items():
            found.setdefault(name, []).append(end)
    return {name: _shares(ends) for name, ends in found.items()}


def _judged(flags: list[bool], values: list[float], test: Boundaries, passes: int) -> dict[str, tuple[Outcome, int]]:
    cap, slow = test.cap, sum(flags)
    early = sum(flags[:NAIVE_N]) <= math.floor(ALLOWED * NAIVE_N)
    plain, careful = walk(test, flags), guarded(test, flags, values)
    proven = (
        Outcome.FAIL
        if proves_beyond(slow, cap, ALLOWED, 1 - test.alpha)
        else Outcome.PASS
        if proves_within(slow, cap, ALLOWED, 1 - test.alpha)
        else Outcome.INCONCLUSIVE
    )
    return {
        "naive, 100 requests": (Outcome.PASS if early else Outcome.FAIL, NAIVE_N),
        "fixed number": (Outcome.PASS if slow <= passes else Outcome.FAIL, cap),
        "exact, one look": (proven, cap),
        "sequential, unguarded": (plain.decision, plain.n),
        "sequential": (careful.decision, careful.n),
    }


def _shares(ends: list[tuple[Outcome, int]]) -> list[float]:
    of = [sum(decision is one for decision, _ in ends) / len(ends) for one in _ORDER]
    return [*of, sum(n for _, n in ends) / len(ends)]


_ORDER = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)
