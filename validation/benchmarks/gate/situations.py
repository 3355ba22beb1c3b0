"""Eight situations, one for each cause, and eight in which all is well: engine, traffic, trouble, promises.

How quick this machine is nobody knows beforehand, so rates and limits are multiples of what a lone request takes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from leanrag.diagnose.model import Cause
from leanrag.slo.shape import STEADY, Prefix, Shape

Trouble = Literal["", "slow network", "starved client", "engine not there yet"]
ENGINE = ("--max-num-seqs", "64")
FULL_SEATS = ("--max-num-seqs", "2")
# Four blocks of 128 tokens, of which vLLM keeps one for itself: three requests fit, and none grows into a second block.
SMALL_CACHE = (*ENGINE, "--num-gpu-blocks-override", "4", "--max-model-len", "384")
NO_PREFIX = (*ENGINE, "--no-enable-prefix-caching")


@dataclass(frozen=True, slots=True)
class Situation:
    """One run. `cause` is what must be named, None: nothing may be.

    `load`: requests arrive so many times as often as one alone is done; `streams`: a closed loop instead. `ttft` and
    `itl` are the promised multiples of a lone request's, at the 95th percentile; 0: not promised.
    """

    name: str
    cause: Cause | None
    engine: tuple[str, ...] = ENGINE
    requests: int = 40
    prompt: int = 100
    output: int = 16
    load: float = 0.0
    streams: int = 0
    shape: Shape = STEADY
    trouble: Trouble = ""
    ttft: float = 0.0
    itl: float = 0.0


MADE = (
    # Short prompts and longer answers: what is scarce is memory, not the work of prefill.
    Situation(
        "room for 3 of 12 streams", "KV-cache wall", SMALL_CACHE, requests=36, prompt=12, output=64, streams=12, ttft=5
    ),
    Situation("24 streams on two cores", "compute wall", requests=72, output=48, streams=24, itl=1.3),
    Situation("a limit under a lone request's time", "latency floor", streams=1, ttft=0.6),
    Situation("two seats, 10 streams", "queueing", FULL_SEATS, streams=10, ttft=3),
    Situation(
        "one document in every prompt, cache off",
        "prefix cache ineffective",
        NO_PREFIX,
        requests=24,
        prompt=800,
        output=4,
        streams=1,
        shape=Shape(prefix=Prefix(0.9, 1)),
        ttft=0.5,
    ),
    Situation("client stopped most of the time", "client-bound", load=0.4, trouble="starved client", ttft=3),
    Situation("packets held on their way", "network-bound", load=0.4, trouble="slow network", ttft=3),
    Situation("engine stopped at first", "cold start", requests=60, load=0.5, trouble="engine not there yet", ttft=4),
)
_well = partial(Situation, cause=None, ttft=8.0, itl=5.0)
HEALTHY = (
    _well("one stream", streams=1),
    _well("two streams", streams=2),
    _well("a fifth of the pace of one", load=0.2, requests=24),
    _well("two fifths", load=0.4),
    _well("random arrivals", load=0.3, shape=Shape(arrivals="poisson")),
    _well("mixed lengths", streams=1, shape=Shape(spread=0.3)),
    _well("documents in the cache", streams=1, prompt=300, shape=Shape(prefix=Prefix(0.9, 2))),
    _well("cache off, nothing in common", engine=NO_PREFIX, streams=1),
)
