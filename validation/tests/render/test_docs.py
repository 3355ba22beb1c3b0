"""Every chart's README says what its values and schema say, and no value is left without an explanation."""

from pathlib import Path

import pytest

from leanrag.core.errors import InputError
from leanrag.render.docs import MARKER, chart_readme, main, undocumented, values
from leanrag.render.unittest import charts

ROOT = Path(__file__).parents[3]
CHARTS = charts(ROOT)

VALUES = """\
# Not a description: no dashes.
plain: 1
# -- Pods,
# or none.
replicas: 1

image:
  # -- Image without tag | with a bar.
  repository: "docker.io/a/b"
  # -- Tag.
  tag: ""
# -- A map with keys that need no words of their own.
names: {a: b, c: d}
# -- Not for what follows an empty line.

size: 5Gi
"""
SCHEMA = """\
{"properties": {"replicas": {"type": "integer", "minimum": 1, "maximum": 9},
  "image": {"$ref": "#/definitions/image"}},
 "definitions": {"image": {"properties": {"tag": {"enum": ["", "a"]}, "repository": {"type": ["string", "null"]}}}}}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "charts" / "data" / "store"
    (folder / "ci").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("name: store\ndescription: Keeps things.\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text(VALUES)
    (folder / "values.schema.json").write_text(SCHEMA)
    (folder / "ci" / "small-values.yaml").write_text("# Test that one pod is enough.\nreplicas: 1\n")
    return folder


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.name)
def test_every_readme_is_what_is_generated(path: Path) -> None:
    assert (path / "README.md").is_file(), f"{path}: no README; run: make docs"
    assert (path / "README.md").read_text() == chart_readme(path), "run: make docs"


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.name)
def test_every_value_of_every_chart_is_explained(path: Path) -> None:
    assert undocumented(path) == ()


def test_there_are_charts_to_document() -> None:
    assert {"model", "rag-stack", "milvus", "gate"} <= {path.name for path in CHARTS}


def test_a_row_gives_the_allowed_values_the_default_and_the_whole_comment(chart: Path) -> None:
    text = chart_readme(chart)
    assert "| `replicas` | integer ≥ 1, ≤ 9 | `1` | Pods, or none. |" in text
    assert '| `image.repository` | string or null | `"docker.io/a/b"` | Image without tag \\| with a bar. |' in text
    assert '| `image.tag` | empty, `a` | `""` | Tag. |' in text
    assert "* `small-values.yaml`: that one pod is enough." in text


def test_what_is_written_above_the_marker_is_kept(chart: Path) -> None:
    (chart / "README.md").write_text(f"# store\n\nBy hand.\n\n{MARKER}\n\nold table\n")
    text = chart_readme(chart)
    assert text.startswith(f"# store\n\nBy hand.\n\n{MARKER}\n\n## Values\n")
    assert "old table" not in text


def test_a_readme_without_a_marker_is_kept_whole(chart: Path) -> None:
    (chart / "README.md").write_text("# store\n\nBy hand.\n")
    assert chart_readme(chart).startswith(f"# store\n\nBy hand.\n\n{MARKER}\n")


def test_a_value_without_a_comment_of_its_own_is_found(chart: Path) -> None:
    assert undocumented(chart) == ("plain", "size")


def test_a_comment_before_an_inline_map_is_not_given_to_its_keys(chart: Path) -> None:
    texts = {value.key: value.text for value in values(chart / "values.yaml")}
    assert (texts["names"], texts["names.a"]) == ("A map with keys that need no words of their own.", "")


def test_writing_makes_the_check_pass(
    chart: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(chart.parents[2])
    assert main([]) == 1
    assert "stale" in capsys.readouterr().out
    assert main(["--write"]) == 0
    assert main([]) == 0


def test_a_values_file_that_is_a_list_is_refused(chart: Path) -> None:
    (chart / "values.yaml").write_text("- a\n")
    with pytest.raises(InputError, match="not a map"):
        values(chart / "values.yaml")
