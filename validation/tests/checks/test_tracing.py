"""A finding names the line where its fault is written: of overlay, values of the chart, template or plain file."""

from pathlib import Path
from typing import Any

import pytest

from leanrag.checks.finding import Finding
from leanrag.checks.marks import marked, path_in
from leanrag.checks.source import KeyPath, read_source
from leanrag.checks.tracing import in_files, pointed
from leanrag.core import yamlio
from leanrag.render.manifest import Manifest

from .deployment import BODY, MAIN, TEMPLATE


def traced(tmp_path: Path, path: str, overlay: str, values: str, **changes: Any) -> tuple[str, int, str]:
    """Return file, line and message of a finding on BODY, rendered from these values."""
    for name, text in (("overlay.yaml", overlay), ("values.yaml", values), ("t.yaml", TEMPLATE)):
        (tmp_path / name).write_text(text)
    app: Any = type("App", (), {"name": "dev-thing"})()
    manifest = Manifest(app, "t.yaml", BODY)
    finding = Finding("IMG001", "dev-thing", "t.yaml", f"Deployment/thing {path}", "bad", "do", **changes)
    sources = [(Path(name), read_source(tmp_path / name)) for name in ("overlay.yaml", "values.yaml")]
    found = pointed(finding, sources, tmp_path, [manifest])
    return found.file, found.line, found.message


def test_a_value_of_the_overlay_is_where_the_overlay_writes_it(tmp_path: Path) -> None:
    where = traced(tmp_path, f"{MAIN}.image", "image:\n  tag: latest\n", "image:\n  repository: r/x\n  tag: '1'\n")
    assert where == ("overlay.yaml", 2, "bad (rendered by t.yaml:22)")


def test_a_default_of_the_chart_is_where_its_values_write_it(tmp_path: Path) -> None:
    values = "replicas: 2\nresources:\n  limits:\n    memory: 8Gib\n"
    assert traced(tmp_path, f"{MAIN}.resources.limits.memory", "{}", values)[:2] == ("values.yaml", 4)


def test_of_equal_values_the_one_that_the_template_reads_counts(tmp_path: Path) -> None:
    overlay = "workers: 2\nreplicas: 2\nengine: {replicas: 2}\n"
    assert traced(tmp_path, "spec.replicas", overlay, "{}")[:2] == ("overlay.yaml", 2)


def test_an_equal_value_of_another_name_is_no_culprit(tmp_path: Path) -> None:
    assert traced(tmp_path, "spec.replicas", "workers: 2\n", "{}") == ("t.yaml", 8, "bad")


def test_a_word_that_the_rule_calls_the_culprit_is_found_by_itself_when_it_is_written_once(tmp_path: Path) -> None:
    assert traced(tmp_path, f"{MAIN}.args[0]", "mode: --quiet\n", "{}", culprit="--quiet")[:2] == ("overlay.yaml", 1)
    twice = "mode: --quiet\nother: --quiet\n"
    assert traced(tmp_path, f"{MAIN}.args[0]", twice, "{}", culprit="--quiet")[:2] == ("t.yaml", 23)


def test_a_culprit_may_be_a_key_of_the_overlay(tmp_path: Path) -> None:
    overlay = "extraArgs: {x: 1,\n  quiet: 4}\n"
    assert traced(tmp_path, f"{MAIN}.args", overlay, "{}", culprit="quiet")[:2] == ("overlay.yaml", 2)


PLAIN = """\
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: a, labels: {app.kubernetes.io/name: x y}}
---
kind: ConfigMap
metadata:
  name: b
data:
  - a
"""


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("ConfigMap/a metadata.labels.app.kubernetes.io/name", (6, 34)),  # a key with dots, on a line of several
        ("ConfigMap/b data[0]", (12, 5)),
        ("ConfigMap/b data", (11, 1)),
        ("ConfigMap/b metadata.namespace", (9, 1)),  # what lacks: where it belongs
        ("ConfigMap/b", (8, 1)),
        ("ConfigMap/c data", (0, 0)),
    ],
)
def test_a_finding_on_a_plain_file_has_line_and_column(where: str, place: tuple[int, int]) -> None:
    finding = Finding("OBJ004", "", "a.yaml", where, "bad", "do")
    [found] = in_files([finding], {Path("a.yaml"): PLAIN.encode()})
    assert (found.line, found.column) == place


def test_a_text_that_cannot_be_read_has_no_places() -> None:
    assert marked("a: [\n") == ()
    assert marked("a: &x [*x]\n") in ((), marked("a: &x [*x]\n"))


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("a.b/c.d[0].e", ("a", "b/c.d", 0, "e")),
        ("a.b/c.d[7]", ("a", "b/c.d")),
        ("nothing", ()),
        ("a.b/c.dx", ("a",)),
    ],
)
def test_a_dotted_text_names_the_deepest_path_that_is_there(words: str, path: KeyPath) -> None:
    document = yamlio.load("a: {b: 1, b/c.d: [{e: 1}]}", "x")
    assert path_in(document, words) == path
