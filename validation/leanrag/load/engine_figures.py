"""What of the engine belongs to a run: its own counts from a scrape before the first request to one after the last.

Engine and client then count the same requests, warm-up included, so that their figures can stand side by side.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from leanrag.core.result import JSON
from leanrag.engine.exposition import Series
from leanrag.engine.histogram import Histogram, histogram
from leanrag.engine.snapshot import Delta, Samples, Snapshot, delta, total, values
from leanrag.load.report import Stage
from leanrag.slo.objectives import Metric
from leanrag.slo.openslo import HISTOGRAMS

PHASES: Mapping[str, str] = {
    "queue": "vllm:request_queue_time_seconds",
    "prefill": "vllm:request_prefill_time_seconds",
    "decode": "vllm:request_decode_time_seconds",
}
_Key = TypeVar("_Key", bound=str)
# What the engine calls the end of a request that nobody got whole (vLLM 0.32.0, `finished_reason`).
_BROKEN = frozenset({"abort", "error"})


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """What the engines of one model said of a run. None where they did not, or where a restart makes it unknowable.

    `finished` and `broken` count requests, `hit_rate`, `kv_usage_most` are shares, the `…_most` are the largest that
    one engine showed in any scrape; `phases` are mean seconds of a request; `config` is vLLM's own cache configuration.
    `problems` say why figures are missing.
    """

    engines: int
    scrapes: int
    seconds: float
    finished: float | None = None
    broken: float | None = None
    prompt_tokens: float | None = None
    output_tokens: float | None = None
    hit_rate: float | None = None
    preemptions: float | None = None
    rejected: float | None = None
    waiting_most: float | None = None
    running_most: float | None = None
    kv_usage_most: float | None = None
    phases: Mapping[str, float] = field(default_factory=dict)
    latencies: Mapping[Metric, Histogram] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def entry(self) -> dict[str, JSON]:
        """Return the figures for a verdict; histograms stay with the kept snapshots."""
        return {
            "engines": self.engines,
            "scrapes": self.scrapes,
            "seconds": self.seconds,
            "finished": self.finished,
            "broken": self.broken,
            "promptTokens": self.prompt_tokens,
            "outputTokens": self.output_tokens,
            "prefixHitRate": self.hit_rate,
            "preemptions": self.preemptions,
            "rejected": self.rejected,
            "waitingMost": self.waiting_most,
            "runningMost": self.running_most,
            "kvUsageMost": self.kv_usage_most,
            "phaseSeconds": dict(self.phases),
            "problems": list(self.problems),
        }


def span(stage: Stage) -> tuple[float, float]:
    """Return when a stage's first request started and its last ended, Unix seconds; the window's when it sent none."""
    if not stage.rows:
        return stage.start, stage.end
    return min(row.start for row in stage.rows), max(row.end for row in stage.rows)


def figures(engines: Sequence[Sequence[Snapshot]], model: str, start: float, end: float) -> EngineFigures:
    """Return what engines said of the time from `start` to `end`: one sequence of snapshots for each engine (pod).

    `model` is the served name, as the label model_name has it.
    """
    windows = [_window(each, start, end) for each in engines]
    deltas = [delta(each[0], each[-1]) for each in windows if each]
    problems = tuple(_problems(windows, deltas))
    counted = {} if problems else _joined(each.samples for each in deltas)
    said = {"model_name": model} if model else {}
    return EngineFigures(
        engines=len(engines),
        scrapes=sum(map(len, windows)),
        seconds=max((each.seconds for each in deltas), default=0.0),
        prompt_tokens=total(counted, "vllm:prompt_tokens", **said),
        output_tokens=total(counted, "vllm:generation_tokens", **said),
        preemptions=total(counted, "vllm:num_preemptions", **said),
        rejected=total(counted, "vllm:admission_rejections", **said),
        waiting_most=_most(windows, "vllm:num_requests_waiting", said),
        running_most=_most(windows, "vllm:num_requests_running", said),
        kv_usage_most=_most(windows, "vllm:kv_cache_usage_perc", said),
        phases={name: found.mean for name, found in _histograms(counted, PHASES, said) if found.mean is not None},
        latencies=dict(_histograms(counted, HISTOGRAMS, said)),
        config=_config(windows),
        problems=problems,
        hit_rate=_hit_rate(counted, said),
        **_ends(counted, said),
    )


def _window(snapshots: Sequence[Snapshot], start: float, end: float) -> tuple[Snapshot, ...]:
    """Return the last snapshot before, those during, the first after; none when either end is missing."""
    before = [each for each in snapshots if each.moment <= start]
    during = [each for each in snapshots if start < each.moment < end]
    after = [each for each in snapshots if each.moment >= end]
    return (before[-1], *during, after[0]) if before and after else ()


def _problems(windows: Sequence[Sequence[Snapshot]], deltas: Sequence[Delta]) -> Iterator[str]:
    if not windows:
        yield "no engine was watched"
    if not all(windows):
        yield "/metrics was not read both before and after the run"
    again = sorted({each.name for one in deltas for each in one.resets})
    if again:
        more = f" (and {len(again) - 1} more)" if len(again) > 1 else ""
        yield f"the engine started again during the run, or answers for several: {again[0]}{more} began anew"


def _joined(parts: Iterable[Samples]) -> Samples:
    """Engines of one model in several pods say the same names: they are told apart by a label of ours."""
    return {
        Series(each.name, tuple(sorted((*each.labels, ("engine_number", str(number)))))): value
        for number, samples in enumerate(parts)
        for each, value in samples.items()
    }


def _most(windows: Iterable[Iterable[Snapshot]], name: str, said: Mapping[str, str]) -> float | None:
    seen = (total(each.samples, name, **said) for each in chain.from_iterable(windows))
    return max((value for value in seen if value is not None), default=None)


def _histograms(
    counted: Samples, names: Mapping[_Key, str], said: Mapping[str, str]
) -> Iterator[tuple[_Key, Histogram]]:
    for key, name in names.items():
        if (found := histogram(counted, name, **said)) is not None:
            yield key, found


def _hit_rate(counted: Samples, said: Mapping[str, str]) -> float | None:
    asked, hit = (total(counted, f"vllm:prefix_cache_{what}", **said) for what in ("queries", "hits"))
    return hit / asked if asked and hit is not None else None


def _ends(counted: Samples, said: Mapping[str, str]) -> dict[str, float]:
    found = values(counted, "vllm:request_success", **said)
    broken = sum(value for each, value in found.items() if each.label("finished_reason") in _BROKEN)
    return {"finished": sum(found.values()) - broken, "broken": broken} if found else {}


def _config(windows: Iterable[Sequence[Snapshot]]) -> dict[str, str]:
    last = [window[-1].samples for window in windows if window][:1]
    found = [dict(each.labels) for samples in last for each in values(samples, "vllm:cache_config_info")]
    return {key: value for key, value in found[0].items() if key != "engine"} if found else {}
