"""What an engine counted is told apart from what it counted before a run, and is kept with the run."""

import json
from dataclasses import replace

import pytest

from leanrag.engine.exposition import series
from leanrag.engine.histogram import Range
from leanrag.engine.recording import read_snapshots
from leanrag.engine.snapshot import Snapshot
from leanrag.load.engine_figures import figures, span
from leanrag.load.record import Watched, record, reread
from leanrag.load.rows import Kept, read_kept

from .engines import END, START, TTFT, Engine, of, run, stage


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
