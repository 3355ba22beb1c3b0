"""An engine that counts requests as vLLM does, and the client's side of the same run."""

from leanrag.engine.exposition import series
from leanrag.engine.snapshot import Snapshot
from leanrag.load.engine_figures import PHASES, figures
from leanrag.load.report import Counts, Row, Stage
from leanrag.slo.objectives import Objective
from leanrag.slo.openslo import HISTOGRAMS

# vLLM 0.32.0's edges of the time to first token, shortened (v1/metrics/buckets.py).
EDGES = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
START, END = 1000.0, 1060.0
TTFT = Objective("ttft", 100, "ms", 0.95, 95)


class Engine:
    """Counts requests as vLLM does, and says so when it is asked."""

    def __init__(self, model="tiny"):
        self.labels = {"engine": "0", "model_name": model}
        self.counted = dict.fromkeys(
            ("prefix_cache_queries", "prefix_cache_hits", "prompt_tokens", "generation_tokens", "num_preemptions"), 0.0
        )
        self.gauges = dict.fromkeys(("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"), 0.0)
        self.ended = dict.fromkeys(("stop", "length", "abort", "error"), 0.0)
        self.seen = {name: [] for name in {*HISTOGRAMS.values(), *PHASES.values()}}

    def serve(self, times, reason="length", cached=0, seconds=0.02):
        self.ended[reason] += times
        for held in self.seen.values():
            held += [seconds] * times
        for name, each in (("prefix_cache_queries", 64), ("prefix_cache_hits", cached), ("generation_tokens", 32)):
            self.counted[name] += each * times

    def says(self, moment, **gauges):
        samples = {self._of(name): value for name, value in {**self.gauges, **gauges}.items()}
        samples |= {self._of(f"{name}_total"): value for name, value in self.counted.items()}
        samples |= {self._of("request_success_total", finished_reason=why): n for why, n in self.ended.items()}
        for name, seen in self.seen.items():
            held = {f"{edge:g}": sum(value <= edge for value in seen) for edge in EDGES} | {"+Inf": len(seen)}
            samples |= {series(f"{name}_bucket", le=edge, **self.labels): float(n) for edge, n in held.items()}
            samples |= {series(f"{name}_count", **self.labels): float(len(seen))}
            samples |= {series(f"{name}_sum", **self.labels): sum(seen)}
        return Snapshot(moment, samples)

    def _of(self, name, **labels):
        return series(f"vllm:{name}", **self.labels, **labels)


def run(engine, times=100, **serving):
    """The engine's snapshots of a run of some requests: before, twice during, after."""
    before = engine.says(START - 1)
    engine.serve(times, **serving)
    return [
        before,
        engine.says(START + 20, num_requests_waiting=3.0, num_requests_running=8.0, kv_cache_usage_perc=0.4),
        engine.says(START + 40, num_requests_waiting=9.0, num_requests_running=4.0, kv_cache_usage_perc=0.2),
        engine.says(END + 1),
        engine.says(END + 100, num_requests_waiting=99.0),
    ]


def stage(times=100, ttft=0.03, failed=0):
    rows = [
        Row("successful", START + i * 0.1, START + i * 0.1 + 0.5, None, ttft, 0.0097, 0.5, 64, 32) for i in range(times)
    ]
    rows += [Row("errored", START + i * 0.1, START + i * 0.1, error="503") for i in range(failed)]
    return Stage("constant", 10.0, None, 1, START, END, Counts(times, failed, 0), tuple(rows), (), None, ())


def of(*engines):
    return figures(engines, "tiny", START, END)
