"""The load client's own limits: they are measured, and a client that reached one is no witness."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.load import client, health
from leanrag.load.client import overstrained
from leanrag.load.evidence import Case
from leanrag.load.health import Sample, Watch
from leanrag.load.report import ClientHealth, Counts, Report, Row, Stage
from leanrag.slo.objectives import Objective, Traffic

TTFT = Objective("ttft", 500, "ms", 0.95, 95)
TRAFFIC = Traffic("constant", 100, 64, 32, 10.0, 0, 60.0, rate=10.0)
OPEN = Stage("constant", 10.0, None, 1, 0.0, 20.0, Counts(100, 0, 0), (), ("max_requests",), None, ())


def rows(late: float, pace: float = 1.0) -> tuple[Row, ...]:
    return tuple(
        Row("successful", index * pace / 10 + late, index * pace / 10 + late + 0.2, targeted=index / 10)
        for index in range(100)
    )


def test_the_lag_is_the_99th_percentile_of_how_late_requests_left() -> None:
    on_time = rows(0.001)
    stage = replace(OPEN, rows=(*on_time[:-2], *(replace(row, start=row.start + 0.3) for row in on_time[-2:])))
    assert health.loop_lag(replace(OPEN, rows=on_time)) == pytest.approx(0.001)
    assert health.loop_lag(stage) == pytest.approx(0.301)


def test_a_handful_of_requests_tells_no_lag() -> None:
    assert health.loop_lag(replace(OPEN, rows=rows(0.0)[:9])) is None
    assert health.achieved(replace(OPEN, rows=rows(0.0)[:9])) is None


def test_an_open_loop_that_falls_behind_achieves_less_than_it_planned() -> None:
    assert health.achieved(replace(OPEN, rows=rows(0.0))) == pytest.approx(1.0)
    assert health.achieved(replace(OPEN, rows=rows(0.0, pace=1.25))) == pytest.approx(0.8)


def test_a_closed_loop_achieves_what_it_keeps_in_flight() -> None:
    closed = Stage(
        "concurrent", None, 4, 1, 0.0, 10.0, Counts(4, 0, 0), (Row("successful", 0.0, 10.0),) * 3, (), None, ()
    )
    assert health.achieved(closed) == pytest.approx(0.75)


def test_the_busiest_process_counts_over_one_processor() -> None:
    assert health.sample({1: 5.0, 2: 1.0}, {1: 5.9, 2: 1.1, 3: 9.0}, 10.0, 11.0, 4.0) == Sample(
        10.0, 11.0, pytest.approx(0.25), pytest.approx(0.9)
    )
    assert health.sample({1: 5.0}, {2: 5.0}, 10.0, 11.0, 4.0) is None


def test_start_up_and_report_writing_are_no_part_of_the_share() -> None:
    stage = replace(OPEN, rows=rows(0.0))
    samples = (Sample(-3, -2, 1, 1), Sample(1, 2, 0.2, 0.3), Sample(2, 3, 0.2, 0.5), Sample(30, 31, 1, 1))
    assert health.client_health(stage, samples).cpu_share == pytest.approx(0.4)
    assert health.client_health(stage).cpu_share is None


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (ClientHealth(loop_lag=0.049, cpu_share=0.9, achieved=1.0), ""),
        (ClientHealth(loop_lag=0.051), "1 % of its requests left 51 ms late or more; at most 50 ms"),
        (ClientHealth(cpu_share=0.91), "it used 91 % of its processors"),
        (ClientHealth(), ""),
    ],
)
def test_a_client_at_its_limit_is_named(seen: ClientHealth, words: str) -> None:
    said = overstrained(seen, (TTFT,))
    assert said.startswith(words) and bool(said) is bool(words)


def judged(stage: Stage, traffic: Traffic = TRAFFIC) -> dict[str, Item]:
    case = Case(Report("x", "t", "m", "u", 1, (stage,)), stage, stage.rows, (TTFT,), traffic, "m")
    return {item.name: item for item in (client.pace(case), client.unhurried(case), client.steady(case))}


def test_a_client_at_its_limit_is_no_witness() -> None:
    good = replace(OPEN, rows=rows(0.0), client=ClientHealth(0.001, 0.2, 1.0))
    assert judged(good)["client"].outcome is Outcome.PASS
    busy = replace(good, client=ClientHealth(cpu_share=0.97))
    assert judged(busy)["client"].outcome is Outcome.INCONCLUSIVE
    assert "the client was the bottleneck: it used 97 %" in judged(busy)["client"].reason


def test_a_list_is_judged_by_its_own_moments_not_by_its_mean_rate() -> None:
    ramp = replace(OPEN, rate=2.0, shape="ramp", rows=rows(0.0))
    assert judged(ramp)["pace"].outcome is Outcome.PASS and judged(ramp)["steady"].outcome is Outcome.PASS
    assert judged(replace(ramp, shape=""))["pace"].outcome is Outcome.INCONCLUSIVE
    assert judged(replace(ramp, rows=rows(0.0, pace=1.25)))["pace"].outcome is Outcome.INCONCLUSIVE
    assert judged(replace(ramp, rows=rows(0.0)[:5]))["pace"].outcome is Outcome.INCONCLUSIVE


def test_a_run_that_changes_in_its_middle_proves_nothing_and_a_slow_beginning_is_named() -> None:
    plain = rows(0.0)
    late = tuple(replace(row, ttft=0.1 + index / 1e4 + (2.0 if index > 60 else 0.0)) for index, row in enumerate(plain))
    early = tuple(
        replace(row, ttft=0.1 + index % 7 / 1e4 + (2.0 if index < 10 else 0.0)) for index, row in enumerate(plain)
    )
    assert judged(replace(OPEN, rows=late))["steady"].outcome is Outcome.INCONCLUSIVE
    found = judged(replace(OPEN, rows=early))["steady"]
    assert found.outcome is Outcome.PASS and "first 10 requests are unlike the rest" in found.reason
    assert "raise traffic.warmupRequests" in found.reason


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_processes_are_found_by_the_folder_that_they_work_in(tmp_path: Path) -> None:
    spin = "import time\nend = time.time() + 20\nwhile time.time() < end: pass"
    process = subprocess.Popen([sys.executable, "-c", spin], cwd=tmp_path)
    try:
        with Watch(tmp_path.resolve(), every=0.05) as watch:
            limit = time.monotonic() + 20
            while not watch.samples and time.monotonic() < limit:
                time.sleep(0.02)
        assert watch.samples and all(one.end > one.start and one.busiest >= 0 for one in watch.samples)
        assert set(health.burnt(tmp_path.resolve())) == {process.pid}
        assert os.getpid() not in health.burnt(tmp_path.resolve())
    finally:
        process.kill()
        process.wait()


def test_without_proc_nothing_is_measured(tmp_path: Path) -> None:
    assert health.burnt(tmp_path, tmp_path / "none") == {}


def test_samples_are_kept_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / health.FILE
    assert health.kept(path) == ()
    health.keep(path, [Sample(1.0, 2.0, 0.5, 0.75)])
    assert health.kept(path) == (Sample(1.0, 2.0, 0.5, 0.75),)
    for broken in ("[{]", '[{"start": 1}]', '[{"start": "1", "end": 2, "processors": 0, "busiest": 0}]'):
        path.write_text(broken)
        with pytest.raises(InputError, match=health.FILE):
            health.kept(path)
