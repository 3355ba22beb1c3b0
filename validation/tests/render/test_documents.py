"""What the renderer reads of a document is what our reader of YAML reads, whatever a template prints."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanrag.core.errors import YamlError
from leanrag.render.batch import Batch
from leanrag.render.chart import KUBE_VERSION
from leanrag.render.desk import Rendered, _parsed, _read
from leanrag.render.tools import ready

from .conftest import typed

PROGRAM = ready("render")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="run: leanrag tools render")

SCALARS = (
    *(
        "yes",
        "y",
        "N",
        "off",
        "~",
        "null",
        "Null",
        "''",
        '""',
        "0644",
        "0o17",
        "0x1F",
        "0b11",
        "-0",
        "+1",
        "1_000",
        "22:22",
    ),
    *("1e3", "1.5e-7", "1e30", "-0.0", ".5", "5.", "9007199254740993", "9007199254740993.0", "18446744073709551615"),
    *(
        "123456789012345678901234567890",
        ".inf",
        ".nan",
        "2024-01-01",
        "2001-12-14t21:59:43.10-05:00",
        "!!str 5",
        "!x 5",
    ),
    *(
        "&a 1",
        "*a",
        "*b",
        "[1, &b 2, *b]",
        "{x: 1, x: 2}",
        "{1: a, '1': b}",
        "{true: 1}",
        "{~: 1}",
        "{1.5: 1}",
        "[]",
        "{}",
    ),
    *(
        "{<<: {a: 1}, b: 2}",
        "'*'",
        "a*b",
        "a & b",
        "! a",
        "|\n  text\n  more",
        "|-\n  text",
        "|+\n  text\n\n",
        ">\n  a\n  b",
    ),
    *(
        '"\\u00e9\\x41\\n\\t\\"\\\\"',
        "é",
        "'\U0001f600'",
        '"\\ud83d"',
        "a: b",
        "- a",
        "%x",
        "@x",
        "`x",
        "#x",
        "x #y",
        "\t",
        "\x85",
    ),
)
KEYS = ("a", "b", "c", "d", "e", "y", "1", "true", "'q'", '"r"', "é", "0x1F", "a b", "kind")
PAIRS = st.tuples(st.sampled_from(KEYS), st.sampled_from(SCALARS))
ODD = st.one_of(
    st.sampled_from(SCALARS).map(lambda scalar: f"- {scalar}"),
    st.sampled_from(
        ("---", "...", "--- a", "{a: 1}", "[1]", "'x'", "# comment", "", "%YAML 1.1", "  deep: 1", "  - 1", "kind: Job")
    ),
    st.text(max_size=12),
)
# Most lines make a document, some spoil it.
TEXTS = st.one_of(
    st.lists(PAIRS, max_size=6, unique_by=lambda pair: pair[0]).map(lambda pairs: [": ".join(pair) for pair in pairs]),
    st.lists(st.one_of(PAIRS.map(": ".join), ODD), max_size=4),
).map("\n".join)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Batch, Path]]:
    chart = tmp_path_factory.mktemp("charts") / "thing"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: thing\nversion: 1.0.0\n")
    (chart / "templates/a.yaml").write_text("{{ .Values.text }}")
    assert PROGRAM
    running = Batch(PROGRAM)
    yield running, chart
    running.close()


@given(TEXTS)
@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_documents_are_what_our_reader_reads_in_the_text(batch: tuple[Batch, Path], text: str) -> None:
    running, chart = batch
    job = {"chart": str(chart), "release": "r", "namespace": "n", "kubeVersion": KUBE_VERSION}
    job["values"] = [{"text": json.dumps({"text": text})}]
    asked = [{**job, "want": want} for want in ("text", "documents")]
    printed, documents = (json.loads(running.answer(each, running.ask(each))) for each in asked)
    # Of several keys that are none helm names another one each time.
    assert documents.get("error", "").partition(", key: ")[0] == printed.get("error", "").partition(", key: ")[0]
    if "error" not in printed:
        expected = _outcome(lambda: _parsed(printed["text"], "charts"))
        assert _outcome(lambda: [each for one in documents["documents"] for each in _read(one, "charts")]) == expected


def _outcome(read: Callable[[], list[Rendered]]) -> object:
    """Return the bodies, or what is wrong with them."""
    try:
        return [typed(each["body"]) for each in read()]
    except YamlError as error:
        return error.message
