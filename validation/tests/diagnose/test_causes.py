"""Eight causes, each made in an engine that batches as vLLM does: named rightly, and none in a healthy run."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.diagnose.decide import Run, diagnose
from leanrag.diagnose.model import Alone, Diagnosis, Span
from leanrag.diagnose.signals import engine
from leanrag.slo.objectives import Objective, Slo, Traffic

from .simulated import World, run

WELL = World()
PROMISES = (
    Objective("ttft", 300, "ms", 0.95, 95),
    Objective("itl", 30, "ms", 0.95, 95),
    Objective("e2e", 3, "s", 0.95, 95),
)


def alone(world: World) -> Alone:
    """What one request takes in this world when it has the engine to itself: computed, not measured."""
    step = world.fixed + world.per_request
    first = step + world.per_token * world.prompt
    return Alone(Span(first, first), Span(step + world.per_token, step + world.per_token), "computed")


def seen(world: World, known: bool = True) -> Diagnosis:
    stage, snapshots = run(world)
    traffic = Traffic("constant", world.requests, world.prompt, world.output, 30.0, 0, 600.0, rate=world.rate)
    given = {"max-num-seqs": str(world.seats), "max-num-batched-tokens": str(world.budget)} if known else {}
    told = engine(snapshots, given)
    return diagnose(Run(stage, Slo(PROMISES, traffic), snapshots, told, alone(world), shared=world.shared))


MADE = {
    "KV-cache wall": replace(WELL, kv_tokens=1500, rate=20, fixed=0.02, output=60),
    "compute wall": replace(WELL, rate=60, output=100, per_request=0.0006),
    "latency floor": replace(WELL, rate=0.5, requests=60, fixed=0.06),
    "queueing": replace(WELL, seats=2, rate=10, fixed=0.01),
    "prefix cache ineffective": replace(
        WELL, rate=1, prompt=3000, budget=4096, shared=0.9, caching=False, per_token=0.0002
    ),
    "client-bound": replace(WELL, lag=0.8),
    "network-bound": replace(WELL, network=0.5),
    "cold start": replace(WELL, cold_requests=14, cold=0.6),
}
"""A world for each cause; the promises are the same in all."""


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("cause", MADE)
def test_each_cause_that_was_made_is_the_first_one_named(cause: str, seed: int) -> None:
    world = replace(MADE[cause], seed=seed)
    found = seen(world)
    assert (found.cause, found.outcome) == (cause, Outcome.FAIL), "\n".join(found.lines())


@pytest.mark.parametrize("seed", range(8))
def test_a_healthy_run_has_no_cause(seed: int) -> None:
    found = seen(replace(WELL, seed=seed))
    assert (found.outcome, found.findings) == (Outcome.PASS, ())
