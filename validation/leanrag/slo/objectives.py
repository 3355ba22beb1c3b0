"""What is promised, and the traffic that must prove it, as plain data."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from leanrag.slo.shape import Shape

Metric = Literal["ttft", "itl", "tpot", "e2e", "queue", "errorRate", "availability", "goodput", "throughput"]
Unit = Literal["ms", "s", "share", "tokens/s", "requests/s"]
Profile = Literal["constant", "concurrent"]
Decision = Literal["exact", "sequential"]
ShareAlpha = Literal["none", "holm", "bonferroni"]

METRICS: tuple[Metric, ...] = get_args(Metric)
# Those with a percentile, in the order of a request's life.
LATENCIES: tuple[Metric, ...] = ("ttft", "itl", "tpot", "e2e", "queue")
# Those that a client sees of each request; goodput is about them.
REQUEST_LATENCIES: tuple[Metric, ...] = ("ttft", "itl", "tpot", "e2e")
# Those whose limit is the least that must be reached, not the most that may be.
FLOORS: tuple[Metric, ...] = ("availability", "goodput", "throughput")
TITLES: dict[Metric, str] = {
    "ttft": "time to first token",
    "itl": "inter-token latency (mean of a request)",
    "tpot": "time per output token after the first",
    "e2e": "end-to-end latency",
    "queue": "time in the engine's queue",
    "errorRate": "error rate",
    "availability": "availability",
    "goodput": "goodput",
    "throughput": "throughput",
}
_SECONDS = {"ms": 0.001, "s": 1.0}
_GIVEN = {"tokens/s": "output tokens", "requests/s": "complete answers"}
_PARTS_BELOW = 0.5


@dataclass(frozen=True, slots=True)
class Zone:
    """Shares of requests that break a promise between which either answer is right: good < allowed < bad."""

    good: float
    bad: float


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise. `limit` is in `unit`; only latencies have a `percentile` (50 to 100); `confidence` is a share.

    itl: mean gap between tokens (GuideLLM's `inter_token_latency_ms`). tpot: (e2e - ttft) / (output tokens - 1), as
    `vllm bench serve` has it, from the request's own figures. queue: waiting in the engine, by its own histogram.
    goodput: the share of requests that succeed within every promised latency. throughput: of the measured time, cut
    into equal parts.
    """

    metric: Metric
    limit: float
    unit: Unit
    confidence: float
    percentile: float | None = None
    zone: Zone | None = None

    @property
    def allowed(self) -> float:
        """The share of requests that may break the promise: p95 allows 0.05, availability 0.99 allows 0.01.

        Of throughput it is the share of the parts that may be below the limit: half, so that the median is promised.
        """
        # Decimal: 1 - 0.99 in floats is 0.010000000000000009, and that moves a boundary case.
        if self.percentile is not None:
            return float((100 - Decimal(str(self.percentile))) / 100)
        if self.metric == "throughput":
            return _PARTS_BELOW
        return float(1 - Decimal(str(self.limit))) if self.metric in FLOORS else self.limit

    @property
    def limit_seconds(self) -> float:
        """A latency's limit in seconds."""
        return self.limit * _SECONDS[self.unit]

    def in_unit(self, seconds: float) -> float:
        """A latency in this objective's unit."""
        return seconds / _SECONDS[self.unit]

    def looser_than(self, other: "Objective") -> bool:
        """Whether this promise of the same metric allows what the other does not."""
        if self.metric == "throughput":
            return self.unit == other.unit and self.limit < other.limit
        slower = self.metric in LATENCIES and self.limit_seconds > other.limit_seconds
        return slower or self.allowed > other.allowed

    @property
    def name(self) -> str:
        """A short name for tables: 'ttft p95'."""
        return self.metric if self.percentile is None else f"{self.metric} p{self.percentile:g}"

    @property
    def sentence(self) -> str:
        """The promise in words."""
        if self.percentile is not None:
            return f"{self.percentile:g} % of requests have {TITLES[self.metric]} <= {self.limit:g} {self.unit}"
        if self.metric == "availability":
            return f"{self.limit * 100:g} % of requests are answered completely within the timeout"
        if self.metric == "goodput":
            return f"{self.limit * 100:g} % of requests succeed within every promised latency"
        if self.metric == "throughput":
            return f"the service gives at least {self.limit:g} {_GIVEN[self.unit]} a second"
        return f"at most {self.limit * 100:g} % of requests end in an error"


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the gate sends. Durations in seconds; `rate` in requests per second; `requests` excludes the warm-up."""

    profile: Profile
    requests: int
    prompt_tokens: int
    output_tokens: int
    timeout_seconds: float
    warmup_requests: int
    max_duration_seconds: float
    rate: float | None = None
    streams: int | None = None

    @property
    def sent(self) -> int:
        """Requests in all, warm-up included."""
        return self.requests + self.warmup_requests


@dataclass(frozen=True, slots=True)
class Slo:
    """A model's whole `slo:` block.

    `decision`: exact looks once, at the declared number of requests; sequential looks on the way, between the bounds
    of each objective's zone. `extension` is the share of further requests that may be sent once when there is no
    decision. `share_alpha`: how the objectives share the errors that `confidence` allows. `shape` is how the traffic
    differs from requests of one length at even distances; None: it does not.
    """

    objectives: tuple[Objective, ...]
    traffic: Traffic
    confidence: float = 0.95
    decision: Decision = "exact"
    extension: float = 0.0
    share_alpha: ShareAlpha = "none"
    shape: Shape | None = None

    def find(self, metric: Metric) -> Objective | None:
        """Return the objective of this metric, or None when none was promised."""
        return next((objective for objective in self.objectives if objective.metric == metric), None)
