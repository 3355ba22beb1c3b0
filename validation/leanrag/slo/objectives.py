"""What is promised, and the traffic that must prove it, as plain data."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Metric = Literal["ttft", "itl", "e2e", "errorRate", "availability"]
Unit = Literal["ms", "s", "share"]
Profile = Literal["constant", "concurrent"]

LATENCIES: tuple[Metric, ...] = ("ttft", "itl", "e2e")
TITLES: dict[Metric, str] = {
    "ttft": "time to first token",
    "itl": "inter-token latency (mean of a request)",
    "e2e": "end-to-end latency",
    "errorRate": "error rate",
    "availability": "availability",
}
_SECONDS = {"ms": 0.001, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Objective:
    """One promise. `limit` is in `unit`; only latencies have a `percentile` (50 to 100); `confidence` is a share."""

    metric: Metric
    limit: float
    unit: Unit
    confidence: float
    percentile: float | None = None

    @property
    def allowed(self) -> float:
        """The share of requests that may break the promise: p95 allows 0.05, availability 0.99 allows 0.01."""
        # Decimal: 1 - 0.99 in floats is 0.010000000000000009, and that moves a boundary case.
        if self.percentile is not None:
            return float((100 - Decimal(str(self.percentile))) / 100)
        return float(1 - Decimal(str(self.limit))) if self.metric == "availability" else self.limit

    @property
    def limit_seconds(self) -> float:
        """A latency's limit in seconds."""
        return self.limit * _SECONDS[self.unit]

    def in_unit(self, seconds: float) -> float:
        """A latency in this objective's unit."""
        return seconds / _SECONDS[self.unit]

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
    """A model's whole `slo:` block."""

    objectives: tuple[Objective, ...]
    traffic: Traffic

    def find(self, metric: Metric) -> Objective | None:
        """Return the objective of this metric, or None when none was promised."""
        return next((objective for objective in self.objectives if objective.metric == metric), None)
