"""Reports of `vllm bench serve` and inference-perf: what they really hold, and what is refused."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from leanrag.core.errors import InputError
from leanrag.load.reader import parse, read
from leanrag.load.report import Counts, Stage

REPORTS = Path(__file__).parent / "reports"
VLLM = gzip.decompress((REPORTS / "vllm-constant.json.gz").read_bytes()).decode()
FAULTY = gzip.decompress((REPORTS / "vllm-faulty.json.gz").read_bytes()).decode()


def changed(change: Callable[[dict[str, Any]], object], text: str = VLLM) -> str:
    result = json.loads(text)
    change(result)
    return json.dumps(result)


def stage(text: str) -> Stage:
    return parse(text, "r.json").stages[0]


def refusal(text: str) -> InputError:
    with pytest.raises(InputError) as error:
        parse(text, "r.json")
    return error.value


def test_our_figures_of_a_vllm_result_equal_its_own() -> None:
    result, rows = json.loads(VLLM), stage(VLLM).rows
    assert sum(row.ttft or 0 for row in rows) / 80 * 1000 == pytest.approx(result["mean_ttft_ms"])
    assert sum(row.itl or 0 for row in rows) / 80 * 1000 == pytest.approx(result["mean_tpot_ms"])
    assert sum(row.e2e or 0 for row in rows) / 80 * 1000 == pytest.approx(result["mean_e2el_ms"])


def test_a_failed_request_of_vllm_is_known_though_its_file_never_says_so() -> None:
    found = stage(FAULTY)
    failed = [row for row in found.rows if row.status == "errored"]
    assert found.made == Counts(78, 12, 0)
    assert len(failed) == 12 and not any(row.e2e or row.itl for row in failed)
    assert {row.error.split(":")[0] for row in failed} == {
        "Internal Server Error",
        "aiohttp.client_exceptions.ClientPayloadError",
    }


def test_a_failure_without_any_reason_is_a_failure() -> None:
    text = changed(lambda r: r["errors"].__setitem__(9, ""), FAULTY)
    assert next(row.error for row in stage(text).rows if row.status == "errored") == "no reason given"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "constant 12/s"),
        ({"burstiness": 1.0}, "poisson 12/s"),
        ({"burstiness": 0.5}, "gamma 12/s"),
        ({"request_rate": "inf", "max_concurrency": 4}, "concurrent 4"),
        ({"request_rate": "inf"}, "throughput"),
        ({"request_rate": "inf", "ramp_up_strategy": "linear"}, "ramp"),
    ],
)
def test_what_was_asked_of_vllm_is_named_as_ours(change: dict[str, Any], name: str) -> None:
    assert stage(changed(lambda r: r.update(change))).name == name


def test_only_the_shape_of_gaps_may_be_infinite() -> None:
    assert "holds Infinity, which is no figure" in refusal(VLLM.replace('"rtfx": 0.0', '"rtfx": Infinity')).message
    assert "holds NaN, which is no figure" in refusal(VLLM.replace('"rtfx": 0.0', '"rtfx": NaN')).message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r.pop("latencies"), "has no latencies: no request is listed"),
        (lambda r: r["ttfts"].pop(), "lists of different lengths: 80 input_lens, 80 output_lens, 79 ttfts"),
        (lambda r: r["ttfts"].__setitem__(3, None), "$.ttfts[3] is not a number"),
        (lambda r: r.update(completed=-1), "$.completed is not a count"),
        (lambda r: r.pop("failed"), "$ has no failed"),
    ],
)
def test_a_vllm_result_of_another_shape_names_its_place(change: Callable[[dict[str, Any]], object], words: str) -> None:
    said = refusal(changed(change))
    assert words in said.message and "vllm bench serve" in said.hint


def test_a_vllm_result_without_its_requests_says_how_to_get_them() -> None:
    with pytest.raises(InputError, match="no request is listed") as error:
        read(REPORTS / "vllm-not-detailed.json.gz")
    assert "--save-detailed" in error.value.hint


def test_two_results_of_two_models_are_no_report() -> None:
    assert "results of 2 models" in refusal(f"{VLLM}\n{changed(lambda r: r.update(model_id='other'))}").message


def test_requests_that_vllm_planned_and_does_not_list_are_no_end_of_run() -> None:
    assert stage(changed(lambda r: r.update(num_prompts=200))).stopped_by == ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(REPORTS / "inference-perf-faulty", tmp_path / "run")
    return tmp_path / "run"


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(gzip.decompress(path.read_bytes()))
    change(value)
    path.write_bytes(gzip.compress(json.dumps(value).encode()))


def test_requests_of_inference_perf_are_told_apart_by_stage(folder: Path) -> None:
    first, second = read(folder).stages
    assert (first.name, first.made, len(first.rows)) == ("poisson 10/s", Counts(35, 5, 0), 40)
    assert (second.name, second.made, len(second.rows)) == ("poisson 15/s", Counts(52, 8, 0), 60)
    assert first.rows[-1].start < second.rows[0].start
    for found in (first, second):
        assert sum(row.status == "errored" for row in found.rows) == found.made.errored


def test_our_figures_of_inference_perf_equal_its_own() -> None:
    rows = read(REPORTS / "inference-perf-concurrent").stages[0].rows
    packed = (REPORTS / "inference-perf-concurrent" / "stage_0_lifecycle_metrics.json.gz").read_bytes()
    own = json.loads(gzip.decompress(packed))["successes"]["latency"]
    assert sum(row.ttft or 0 for row in rows) / 100 == pytest.approx(own["time_to_first_token"]["mean"])
    assert sum(row.e2e or 0 for row in rows) / 100 == pytest.approx(own["request_latency"]["mean"])


def test_tokens_are_counted_by_the_server() -> None:
    # Its own count, with a foreign tokenizer, is about 33 of 16; time per token would be half of the truth.
    rows = read(REPORTS / "inference-perf-concurrent").stages[0].rows
    assert {row.output_tokens for row in rows} == {16}
    assert median(row.itl or 0 for row in rows) == pytest.approx(0.010, rel=0.05)


def test_the_list_of_requests_names_the_whole_folder(folder: Path) -> None:
    assert len(read(folder / "per_request_lifecycle_metrics.json.gz").stages) == 2


def test_a_prefix_of_the_files_is_no_obstacle(folder: Path) -> None:
    for path in tuple(folder.iterdir()):
        path.rename(folder / f"nightly-{path.name}")
    assert len(read(folder).stages) == 2


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("per_request_lifecycle_metrics.json.gz", "0 files end in per_request_lifecycle_metrics.json"),
        ("stage_1_lifecycle_metrics.json.gz", "100 requests listed; 1 of 2 stages have a summary, of 40 requests"),
        ("config.yaml.gz", "no such report"),
    ],
)
def test_half_a_report_of_inference_perf_is_none(gone: str, words: str, folder: Path) -> None:
    (folder / gone).unlink()
    with pytest.raises(InputError, match=words):
        read(folder)


def test_requests_that_inference_perf_cancelled_are_no_end_of_run(folder: Path) -> None:
    rewrite(folder / "per_request_lifecycle_metrics.json.gz", lambda rows: rows.pop())
    rewrite(folder / "stage_1_lifecycle_metrics.json.gz", lambda stage: stage["load_summary"].update(count=59))
    assert [found.stopped_by for found in read(folder).stages] == [("max_requests",), ()]


def test_a_client_behind_its_schedule_is_told(folder: Path) -> None:
    rewrite(
        folder / "stage_0_lifecycle_metrics.json.gz",
        lambda stage: stage["load_summary"]["schedule_delay"].update(p95=0.3),
    )
    first, second = read(folder).stages
    assert [(one.code, one.message) for one in first.warnings] == [
        ("schedule_delay", "p95 of the delay behind its schedule is 0.30 s")
    ]
    assert second.warnings == ()


def test_a_list_of_requests_alone_says_what_is_missing() -> None:
    packed = (REPORTS / "inference-perf-faulty" / "per_request_lifecycle_metrics.json.gz").read_bytes()
    assert "without what was asked of it" in refusal(gzip.decompress(packed).decode()).message
