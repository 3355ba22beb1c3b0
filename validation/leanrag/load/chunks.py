"""A run in chunks, each a run of GuideLLM with prompts of its own, until what was seen is enough.

GuideLLM writes nothing before its end, so a run that may stop early is several runs. That also makes the requests of
two chunks less alike: connections, prompts and queues are new.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import StepResult
from leanrag.load import client, kept, prompts
from leanrag.load.observe import measured
from leanrag.load.report import Report, Row, Stage
from leanrag.load.runner import run_load
from leanrag.load.scenario import deadline
from leanrag.load.warmup import Cut, cut_rows, growing
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import STEADY, Shape

# Shorter ones cost more in starts (5 to 24 s each) than a decision in their middle saves.
CHUNK_SECONDS = 30.0
# A closed loop's pace is not known beforehand.
CLOSED_PARTS = 6
# Fewer requests than these tell no warm-up from a steady state.
LEAST = 40
WITNESSES = 2
_UNEVEN = Cut(0, True, "traffic of this shape is not meant to be steady; only the declared warm-up was left out")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One run of GuideLLM: `rows` are the requests that count, in the order of sending; `source` is its report."""

    stage: Stage
    rows: tuple[Row, ...]
    cut: Cut
    seed: int
    source: Path


# Says after each chunk why no further one is needed; empty: go on.
Decide = Callable[[Sequence[Chunk]], str]


@dataclass(frozen=True, slots=True)
class ChunkedRun:
    """What was sent. PASS says only that the chunks can be read; INCONCLUSIVE: one could not, or the run means nothing.

    `saturated` is why the service could not carry the traffic, empty when it could.
    """

    outcome: Outcome
    reason: str
    chunks: tuple[Chunk, ...]
    saturated: str = ""

    @property
    def rows(self) -> tuple[Row, ...]:
        """The requests that count, of all chunks."""
        return tuple(row for chunk in self.chunks for row in chunk.rows)


def sizes(traffic: Traffic, each: int | None = None) -> tuple[int, ...]:
    """Return how many measured requests each chunk has: known before the run, so that looking costs no error.

    They are as even as whole numbers allow: a short last one would tell nothing.
    """
    if each is None:
        each = round(traffic.rate * CHUNK_SECONDS) if traffic.rate else math.ceil(traffic.requests / CLOSED_PARTS)
        each = max(LEAST, each)
    parts = max(1, math.ceil(traffic.requests / each))
    least, more = divmod(traffic.requests, parts)
    return tuple(least + (index < more) for index in range(parts))


def run_chunks(
    url: str,
    model: str,
    traffic: Traffic,
    seed: int,
    out: Path,
    guidellm: Path,
    decide: Decide,
    *,
    shape: Shape = STEADY,
    each: int | None = None,
    seconds: float = math.inf,
    api_key: str = "",
    labels: Mapping[str, str] | None = None,
) -> ChunkedRun:
    """Send the declared traffic chunk by chunk until `decide` has its answer, all is sent, or the service drowns.

    Each chunk begins with the warm-up: its queue is empty, whatever the one before left behind. `each` is the number of
    measured requests of a chunk, `seconds` the time for all of them. Reports land in `out`/chunk-01 and so on.
    Raises as run_load does.
    """
    started, done, plan = time.monotonic(), list[Chunk](), sizes(traffic, each)
    for index, size in enumerate(plan):
        one = part_of(traffic, size)
        if time.monotonic() - started + deadline(one) > seconds:
            return ChunkedRun(Outcome.PASS, f"there was time for {index} of {len(plan)} chunks", tuple(done))
        say(f"load: chunk {index + 1} of at most {len(plan)}")
        # Its warm-up repeats the moments just before what it measures.
        asks = prompts.part(traffic, shape, seed, sum(plan[:index]), one.sent)
        own, folder = prompts.seed_of(str(seed), f"chunk {index}"), out / f"chunk-{index + 1:02}"
        step = run_load(
            url, model, one, own, folder, guidellm, api_key, labels, shape=shape, asks=asks, enforce=bool(traffic.rate)
        )
        found = _chunk(step, one, own, shape)
        if isinstance(found, str):
            return ChunkedRun(Outcome.INCONCLUSIVE, f"chunk {index + 1}: {found}", tuple(done))
        done.append(found)
        if drowned := saturated(done, shape):
            words = f"chunk {index + 1}: {found.stage.name} is above the service's capacity: {drowned}"
            return ChunkedRun(Outcome.INCONCLUSIVE, words, tuple(done), drowned)
        if why := decide(tuple(done)):
            return ChunkedRun(Outcome.PASS, f"{why}, after chunk {index + 1} of {len(plan)}", tuple(done))
    return ChunkedRun(Outcome.PASS, f"all {len(plan)} chunks were sent", tuple(done))


def part_of(traffic: Traffic, size: int) -> Traffic:
    """Return the traffic of a chunk of `size` measured requests: its share of the time, and no less than a timeout."""
    share = (size + traffic.warmup_requests) / traffic.sent
    return replace(
        traffic,
        requests=size,
        max_duration_seconds=max(traffic.timeout_seconds, traffic.max_duration_seconds * share),
    )


def _chunk(step: StepResult, traffic: Traffic, seed: int, shape: Shape) -> Chunk | str:
    """Return the chunk, or why there is none."""
    path = step.facts.get("report")
    if not isinstance(path, str):
        return step.reason
    return chunk(kept.read(Path(path)), traffic, seed, Path(path), shape)


def chunk(report: Report, traffic: Traffic, seed: int, source: Path, shape: Shape = STEADY) -> Chunk | str:
    """Return what a chunk's report says, its warm-up cut off; a sentence when it is not one stage."""
    if len(report.stages) != 1:
        return f"the report holds {len(report.stages)} stages, not one"
    stage = report.stages[0]
    rows = measured(stage, traffic.warmup_requests)
    rows, found = cut_rows(rows) if shape.even else (rows, _UNEVEN)
    return Chunk(stage, (*rows, *client.lost(stage, traffic)), found, seed, source)


def saturated(done: Sequence[Chunk], shape: Shape = STEADY) -> str:
    """Say why the service cannot carry this traffic; empty when it can, or nobody can tell.

    Each chunk begins with an empty queue, so two in a row that only grew are two witnesses. One may be chance: of
    simulated queues (8 servers, 160 requests) 9 % grew so at 80 % of capacity, 17 % at 90 %, 94 % at 150 %.
    """
    if done[-1].stage.saturated:
        return "GuideLLM saw queues and first tokens grow together"
    # A ramp's queue grows because its traffic does, and a closed loop has no more requests than it has streams.
    if len(done) < WITNESSES or done[-1].stage.rate is None or not shape.even:
        return ""
    grew = [growing(one.stage.rows) for one in done[-WITNESSES:]]
    return f"{WITNESSES} chunks in a row, {grew[-1]}" if all(grew) else ""
