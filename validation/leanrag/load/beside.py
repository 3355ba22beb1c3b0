"""The engine's figures beside the client's: of the same requests, so what differs is between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, Item
from leanrag.engine.histogram import Range
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.observe import figure
from leanrag.load.report import Row, Stage
from leanrag.slo.objectives import LATENCIES, Metric, Objective

NAME = "engine metrics"
# GuideLLM 0.8.1 now and then loses the end of a request that the engine finished (see load/client.py).
SLACK_SHARE, SLACK = 0.02, 2.0


@dataclass(frozen=True, slots=True)
class Beside:
    """One latency as both sides saw it: shares above `limit` (seconds), and means in seconds.

    The engine's share is a range, a point where its histogram has an edge at the limit. None: that side cannot tell.
    """

    metric: Metric
    limit: float
    client: float | None
    client_n: int
    engine: Range | None
    engine_n: float
    client_mean: float | None
    engine_mean: float | None

    @property
    def apart(self) -> float | None:
        """Mean seconds that the client saw and the engine did not: network, gateway, and the client itself."""
        if self.client_mean is None or self.engine_mean is None:
            return None
        return self.client_mean - self.engine_mean

    def entry(self) -> dict[str, JSON]:
        """Return it for a verdict."""
        return {
            "metric": self.metric,
            "limitSeconds": self.limit,
            "clientShare": self.client,
            "clientRequests": self.client_n,
            "engineShareLow": self.engine.low if self.engine else None,
            "engineShareHigh": self.engine.high if self.engine else None,
            "engineRequests": self.engine_n,
            "apartSeconds": self.apart,
        }


def beside(rows: Iterable[Row], seen: EngineFigures, objectives: Sequence[Objective]) -> tuple[Beside, ...]:
    """Return both sides of each promised latency; `rows` are all that were sent, warm-up included."""
    answered = [row for row in rows if row.status == "successful"]
    return tuple(_beside(one, answered, seen) for one in objectives if one.metric in LATENCIES)


def _beside(one: Objective, answered: Sequence[Row], seen: EngineFigures) -> Beside:
    limit, held = one.limit_seconds, seen.latencies.get(one.metric)
    client = [value for row in answered if (value := figure(row, one.metric)) is not None]
    return Beside(
        metric=one.metric,
        limit=limit,
        client=sum(value > limit for value in client) / len(client) if client else None,
        client_n=len(client),
        engine=held.share_above(limit) if held else None,
        engine_n=held.count if held else 0.0,
        client_mean=fmean(client) if client else None,
        engine_mean=held.mean if held else None,
    )


def agreement(seen: EngineFigures | None, stage: Stage, hit_rate: tuple[float, float] | None = None) -> Item:
    """Return whether the engine bears the client out: the same requests, no restart, the declared prefix hit rate.

    Without an engine's figures the question was not asked (NOT_RUN); figures that contradict are INCONCLUSIVE.
    """
    if seen is None:
        return Item(NAME, Outcome.NOT_RUN, "the engine's /metrics was not read during the run")
    if refusal := _refusal(seen, stage, hit_rate):
        return Item(NAME, Outcome.INCONCLUSIVE, refusal)
    return Item(NAME, Outcome.PASS, _sentence(seen, stage), facts=seen.entry())


def _refusal(seen: EngineFigures, stage: Stage, hit_rate: tuple[float, float] | None) -> str:
    if seen.problems:
        return seen.problems[0]
    if seen.finished is None:
        return "the engine does not say how many requests it finished (vllm:request_success)"
    answered, slack = sum(row.status == "successful" for row in stage.rows), max(SLACK, SLACK_SHARE * len(stage.rows))
    if seen.finished > len(stage.rows) + slack:
        return f"the engine finished {seen.finished:g} requests, the client sent {len(stage.rows)}: others used it, too"
    if seen.finished < answered - slack:
        return f"the client got {answered} answers, the engine finished {seen.finished:g}: another engine answered, too"
    if hit_rate is None:
        return ""
    if seen.hit_rate is None:
        return "the engine does not say how often its prefix cache answered (vllm:prefix_cache_queries)"
    if not hit_rate[0] <= seen.hit_rate <= hit_rate[1]:
        return f"prefix cache hit rate {seen.hit_rate:.1%}; {hit_rate[0]:.0%} to {hit_rate[1]:.0%} was declared"
    return ""


def _sentence(seen: EngineFigures, stage: Stage) -> str:
    parts = [f"the engine finished {seen.finished:g} of {len(stage.rows)} requests"]
    for said, value, form in (
        ("prefix cache hit rate", seen.hit_rate, ".1%"),
        ("most waiting", seen.waiting_most, "g"),
        ("KV cache used at most", seen.kv_usage_most, ".0%"),
        ("preemptions", seen.preemptions, "g"),
    ):
        parts += [f"{said} {value:{form}}"] if value is not None else []
    return ", ".join(parts)
