"""Alerts that can be made to fire here, each for its real cause."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

import breaking
from stage import Stage

from leanrag.core.result import JSON

# shared: people ask meanwhile; alone: nobody else does; small: an engine of its own, whose KV cache holds little.
Place = Literal["shared", "alone", "small"]
_BLOCKS = 101  # of 128 tokens, one of which vLLM keeps
SMALL: Mapping[str, JSON] = {"capacity": {"maxNumSeqs": 64}, "extraArgs": {"num-gpu-blocks-override": _BLOCKS}}


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that goes wrong: `expects` are the alerts that must fire."""

    name: str
    what: str
    expects: tuple[str, ...]
    make: Callable[[Stage], AbstractContextManager[None]]
    place: Place = "alone"


# In this order on each stack; after an engine was killed only what needs it dead.
CAUSES: tuple[Cause, ...] = (
    Cause(
        "queue",
        f"{breaking.CROWD} long requests at once, all the time",
        ("EngineQueueGrows", "ObjectiveBurnsFast", "ObjectiveBurnsSlowly"),
        breaking.queue,
        "shared",
    ),
    Cause(
        "embedding",
        "the embedding engine is killed",
        ("EngineDown", "RetrievalFails", "RagErrors"),
        breaking.unembedded,
        "shared",
    ),
    Cause("retrieval", "the index is empty", ("RetrievalEmpty",), breaking.empty),
    # A job that is gone leaves no staleness marker, as one whose targets are gone does.
    Cause(
        "scrape",
        "the chat engine's job is taken out of Prometheus, whose last value counts for 5 minutes",
        ("EngineNotScraped",),
        breaking.unscraped,
    ),
    Cause("metrics", "the chat engine's metrics are dropped", ("EngineMetricsMissing",), breaking.mute),
    Cause("stalled", "the chat engine is stopped behind its API server", ("EngineStalled",), breaking.stalled),
    Cause("engine", "the chat engine is killed", ("EngineDown", "TargetDown"), breaking.killed),
    Cause("revoked", "the gate judges what has no engine", ("GateRevoked",), breaking.judged),
    Cause(
        "cache",
        f"{breaking.FULL} requests for a KV cache of {(_BLOCKS - 1) * 128:,} tokens",
        ("KvCacheFull",),
        breaking.full,
        "small",
    ),
)
# Causes that are only time: promtool has it at will.
TIME: Mapping[str, str] = {
    "GateStale": "36 hours without a measurement",
    "TokenExpires": "a date that comes near",
}
