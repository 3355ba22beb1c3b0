"""Raw evidence comes back as it was, or is refused in one sentence."""

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from leanrag.core import jsonl
from leanrag.core.errors import InputError
from leanrag.core.jsonl import read_lines, write_lines

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def packed(text: str) -> bytes:
    return zstandard.ZstdCompressor().compress(text.encode())


@given(lines=st.lists(st.dictionaries(st.text(), VALUES, max_size=4), min_size=1, max_size=5))
def test_what_is_written_is_read(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lines") / "x.jsonl.zst"
    write_lines(path, lines)
    assert [value for _, value in read_lines(path)] == lines


def test_ends_of_lines_inside_a_text_end_no_line(tmp_path):
    path = tmp_path / "x.jsonl.zst"
    write_lines(path, [{"error": "a\u2028b\x85c\nd\re"}])
    assert list(read_lines(path)) == [(1, {"error": "a\u2028b\x85c\nd\re"})]


def test_a_figure_that_is_no_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_lines(tmp_path / "x", [{"a": float("nan")}])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"plain text", "not a zstd file"),
        (packed('{"a": 1}\n')[:-6], "not a zstd file, cut off or damaged|not JSON"),
        (packed('{"a": NaN}\n'), "x:1: not JSON: NaN is not a number"),
        (packed('{"a": 1}\n{"a": 1e999}\n'), "x:2: not JSON: 1e999"),
        (packed('{"a": 1}\n{"a": \n'), "x:2: not JSON"),
        (packed("[1]\n"), "x:1: not a JSON object"),
        (packed(""), "x:1: not JSON"),
        (zstandard.ZstdCompressor().compress(b"\xff\n"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_why(tmp_path, content, said):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(read_lines(path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such file"):
        list(read_lines(tmp_path / "nowhere"))


def test_a_small_file_cannot_unpack_to_more_than_memory_holds(tmp_path, monkeypatch):
    monkeypatch.setattr(jsonl, "MAX_BYTES", 1000)
    path = tmp_path / "x"
    path.write_bytes(packed("{}\n" * 10_000))
    with pytest.raises(InputError, match="MiB unpacked"):
        list(read_lines(path))
