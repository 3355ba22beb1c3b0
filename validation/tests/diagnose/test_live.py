"""The engine's own figures name what lies inside it, while anybody sends; what lies outside is not asked."""

from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.diagnose.live import diagnose_engine
from leanrag.diagnose.model import Diagnosis
from leanrag.diagnose.signals import engine
from leanrag.slo.objectives import Objective, Slo, Traffic

from .simulated import World, run
from .test_causes import MADE, PROMISES, WELL, alone

INSIDE = ("KV-cache wall", "compute wall", "latency floor", "queueing", "prefix cache ineffective")


AT_EDGES = (Objective("ttft", 250, "ms", 0.95, 95), Objective("itl", 25, "ms", 0.95, 95))


def seen(world: World, promised: tuple[Objective, ...] = PROMISES) -> Diagnosis:
    _, snapshots = run(world)
    traffic = Traffic("constant", world.requests, world.prompt, world.output, 30.0, 0, 600.0, rate=world.rate)
    told = engine(snapshots, {"max-num-seqs": str(world.seats)})
    return diagnose_engine(snapshots, Slo(promised, traffic), told, alone(world), world.shared)


@pytest.mark.parametrize("cause", INSIDE)
def test_a_cause_inside_the_engine_is_named_without_a_client(cause: str) -> None:
    found = seen(MADE[cause])
    assert found.cause == cause, "\n".join(found.lines())
    assert {"client-bound", "network-bound", "cold start"} <= set(found.unasked)


@pytest.mark.parametrize("seed", range(4))
def test_an_engine_that_is_well_has_no_cause(seed: int) -> None:
    assert seen(replace(WELL, seed=seed), AT_EDGES).outcome is Outcome.PASS


def test_a_limit_between_two_edges_of_a_histogram_is_no_answer() -> None:
    # 40 ms a token against 30 promised, with edges at 25 and 50 ms.
    found = seen(replace(WELL, rate=0.5, requests=60, fixed=0.04))
    assert (found.outcome, found.cause) == (Outcome.INCONCLUSIVE, None)
    assert "no edge at the limit of itl p95" in found.reason


def test_an_engine_that_nobody_asked_is_no_answer() -> None:
    _, snapshots = run(World(requests=3))
    idle = (snapshots[-1], replace(snapshots[-1], moment=snapshots[-1].moment + 60))
    found = diagnose_engine(idle, Slo(PROMISES, Traffic("constant", 9, 9, 9, 9, 0, 9, rate=1)), engine(idle))
    assert (found.outcome, found.cause) == (Outcome.INCONCLUSIVE, None)
