"""Prefix caching on the real CPU engine under RAG-like traffic: what it spares, and what share of tokens it knows.

The same prompts go to the same engine with its prefix cache on and off, in turn (on, off, off, on); each side starts
anew. The hit rate is that of the engine's own token counters, beside the share that the prompts have in common.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests
from records import Records
from vllm_engine import Engine, small_llama
from words import milliseconds, table

from leanrag.core.errors import ToolError
from leanrag.core.progress import say
from leanrag.engine.snapshot import delta, snapshot, total
from leanrag.load.observe import measured
from leanrag.load.prompts import shared_share
from leanrag.load.reader import read
from leanrag.load.runner import run_load
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import Prefix, Shape

TITLE = "Prefix caching, RAG-like traffic on the CPU engine"
_SIDES = {True: "--enable-prefix-caching", False: "--no-enable-prefix-caching"}


@dataclass(frozen=True, slots=True)
class Plan:
    """One request at a time, so that what is measured is the prompt and no queue."""

    requests: int = 40
    warmup: int = 4
    prompt_tokens: int = 1500
    share: float = 0.9
    documents: int = 4


WHOLE, SMALL = Plan(), Plan(requests=6, warmup=2, documents=2)
ROUNDS, SMALL_ROUNDS = 2, 1


def measure(records: Records, guidellm: Path, plan: Plan, rounds: int) -> None:
    """Measure both sides, `rounds` times; what is there already is not taken again."""
    for turn in range(rounds):
        for caching in (True, False) if turn % 2 == 0 else (False, True):
            done = [(one["round"], one["caching"]) for one in records.read(asdict(plan))]
            if (turn, caching) not in done:
                say(f"prefix: round {turn + 1}, caching {'on' if caching else 'off'}")
                records.add(asdict(plan), round=turn, caching=caching, **_side(guidellm, plan, caching, turn))


def _side(guidellm: Path, plan: Plan, caching: bool, turn: int) -> dict[str, Any]:
    traffic = Traffic("concurrent", plan.requests, plan.prompt_tokens, 4, 120.0, plan.warmup, 1800.0, streams=1)
    shape, seed = Shape(prefix=Prefix(plan.share, plan.documents)), 100 + turn
    arguments = (_SIDES[caching], "--max-num-seqs", "4")
    with tempfile.TemporaryDirectory(prefix="leanrag-prefix-") as name:
        folder = Path(name)
        with Engine(small_llama(), arguments, folder / "vllm.log") as engine:
            before = _counters(engine.url)
            step = run_load(engine.url, "small", traffic, seed, folder, guidellm, shape=shape)
            counted = delta(before, _counters(engine.url)).samples
        if "report" not in step.facts:
            raise ToolError(step.reason, hint="run the part again")
        rows = measured(read(Path(str(step.facts["report"]))).stages[0], plan.warmup)
    return {
        "ttft": [row.ttft for row in rows if row.ttft],
        "hits": total(counted, "vllm:prefix_cache_hits") or 0.0,
        "queries": total(counted, "vllm:prefix_cache_queries") or 0.0,
        "common": shared_share(traffic, shape, seed),
    }


def _counters(url: str) -> Any:
    return snapshot(requests.get(f"{url}/metrics", timeout=30).text, time.time())


def render(records: Records, small: bool) -> str:
    """Return the section of docs/statistics.md."""
    plan = SMALL if small else WHOLE
    taken = records.read(asdict(plan))
    if not taken:
        return ""
    taken.sort(key=lambda one: (one["round"], not one["caching"]))
    head = ("round", "caching", "requests", "TTFT p50, ms", "p10 to p90, ms", "hit rate", "tokens in common")
    return f"{_words(taken, plan)}\n{table(head, map(_row, taken))}"


def _words(taken: Sequence[dict[str, Any]], plan: Plan) -> str:
    sides = {(one["round"], one["caching"]): median(one["ttft"]) for one in taken}
    rounds = sorted(turn for turn, caching in sides if caching and (turn, False) in sides)
    ratios = ", ".join(f"{sides[turn, False] / sides[turn, True]:.1f}" for turn in rounds)
    return (
        "vLLM on the CPU, a Llama of 88 million random weights, one request at a time through GuideLLM; prompts of "
        f"about {plan.prompt_tokens:,} words of which {100 * plan.share:g} % are one of {plan.documents} documents. "
        f"TTFT without the cache over TTFT with it, medians of each round: {ratios or 'not measured yet'}.\n"
    )


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    times = sorted(one["ttft"])
    low, high = times[len(times) // 10], times[(9 * len(times)) // 10]
    hits = f"{100 * one['hits'] / one['queries']:.1f} %" if one["queries"] else "nothing asked"
    return (
        str(one["round"] + 1),
        "on" if one["caching"] else "off",
        str(len(times)),
        milliseconds(median(times)),
        f"{milliseconds(low)} to {milliseconds(high)}",
        hits,
        f"{100 * one['common']:.1f} %",
    )
