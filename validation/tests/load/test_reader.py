"""Reports that cannot be used are refused in one sentence."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.errors import InputError
from leanrag.load.reader import parse, read

GOOD = gzip.decompress((Path(__file__).parent / "reports" / "constant-good.json.gz").read_bytes()).decode()


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    report = json.loads(GOOD)
    change(report)
    return json.dumps(report)


def refusal(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse(text, "r.json")
    return error.value.message


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_truncated_report_is_one_sentence(keep: float) -> None:
    said = refusal(GOOD[: int(len(GOOD) * keep)])
    assert said.startswith("r.json: the report is") and "\n" not in said


def test_a_truncated_gzip_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "cut.json.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:4000])
    with pytest.raises(InputError, match="cut off or damaged"):
        read(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: r["metadata"].update(version=3), "schema 3 of GuideLLM 0.8.1 is not known"),
        (lambda r: r["metadata"].update(guidellm_version="0.9.0"), "GuideLLM 0.9.0 is not known"),
        (lambda r: r.pop("metadata"), "$ has no metadata"),
        (lambda r: r["benchmarks"][0].pop("requests"), "$.benchmarks[0] has no requests"),
        (
            lambda r: r["benchmarks"][0]["requests"]["successful"][3].update(time_to_first_token_ms="12"),
            "is not a number",
        ),
        (lambda r: r["benchmarks"][0]["scheduler_metrics"]["requests_made"].update(errored=-1), "is not a count"),
        (lambda r: r.update(benchmarks={}), "$.benchmarks is not a list"),
    ],
)
def test_an_unknown_shape_names_its_place(change: Callable[[dict[str, Any]], object], words: str) -> None:
    assert words in refusal(changed(change))


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity"])
def test_a_report_that_holds_no_number_is_refused_wherever_it_stands(figure: str) -> None:
    text = changed(lambda r: r["benchmarks"][0]["metrics"].update(anything="@"))
    assert refusal(text.replace('"@"', figure)) == f"r.json: the report holds {figure}, which is no figure"


@pytest.mark.parametrize("figure", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_figure_that_is_no_number_is_refused(figure: str) -> None:
    text = changed(lambda r: r["benchmarks"][0]["requests"]["successful"][0].update(time_to_first_token_ms="@"))
    said = refusal(text.replace('"@"', figure))
    assert "holds" in said or "is not finite" in said


def test_a_missing_report_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such report"):
        read(tmp_path / "none.json")


def test_requests_that_were_never_sent_are_not_requests() -> None:
    text = changed(lambda r: r["benchmarks"][0]["requests"]["incomplete"][0].update(request_start_time=None))
    assert len(parse(text, "r").stages[0].rows) == len(parse(GOOD, "r").stages[0].rows) - 1
