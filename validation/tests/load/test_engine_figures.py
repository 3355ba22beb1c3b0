"""Engine and client count the same requests: their figures stand side by side, or it is said why not."""

import json
from dataclasses import replace

import pytest

from leanrag.core.outcome import Outcome
from leanrag.engine.exposition import series
from leanrag.engine.histogram import Range
from leanrag.engine.recording import read_snapshots
from leanrag.engine.snapshot import Snapshot
from leanrag.load.beside import agreement, beside
from leanrag.load.engine_figures import PHASES, figures, span
from leanrag.load.record import Watched, record, reread
from leanrag.load.report import Counts, Row, Stage
from leanrag.load.rows import Kept, read_kept
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


@pytest.fixture
def engine():
    """An engine that has already served 500 requests of somebody else."""
    made = Engine()
    made.serve(500, cached=64, seconds=3.0)
    return made


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


def test_only_what_the_run_added_is_counted(engine):
    seen = of(run(engine, 100, cached=16))
    assert (seen.finished, seen.broken, seen.output_tokens) == (100, 0, 3200)
    assert seen.hit_rate == 0.25
    assert seen.latencies["ttft"].share_above(0.1) == Range(0, 0)
    assert seen.phases == pytest.approx({"queue": 0.02, "prefill": 0.02, "decode": 0.02})
    assert seen.problems == ()


def test_gauges_are_the_largest_of_the_scrapes_of_the_run(engine):
    seen = of(run(engine))
    assert (seen.waiting_most, seen.running_most, seen.kv_usage_most, seen.scrapes) == (9, 8, 0.4, 4)


def test_a_prefix_cache_that_nobody_asked_has_no_hit_rate(engine):
    assert of(run(engine, 0)).hit_rate is None


def test_requests_that_nobody_got_whole_are_counted_apart(engine):
    before = engine.says(START)
    engine.serve(3, "abort")
    engine.serve(2, "error")
    engine.serve(7, "stop")
    seen = of([before, engine.says(END)])
    assert (seen.finished, seen.broken) == (7, 5)


def test_engines_of_several_pods_are_added_though_they_say_the_same_names(engine):
    seen = of(run(engine, 60), run(Engine(), 40))
    assert (seen.engines, seen.finished, seen.latencies["e2e"].count) == (2, 100, 100)


def test_another_model_of_the_same_engine_is_not_counted(engine):
    other = Engine("embedder")
    both = [
        Snapshot(mine.moment, {**mine.samples, **its.samples})
        for mine, its in zip(run(engine, 10), run(other, 90), strict=True)
    ]
    assert of(both).finished == 10


@pytest.mark.parametrize("missing", [slice(1, None), slice(None, 3), slice(0, 0)])
def test_without_a_scrape_on_each_side_there_are_no_counts(engine, missing):
    seen = of(run(engine)[missing])
    assert seen.finished is seen.hit_rate is None
    assert seen.latencies == {}
    assert seen.problems == ("/metrics was not read both before and after the run",)


def test_no_engine_is_a_problem_in_words():
    assert figures((), "tiny", START, END).problems == ("no engine was watched",)


def test_a_restart_takes_every_count_away(engine):
    before, *_ = run(engine)
    seen = of([before, Engine().says(END)])
    assert seen.finished is seen.output_tokens is None
    assert seen.latencies == {}
    assert "started again" in seen.problems[0]


def test_one_engine_that_cannot_be_told_makes_the_sum_unknown(engine):
    whole, cut = run(engine, 60), run(Engine(), 40)[1:]
    assert of(whole, cut).finished is None


def test_the_engine_s_own_configuration_is_kept(engine):
    config = series("vllm:cache_config_info", block_size="128", engine="0", num_gpu_blocks="682")
    snapshots = [Snapshot(each.moment, {**each.samples, config: 1.0}) for each in run(engine)]
    assert of(snapshots).config == {"block_size": "128", "num_gpu_blocks": "682"}


def test_an_entry_of_a_verdict_has_every_figure(engine):
    entry = of(run(engine)).entry()
    assert entry["prefixHitRate"] == 0
    assert entry["phaseSeconds"]["queue"] == pytest.approx(0.02)
    assert None not in {entry[key] for key in ("finished", "waitingMost", "kvUsageMost", "preemptions", "outputTokens")}


def test_the_span_of_a_stage_holds_every_request():
    assert span(stage(10)) == (START, pytest.approx(START + 0.9 + 0.5))
    assert span(replace(stage(), rows=())) == (START, END)


def test_both_sides_of_a_promise_stand_side_by_side(engine):
    (seen,) = beside(stage(ttft=0.12).rows, of(run(engine, seconds=0.02)), [TTFT])
    assert (seen.client, seen.engine, seen.client_n, seen.engine_n) == (1, Range(0, 0), 100, 100)
    assert seen.apart == pytest.approx(0.1)  # the client waited 100 ms that the engine knows nothing of


def test_a_limit_between_two_edges_leaves_the_engine_s_share_open(engine):
    (seen,) = beside(stage().rows, of(run(engine, seconds=0.02)), [replace(TTFT, limit=30)])
    assert seen.engine == Range(0, 1)


def test_a_side_that_saw_nothing_says_nothing(engine):
    (seen,) = beside((), of([]), [TTFT])
    assert (seen.client, seen.engine, seen.apart) == (None, None, None)


def test_queue_time_is_the_engine_s_alone(engine):
    (seen,) = beside(stage().rows, of(run(engine)), [Objective("queue", 100, "ms", 0.95, 95)])
    assert (seen.client, seen.engine) == (None, Range(0, 0))


def test_only_latencies_have_two_sides(engine):
    assert beside(stage().rows, of(run(engine)), [Objective("errorRate", 0.01, "share", 0.95)]) == ()


def test_an_engine_that_bears_the_client_out_is_evidence(engine):
    item = agreement(of(run(engine, 100)), stage(100))
    assert item.outcome is Outcome.PASS
    assert item.reason.startswith("the engine finished 100 of 100 requests, prefix cache hit rate 0.0%, most waiting 9")


def test_an_engine_that_was_not_asked_is_no_evidence():
    assert agreement(None, stage()).outcome is Outcome.NOT_RUN


@pytest.mark.parametrize(
    ("served", "sent", "said"),
    [
        (160, stage(100), "others used it, too"),
        (50, stage(100), "another engine answered, too"),
        (0, stage(100), "another engine answered, too"),
    ],
)
def test_an_engine_that_counts_other_requests_is_refused(engine, served, sent, said):
    item = agreement(of(run(engine, served)), sent)
    assert item.outcome is Outcome.INCONCLUSIVE
    assert said in item.reason


def test_a_request_whose_end_the_client_lost_contradicts_nothing(engine):
    assert agreement(of(run(engine, 100)), stage(99, failed=1)).outcome is Outcome.PASS


def test_an_engine_that_cannot_be_told_is_refused_with_its_reason(engine):
    item = agreement(of(run(engine)[:1]), stage())
    assert (item.outcome, item.reason) == (
        Outcome.INCONCLUSIVE,
        "/metrics was not read both before and after the run",
    )


def test_an_engine_that_does_not_count_requests_is_refused(engine):
    counts = [
        Snapshot(s.moment, {k: v for k, v in s.samples.items() if "request_success" not in k.name}) for s in run(engine)
    ]
    assert "does not say how many requests" in agreement(of(counts), stage()).reason


@pytest.mark.parametrize(
    ("cached", "band", "outcome"),
    [
        (0, (0.0, 0.05), Outcome.PASS),
        (64, (0.0, 0.05), Outcome.INCONCLUSIVE),
        (48, (0.6, 0.9), Outcome.PASS),
        (0, (0.6, 0.9), Outcome.INCONCLUSIVE),
    ],
)
def test_a_prefix_cache_that_answers_other_than_declared_is_refused(engine, cached, band, outcome):
    assert agreement(of(run(engine, 100, cached=cached)), stage(100), band).outcome is outcome


def test_a_declared_hit_rate_that_nobody_tells_is_refused(engine):
    quiet = [
        Snapshot(s.moment, {k: v for k, v in s.samples.items() if "prefix_cache" not in k.name}) for s in run(engine)
    ]
    assert agreement(of(quiet), stage(), (0.0, 1.0)).outcome is Outcome.INCONCLUSIVE


def test_a_run_leaves_its_rows_its_snapshots_and_its_figures(engine, tmp_path):
    snapshots, sent = run(engine, 100, cached=16), stage(100)
    gpu = series("DCGM_FI_DEV_GPU_UTIL", UUID="GPU-a", pod="tiny-0")
    exporter = [Snapshot(START + at, {gpu: 90.0}) for at in range(5)]
    watched = Watched([snapshots, snapshots], [exporter], ({"pod": "tiny-0"},), ("engine: answered 500",))
    left = record(tmp_path, sent, watched, "tiny", [TTFT], {"scenario": "s1"})
    assert [each.name for each in left.files] == [
        "rows.jsonl.zst",
        "engine.jsonl.zst",
        "engine-2.jsonl.zst",
        "gpus.jsonl.zst",
    ]
    assert read_kept(left.files[0]) == Kept(sent, {"model": "tiny", "scenario": "s1"})
    assert list(read_snapshots(left.files[1])) == snapshots
    entry = json.loads(json.dumps(left.entry()))
    assert (entry["finished"], entry["prefixHitRate"], entry["engines"]) == (200, 0.25, 2)
    assert entry["beside"][0]["clientShare"] == 0
    assert entry["gpus"][0]["busy"] == pytest.approx(0.9)
    assert entry["scrapeProblems"] == ["engine: answered 500"]
    assert reread(tmp_path, sent, "tiny") == left.figures


def test_a_run_that_nobody_watched_leaves_its_rows(tmp_path):
    left = record(tmp_path, stage(), Watched([]), "tiny", [TTFT])
    assert [each.name for each in left.files] == ["rows.jsonl.zst"]
    assert left.figures.problems == ("no engine was watched",)
    assert reread(tmp_path, stage(), "tiny") is None


def test_an_earlier_run_in_the_same_folder_is_not_taken_for_this_one(engine, tmp_path):
    record(tmp_path, stage(), Watched([run(engine), run(Engine())], [run(engine)]), "tiny", [TTFT])
    record(tmp_path, stage(), Watched([]), "tiny", [TTFT])
    assert [each.name for each in tmp_path.iterdir()] == ["rows.jsonl.zst"]
