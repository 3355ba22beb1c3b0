"""Every diagnosis on the real CPU engine: eight situations that must be named rightly, eight that must not be named."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from records import Records
from situations import HEALTHY, MADE, Situation
from trouble import Relay, frozen, starved
from vllm_engine import KV_GIB, Engine, small_llama
from words import milliseconds, table

from leanrag.core.errors import ToolError
from leanrag.core.progress import say
from leanrag.diagnose import alone
from leanrag.diagnose.commands import Known, engine_of
from leanrag.diagnose.decide import Run, diagnose
from leanrag.diagnose.model import Alone
from leanrag.engine.sampler import Sampler
from leanrag.load import kept
from leanrag.load.prompts import shared_share
from leanrag.load.runner import run_load
from leanrag.slo.objectives import Metric, Objective, Profile, Slo, Traffic

TITLE = "Diagnoses on the real CPU engine"
ALL = (*MADE, *HEALTHY)
SMALL = (MADE[2], HEALTHY[0])
_EVERY = 0.5
# Every so many seconds stopped for so many; packets late by so many times a lone request's first token.
_STARVED, _FAR = (1.4, 1.0), 5.0
# What the engine is away for: the first 14 requests, or so many seconds.
_AWAY, _MOST_AWAY = 14, 20.0


def measure(records: Records, guidellm: Path, wanted: Sequence[Situation]) -> None:
    """Make every situation that was not made yet; those with the same engine share one start."""
    missing = [one for one in wanted if not records.read(asdict(one))]
    for arguments in dict.fromkeys(one.engine for one in missing):
        with tempfile.TemporaryDirectory(prefix="leanrag-diagnose-") as name, ExitStack() as stack:
            engine = stack.enter_context(Engine(small_llama(), arguments, Path(name) / "vllm.log"))
            for index, one in enumerate(each for each in missing if each.engine == arguments):
                say(f"diagnoses: {one.name}")
                found = _made(engine, one, guidellm, Path(name) / f"{index}")
                records.add(asdict(one), **found)


def _made(engine: Engine, one: Situation, guidellm: Path, folder: Path) -> dict[str, Any]:
    lone = alone.measure(engine.url, "small", _traffic(one, None), 1)
    traffic, slo = _traffic(one, lone), Slo(_promises(one, lone), _traffic(one, lone))
    folder.mkdir()
    with ExitStack() as stack:
        url = _trouble(stack, engine, one, lone, traffic, folder)
        sampler = stack.enter_context(Sampler(f"{engine.url}/metrics", every=_EVERY))
        step = run_load(url, "small", traffic, 11, folder, guidellm, shape=one.shape)
    if "report" not in step.facts:
        raise ToolError(step.reason, hint="run the part again")
    stage = kept.read(Path(str(step.facts["report"]))).stages[0]
    told = replace(engine_of(sampler.snapshots, Known(engine_args=" ".join(one.engine))), gpus=0, kv_cache_gib=KV_GIB)
    shared = shared_share(traffic, one.shape, 11)
    found = diagnose(Run(stage, slo, sampler.snapshots, told, lone, shared))
    return {
        "named": [each.cause for each in found.findings],
        "confidence": [each.confidence for each in found.findings],
        "next": [f"{each.change.key}: {each.change.now} -> {each.change.then}" for each in found.findings],
        "outcome": found.outcome.value,
        "reason": found.reason,
        "lone": [lone.ttft.high, lone.itl.high],
        "rate": traffic.rate,
        "lines": list(found.lines()),
    }


def _traffic(one: Situation, lone: Alone | None) -> Traffic:
    rate = None
    if one.load and lone:
        rate = round(one.load / (lone.ttft.high + lone.itl.high * (one.output - 1)), 3)
    profile: Profile = "concurrent" if one.streams else "constant"
    # Before a lone request was measured only its length counts.
    streams = None if rate else one.streams or 1
    return Traffic(profile, one.requests, one.prompt, one.output, 120.0, 0, 900.0, rate=rate, streams=streams)


def _promises(one: Situation, lone: Alone) -> tuple[Objective, ...]:
    wanted: dict[Metric, float] = {
        "ttft": one.ttft * _limit(one, lone.ttft.low, lone.ttft.high),
        "itl": one.itl * lone.itl.high,
    }
    return tuple(Objective(name, 1000 * limit, "ms", 0.95, 95) for name, limit in wanted.items() if limit)


def _limit(one: Situation, low: float, high: float) -> float:
    return low if one.ttft < 1 else high


def _trouble(stack: ExitStack, engine: Engine, one: Situation, lone: Alone, traffic: Traffic, folder: Path) -> str:
    """Start what goes wrong; return the address that the client is given."""
    if one.trouble == "slow network":
        return stack.enter_context(Relay(engine.url, delay=_FAR * lone.ttft.high / 2)).url
    if one.trouble == "engine not there yet":
        away = min(_MOST_AWAY, _AWAY / (traffic.rate or math.inf))
        return stack.enter_context(Relay(engine.url, began=lambda: frozen(engine.process.pid, away))).url
    if one.trouble == "starved client":
        stack.enter_context(starved(folder, *_STARVED))
    return engine.url


def render(records: Records, small: bool) -> str:
    """Return the section of docs/statistics.md."""
    found = [(one, taken[-1]) for one in (SMALL if small else ALL) if (taken := records.read(asdict(one)))]
    if not found:
        return ""
    made = [(one, seen) for one, seen in found if one.cause]
    well = [(one, seen) for one, seen in found if not one.cause]
    right = sum(seen["named"][:1] == [one.cause] for one, seen in made)
    wrong = sum(bool(seen["named"]) for _, seen in well)
    head = ("situation", "made", "named", "confidence", "next", "alone: TTFT, ms", "alone: gap, ms")
    return (
        f"{right} of {len(made)} causes named rightly, {wrong} wrong names in {len(well)} healthy runs. vLLM on the "
        "CPU with a Llama of 88 million random weights, through GuideLLM; rates and limits are multiples of what a "
        "lone request takes, which is measured first. A slow network is a relay that holds packets, a starved client "
        "is stopped most of the time, and an engine that is not there yet is stopped while the first requests "
        "arrive.\n\n"
        f"{table(head, _rows(found))}"
    )


def _rows(found: Sequence[tuple[Situation, dict[str, Any]]]) -> Iterator[tuple[str, ...]]:
    for one, seen in found:
        names = ", then ".join(seen["named"]) or ("none" if seen["outcome"] == "PASS" else seen["reason"])
        sure = ", ".join(f"{value:.0%}" for value in seen["confidence"]) or "-"
        first, gap = (milliseconds(value) for value in seen["lone"])
        yield one.name, one.cause or "nothing", names, sure, "; ".join(seen["next"]) or "-", first, gap
