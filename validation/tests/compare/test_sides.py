"""What a folder, a report, kept rows or a verdict says of one side, and what is told of a file that says nothing."""

import json
import shutil
from pathlib import Path

import pytest

from leanrag.compare.sides import Side, priced, read_side
from leanrag.core.errors import InputError
from leanrag.load.rows import write_rows

from .sides import run

REPORTS = Path(__file__).parents[1] / "load" / "reports"
SIDE = {"schema": "leanrag.io/side/v1", "name": "int4", "gpu": "NVIDIA-L4", "arguments": {"quantization": "awq"}}
SUBJECT = {
    "gpu": ["NVIDIA-L4"],
    "vectorStore": "milvus",
    "models": [{"name": "mock-llm", "task": "chat", "engine": "vllm", "engineVersion": "0.11.2"}],
}


def report(folder: Path, name: str = "guidellm.json.gz", of: str = "concurrent-good") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(REPORTS / f"{of}.json.gz", folder / name))


def test_a_report_alone_is_a_side_of_one_run(tmp_path: Path) -> None:
    found = read_side(report(tmp_path))
    assert (found.facts.model, found.facts.tool) == ("mock-llm", "guidellm 0.8.1")
    assert (found.facts.gpu, found.facts.arguments) == ("", None)
    assert [list(each.stages) for each in found.runs] == [["concurrent 8"]]


def test_a_folder_is_all_its_runs_and_what_its_side_file_says(tmp_path: Path) -> None:
    for number in (1, 2):
        report(tmp_path / f"run-{number}")
    (tmp_path / "side.json").write_text(json.dumps(SIDE))
    found = read_side(tmp_path)
    assert found.name == "int4"
    assert (found.facts.gpu, found.facts.arguments) == ("NVIDIA-L4", {"quantization": "awq"})
    assert [Path(each.source).parent.name for each in found.runs] == ["run-1", "run-2"]


def test_kept_rows_are_a_run_too_and_count_once_beside_their_report(tmp_path: Path) -> None:
    stage = next(iter(run(1).stages.values()))
    write_rows(
        tmp_path / "a" / "rows.jsonl.zst", stage, {"model": "tiny", "gpu": "NVIDIA-L4", "tool": "guidellm 0.8.1"}
    )
    alone = read_side(tmp_path / "a")
    assert (alone.facts.model, alone.facts.gpu, len(alone.runs)) == ("tiny", "NVIDIA-L4", 1)
    report(tmp_path / "b")
    write_rows(tmp_path / "b" / "rows.jsonl.zst", stage, {})
    assert [Path(each.source).name for each in read_side(tmp_path / "b").runs] == ["guidellm.json.gz"]


def gated(folder: Path, subject: object = SUBJECT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verdict.json").write_text(json.dumps({"subject": subject}))
    return folder


@pytest.mark.parametrize("name", ["", "verdict.json"])
def test_a_gates_folder_is_its_reports_with_what_its_verdict_says(tmp_path: Path, name: str) -> None:
    report(gated(tmp_path / "gate") / "load" / "chat")
    found = read_side(tmp_path / "gate" / name)
    assert (found.facts.gpu, found.facts.engine, found.facts.store) == ("NVIDIA-L4", "vllm 0.11.2", "milvus")
    assert len(found.runs) == 1


def test_an_engine_whose_version_nobody_saw_is_not_known(tmp_path: Path) -> None:
    models = [{**SUBJECT["models"][0], "engineVersion": None}]
    report(gated(tmp_path, {**SUBJECT, "models": models}) / "load" / "chat")
    assert read_side(tmp_path).facts.engine == ""


def test_of_two_models_one_must_be_named(tmp_path: Path) -> None:
    for name in ("chat", "other"):
        report(gated(tmp_path) / "load" / name)
    with pytest.raises(InputError, match="2 of its reports") as caught:
        read_side(tmp_path)
    assert "mock-llm" in caught.value.hint


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder.mkdir(), "holds no report"),
        (lambda folder: gated(folder), "a verdict holds no requests"),
        (lambda folder: gated(folder, None), "not a verdict"),
        (lambda folder: None, "no such report"),
    ],
)
def test_what_is_no_side_is_told_in_one_sentence(tmp_path: Path, make: object, words: str) -> None:
    assert callable(make)
    make(tmp_path / "x")
    with pytest.raises(InputError, match=words) as caught:
        read_side(tmp_path / "x")
    assert caught.value.hint


def test_every_problem_of_a_side_file_is_told_at_once(tmp_path: Path) -> None:
    report(tmp_path)
    (tmp_path / "side.json").write_text(json.dumps({**SIDE, "gpus": 0, "price": float("nan"), "modle": "x"}))
    with pytest.raises(InputError) as caught:
        read_side(tmp_path)
    for key in ("gpus", "price", "modle"):
        assert key in caught.value.message
    assert "schema leanrag.io/side/v1" in caught.value.hint


def test_runs_of_two_services_are_no_side(tmp_path: Path) -> None:
    report(tmp_path, "1.json.gz")
    stage = next(iter(run(1).stages.values()))
    write_rows(tmp_path / "2" / "rows.jsonl.zst", stage, {"model": "another"})
    with pytest.raises(InputError, match="model 'another'"):
        read_side(tmp_path)


def test_a_side_keeps_its_own_price(tmp_path: Path) -> None:
    report(tmp_path)
    (tmp_path / "side.json").write_text(json.dumps({**SIDE, "price": 2.5}))
    dear: Side = read_side(tmp_path)
    assert priced(dear, 1.0).told.price == 2.5
    assert priced(read_side(report(tmp_path / "x")), 1.0).told.price == 1.0
