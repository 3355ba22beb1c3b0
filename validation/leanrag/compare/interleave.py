"""Measures two engines in turns, A-B-B-A, so that a machine that warms up or slows down does so for both alike.

Never the two at once: each would be measured under the other's load. Every run has prompts of its own, drawn from the
same law: the same prompts twice would be answered by a prefix cache that both sides may share.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leanrag.compare.endpoint import Endpoint, Said, ask
from leanrag.compare.facts import scenario_of
from leanrag.compare.sides import FILE, SCHEMA
from leanrag.core.errors import InputError, ToolError
from leanrag.core.files import write_atomic
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import JSON
from leanrag.load.prompts import seed_of
from leanrag.load.runner import run_load
from leanrag.slo.objectives import Slo
from leanrag.slo.shape import STEADY

ROUND = (0, 1, 1, 0)
_HALF = "half a comparison is none: start it again in another folder"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: each round is A-B-B-A; runs land in `out`/base and `out`/candidate, `guidellm` sends them."""

    base: Endpoint
    candidate: Endpoint
    slo: Slo
    out: Path
    guidellm: Path
    rounds: int
    gpu: str = ""
    gpus: int | None = None

    @property
    def sides(self) -> tuple[Endpoint, Endpoint]:
        """Both endpoints, the baseline first."""
        return self.base, self.candidate

    @property
    def folders(self) -> tuple[Path, Path]:
        """Where each side's runs land."""
        return self.out / self.base.name, self.out / self.candidate.name


def measure(plan: Plan, disturbed: Callable[[], str] = lambda: "") -> tuple[Path, Path]:
    """Measure both sides in turns, and return their folders with a side.json each.

    `disturbed` is asked after each run, and a reason ends the comparison.

    InputError when a folder holds older runs, ToolError when one run leaves no report or an engine changes meanwhile:
    half a comparison is none.
    """
    for folder in plan.folders:
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: holds an earlier comparison", hint="name another folder with --out")
    before = [ask(side) for side in plan.sides]
    order = ROUND * plan.rounds
    runs: tuple[list[str], list[str]] = ([], [])
    for number, side in enumerate(order, start=1):
        runs[side].append(_run(plan, side, number, len(order), before[side]))
        if why := disturbed():
            raise ToolError(f"after run {number} of {len(order)}: {why}", hint=_HALF)
    for side, said in enumerate(before):
        if (now := ask(plan.sides[side])) != said:
            raise ToolError(f"{plan.sides[side].url}: the engine changed during the runs: {said} became {now}")
        write_atomic(plan.folders[side] / FILE, json.dumps(_told(plan, side, said, runs[side]), indent=2) + "\n")
    return plan.folders


def _run(plan: Plan, side: int, number: int, of: int, said: Said) -> str:
    endpoint, folder = plan.sides[side], plan.folders[side] / f"run-{number}"
    say(f"compare: run {number} of {of}: {endpoint.name}")
    seed = seed_of(f"{time.time_ns()}", f"{number}")
    labels = {"scenario": scenario_of(plan.slo.traffic, plan.slo.shape), "gpu": plan.gpu, "engine": said.engine}
    traffic = plan.slo.traffic
    done = run_load(
        endpoint.url,
        endpoint.model,
        traffic,
        seed,
        folder,
        plan.guidellm,
        endpoint.api_key,
        _known(labels),
        shape=plan.slo.shape or STEADY,
    )
    report = done.facts.get("report")
    if done.outcome is not Outcome.PASS or not isinstance(report, str):
        raise ToolError(f"run {number} of {of} ({endpoint.name}): {done.reason}", hint=_HALF)
    return str(Path(report).relative_to(plan.folders[side].resolve()))


def _known(labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if value}


def _told(plan: Plan, side: int, said: Said, runs: list[str]) -> dict[str, JSON]:
    arguments: dict[str, JSON] | None = dict(said.arguments) if said.arguments else None
    return {
        "schema": SCHEMA,
        "name": plan.sides[side].name,
        "scenario": scenario_of(plan.slo.traffic, plan.slo.shape),
        "gpu": plan.gpu,
        "engine": said.engine,
        "arguments": arguments,
        "model": plan.sides[side].model,
        "gpus": plan.gpus,
        "warmupRequests": plan.slo.traffic.warmup_requests,
        "kvTokens": said.kv_tokens,
        "runs": list(runs),
    }
