"""The parts of a run that make it quick say what the slow ones say: copies of the process, quick schemas, progress."""

import io
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from leanrag.checks import whole_files, whole_progress
from leanrag.checks.run import check_files
from leanrag.checks.values import ValuesSchema, parse_schema, problems, replaced
from leanrag.checks.whole_copies import by_copies
from leanrag.checks.whole_progress import Progress
from leanrag.core import yamlio
from leanrag.core.errors import InputError

ROOT = Path(__file__).parents[3]
CHARTS = sorted(path.parent for path in ROOT.glob("charts/*/*/values.schema.json"))
JUNK: tuple[Any, ...] = (None, True, -1, 0, 1.5, 2**40, "", "x" * 300, "8Gi", [], [1], {}, {"surprise": 1})


def slowly(number: int) -> int:
    time.sleep(0.05 if number == 0 else 0)
    return number * number


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_answers_come_in_the_order_of_their_items(workers: int) -> None:
    assert list(by_copies(slowly, range(9), workers)) == [number * number for number in range(9)]
    assert list(by_copies(slowly, [], workers)) == []


def refuse(number: int) -> int:
    raise InputError(f"{number} is not possible", hint="take another")


def test_what_a_copy_refuses_is_said_as_if_there_were_no_copy() -> None:
    with pytest.raises(InputError, match="0 is not possible") as told:
        list(by_copies(refuse, range(4), 2))
    assert told.value.hint == "take another"


class UnluckyError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("no way back")


def fail(number: int) -> int:
    raise UnluckyError(number, number)


def test_a_mistake_in_a_copy_comes_back_with_its_place() -> None:
    with pytest.raises(RuntimeError, match=r"in fail(?s:.*)no way back"):
        list(by_copies(fail, range(4), 2))


def test_many_objects_judged_by_copies_have_the_findings_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p%d}\nspec: {containers: [{name: a, image: 'a:%s'}]}\n"
    for file in range(3):
        texts = [pod % (file * 10 + number, ["latest", "v1.2.3"][number % 2]) for number in range(10)]
        (tmp_path / f"{file}.yaml").write_text("---\n".join(texts))
    monkeypatch.setattr(whole_files, "_SHARD", 4)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(whole_files, "processors", lambda count=count: count)
        found.append([*map(repr, check_files([tmp_path]).findings)])
    assert found[0] == found[1] == found[2]
    assert sum("IMG001" in each for each in found[0]) == 15


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    for key, each in value.items() if isinstance(value, dict) else ():
        yield from leaves(each, (*path, key))


@pytest.mark.parametrize("chart", CHARTS, ids=lambda path: path.name)
def test_the_quick_validator_lets_no_value_pass_that_the_careful_one_refuses(chart: Path) -> None:
    text = (chart / "values.schema.json").read_bytes()
    schema, careful = parse_schema(text), Draft7Validator(json.loads(text))
    assert isinstance(schema, ValuesSchema)
    assert schema.quick is not None
    values = yamlio.read(chart / "values.yaml")
    chosen = random.Random(7)
    paths = sorted(leaves(values))
    for path in chosen.sample(paths, min(25, len(paths))):
        for junk in chosen.sample(JUNK, 3):
            given = replaced(values, path, junk)
            assert bool(list(problems(schema, given))) is not careful.is_valid(given), (path, junk)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b'{"type": "strin"}', "is no JSON Schema"),
        (b"[]", "JSON Schema"),
    ],
)
def test_a_schema_that_cannot_be_used_says_why(text: bytes, reason: str) -> None:
    found = parse_schema(text)
    assert isinstance(found, str)
    assert reason in found


def test_a_schema_of_a_draft_that_the_quick_library_has_not_is_judged_by_the_careful_one() -> None:
    schema = parse_schema(b'{"$schema": "http://example.org/mine", "properties": {"a": {"type": "integer"}}}')
    assert isinstance(schema, ValuesSchema)
    assert [problem.path for problem in problems(schema, {"a": "x"})] == [("a",)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, seconds: float) -> str:
    """Return what three clusters of so many seconds each make progress say."""
    now = iter(range(100))
    monkeypatch.setattr(whole_progress.time, "monotonic", lambda: next(now) * seconds)
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(3)
    for _ in range(3):
        progress.step()
    progress.end()
    return stream.getvalue()


def test_what_is_quick_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, Terminal(), 0.1) == ""
    assert shown(monkeypatch, io.StringIO(), 0.1) == ""


def test_a_terminal_has_one_line_that_goes_and_a_log_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    line = shown(monkeypatch, Terminal(), 2)
    assert "\n" not in line
    assert "1 of 3 clusters" in line
    assert line.endswith("\r\x1b[K")
    assert shown(monkeypatch, io.StringIO(), 12) == "check: 1 of 3 clusters, 12 s\ncheck: 2 of 3 clusters, 24 s\n"
    assert shown(monkeypatch, io.StringIO(), 2) == ""
