"""What /metrics answers is read as Prometheus reads it; half an answer is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.core.errors import InputError
from leanrag.engine.exposition import Series, parse, series

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
LABELS = st.dictionaries(st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True), st.text(max_size=12), max_size=4)
KEYS = st.builds(lambda name, labels: series(name, **labels), NAMES, LABELS)
FIGURES = st.floats(allow_nan=False)


def test_every_sample_of_a_recorded_answer_is_read(text):
    found = parse(text)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(found.samples) == len(lines) > 150
    assert found.samples[series("vllm:prefix_cache_hits_total", engine="0", model_name="small")] == 49792.0
    assert found.types["vllm:iteration_tokens_total"] == "histogram"


@given(st.dictionaries(KEYS, FIGURES, min_size=1, max_size=6))
def test_what_a_series_prints_is_read_back(samples):
    assert parse("".join(f"{key} {value!r}\n" for key, value in samples.items())).samples == samples


@pytest.mark.parametrize(
    ("line", "labels", "value"),
    [
        ("a 1", {}, 1),
        ("a{} 1", {}, 1),
        ('a{b="}"} 1', {"b": "}"}, 1),
        ('a{b="x,y",c="\\"\\n\\\\"} -2.5e3', {"b": "x,y", "c": '"\n\\'}, -2500),
        ('a { b = "1" , } +Inf', {"b": "1"}, math.inf),
        ('a{b="1"} 3 1395066363000', {"b": "1"}, 3),
        ('a_bucket{le="0.1"} 8 # {trace_id="x"} 0.05 1520879607.7', {"le": "0.1"}, 8),
        ("a\t1 ", {}, 1),
    ],
)
def test_the_forms_of_a_line(line, labels, value):
    ((key, seen),) = parse(f"# HELP a b\n\n{line}\n# EOF\n").samples.items()
    assert (dict(key.labels), seen) == (labels, value)


@pytest.mark.parametrize(
    "bad",
    [
        "<html><body>sign in</body></html>",
        '{"error": "not found"}',
        "a",
        "a one",
        "a 1_0",
        "a 0x10",
        'a{b="1} 1',
        "a{b=1} 1",
        'a{b="1"c="2"} 1',
        'a{b="1"}2 3 4',
        "a1",
        "1a 1",
        "a 1\nb",
    ],
)
def test_an_answer_with_one_bad_line_is_refused_whole(bad):
    with pytest.raises(InputError, match=r"line \d is no metric"):
        parse(f"{bad}\n")


def test_an_answer_that_says_a_thing_twice_is_refused():
    with pytest.raises(InputError, match=r"line 2: a\{b=\"1\"\} is there twice"):
        parse('a{b="1"} 1\na{b="1"} 2\n')


@pytest.mark.parametrize("nothing", ["", "\n", "# TYPE a gauge\n"])
def test_an_empty_answer_is_refused(nothing):
    with pytest.raises(InputError, match="holds no metric"):
        parse(nothing)


def test_labels_are_sorted_so_that_one_series_has_one_name():
    assert parse('a{c="2",b="1"} 1\n').samples == {Series("a", (("b", "1"), ("c", "2"))): 1}
