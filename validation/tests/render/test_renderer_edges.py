"""What is wrong or unusual in a chart comes out of the renderer as out of `helm template`: words, bytes, objects."""

from dataclasses import replace
from pathlib import Path

import pytest

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.render.tools import ready

from .conftest import Both

pytestmark = [pytest.mark.helm, pytest.mark.skipif(not ready("render"), reason="run: leanrag tools render")]
CHART = "apiVersion: v2\nname: thing\nversion: 1.0.0\n"
SHARED = "dependencies:\n  - name: common\n    version: 1.0.0\n    repository: file://../../common\n"
# What goes wrong, by the files of a chart; `{values}` is the overlay.
WRONG = {
    "a template says fail": {"templates/a.yaml": '{{ fail "storage: choose one" }}'},
    "a value is required": {"templates/a.yaml": 'a: {{ required "name it" .Values.nothing }}'},
    "a template cannot be parsed": {"templates/a.yaml": "a: {{ if }}"},
    "a function is not known": {"templates/a.yaml": "a: {{ nothing 1 }}"},
    "a template is missing": {"templates/a.yaml": '{{ include "nobody" . }}'},
    "a template includes itself": {
        "templates/a.yaml": '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'
    },
    "a field of nothing": {"templates/a.yaml": "a: {{ .Values.a.b.c }}"},
    "no YAML comes out": {"templates/a.yaml": "a: b: c"},
    "a kind is a list": {"templates/a.yaml": "kind: [a]"},
    "text comes out": {"templates/a.yaml": "just text"},
    "a list comes out": {"templates/a.yaml": "- a"},
    "the schema refuses one value": {
        "values.schema.json": '{"properties": {"a": {"type": "string"}}}',
        "overlay": "a: 1",
    },
    "the schema refuses two values": {
        "values.schema.json": '{"additionalProperties": false, "properties": {"a": {"enum": ["x", "y"]}}}',
        "overlay": "a: 1\nb: 2",
    },
    "the schema is no schema": {"values.schema.json": '{"type": "nothing"}'},
    "the schema is no JSON": {"values.schema.json": "{"},
    "the schema refers to a file that is not there": {"values.schema.json": '{"$ref": "other.json"}'},
    "values are no YAML": {"overlay": "a: b: c"},
    "values are a list": {"overlay": "- a"},
    "the chart's values are no YAML": {"values.yaml": "a: b: c"},
    "the chart wants another Kubernetes": {"Chart.yaml": CHART + 'kubeVersion: ">=9.0.0"\n'},
    "the chart is a library": {"Chart.yaml": CHART + "type: library\n"},
    "the chart has no version": {"Chart.yaml": "apiVersion: v2\nname: thing\n"},
    "a dependency is missing": {
        "Chart.yaml": CHART + 'dependencies: [{name: other, version: "1", repository: "file://../other"}]\n'
    },
    "a release has a name that is none": {"release": "Not A Name"},
    "a parameter sets nothing": {"parameter": "a[x"},
}


def _thing(root: Path, files: dict[str, str]) -> tuple[Repository, App]:
    """A repository with one chart; of `files`, release and parameter are no files."""
    chart, overlay = root / "charts/data/thing", root / "overlays/dev/data/thing.yaml"
    (root / "clusters").mkdir()
    for name, text in {"Chart.yaml": CHART, "overlay": "", **files}.items():
        path = overlay if name == "overlay" else chart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")
    parameters = {files["parameter"]: "1"} if "parameter" in files else {}
    app = App("dev-thing", "dev", "data", "thing", files.get("release", "thing"), "lr-data", chart, overlay, (overlay,))
    return Repository(root), replace(app, parameters=parameters)


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_rendered_is_said_in_helms_words(case: str, tmp_path: Path, both: Both) -> None:
    by_helm, by_renderer = both(*_thing(tmp_path, WRONG[case]))
    assert isinstance(by_helm, tuple) and by_helm[0] in {"RenderError", "InputError", "YamlError"}
    assert by_renderer == by_helm


UNUSUAL = {
    "notes, partials and empty templates": {
        "templates/NOTES.txt": "Thanks.",
        "templates/_a.tpl": '{{ define "x" }}1{{ end }}',
        "templates/empty.yaml": "{{ if false }}a: 1{{ end }}",
        "templates/comment.yaml": "# nothing here",
        "templates/a.yaml": 'a: {{ include "x" . }}',
    },
    "hooks come last, kinds in their order": {
        "templates/a.yaml": "kind: Job\nmetadata: {name: a, annotations: {helm.sh/hook: pre-install}}",
        "templates/b.yaml": "kind: Deployment\n---\nkind: Namespace\n---\nkind: Thing\n",
        "templates/c.yaml": "kind: Job\nmetadata: {annotations: {helm.sh/hook: test}}\n---\nkind: Service",
        "templates/d.yaml": "kind: Job\nmetadata: {annotations: {helm.sh/hook: nonsense}}",
    },
    "heads that are not ordinary": {
        "templates/a.yaml": "KIND: Namespace\n---\nmetadata: {Annotations: {helm.sh/hook: test}}\n---\nkind: 5\n",
        "templates/b.yaml": "metadata:\n---\nkind: Secret\nmetadata: {name: 5, annotations: {}}\n",
    },
    "a map from text is changed": {
        "templates/_a.tpl": '{{ define "x" }}a: {b: 1}{{ end }}',
        "templates/a.yaml": '{{ $_ := set (include "x" . | fromYaml).a "b" 2 }}a: {{ (include "x" . | fromYaml).a.b }}',
    },
    "a value that nobody gave": {"templates/a.yaml": "a: {{ .Values.nothing }}\nb: {{ .Values.nothing | quote }}"},
    "text is a template": {
        "templates/a.yaml": 'a: {{ tpl "{{ define `y` }}{{ .Release.Name }}{{ end }}{{ include `y` . }}" . }}'
    },
    "files are read, but not those that .helmignore names": {
        ".helmignore": "*.md\nsecret/",
        "files/a.txt": "one\ntwo\n",
        "secret/b.txt": "no",
        "templates/a.yaml": 'a: {{ .Files.Lines "files/a.txt" | join "-" }}\n{{ (.Files.Glob "files/*").AsConfig }}',
        "templates/b.yaml": 'b: {{ .Files.Get "secret/b.txt" | quote }}',
    },
    "what a chart knows of itself": {
        "templates/a.yaml": "a: {{ toJson (list .Chart .Release .Template .Capabilities.KubeVersion) }}",
        "templates/b.yaml": "b: {{ .Capabilities.HelmVersion.Version }} {{ .Capabilities.APIVersions | len }}",
    },
    "a null takes a value away": {
        "values.yaml": "a: {b: 1, c: 2}\n",
        "overlay": "a: {b: null}\n",
        "templates/a.yaml": "{{ toYaml .Values.a }}",
    },
    "numbers": {
        "overlay": "a: 1e3\nb: 12345678901234567890\nc: 1.5\nd: 100000000000000000000000\n",
        "templates/a.yaml": "{{ toYaml .Values }}\ne: 1e3\nf: 12345678901234567890\ng: 1e30\nh: -0.0\ni: 0x1F\nj: 010",
        "templates/b.yaml": "a: 9007199254740993.0\nb: 9007199254740991.0\nc: -1.5e-7\nd: .5\ne: 1_000\n",
    },
    "aliases, merges and tags": {
        "templates/a.yaml": "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\nf: !!str 5\ng: !!binary aGk=\n",
    },
    "words that are no words": {"templates/a.yaml": "a: [yes, No, y, ~, null, 2024-01-01, 22:22, 0o17]\non: 1\n3: 4\n"},
    "blocks of text end as printed": {"templates/a.yaml": "a: |\n  x\n\n---\nb: |+\n  y\n\n\n---\nc: >-\n  z\n  w\n"},
    "ends of lines of another system": {"templates/a.yaml": "a: 1\r\nb: |\r\n  x\r\n  y\r\n"},
    "a subchart that a value switches off": {
        "Chart.yaml": CHART + SHARED + "    condition: common.enabled\n",
        "../../common/Chart.yaml": CHART.replace("thing", "common"),
        "../../common/templates/b.yaml": "b: 1",
        "templates/a.yaml": "a: 1",
        "overlay": "common: {enabled: false}",
    },
    "a subchart that is always there": {
        "Chart.yaml": CHART + SHARED,
        "../../common/Chart.yaml": CHART.replace("thing", "common"),
        "../../common/values.yaml": "c: 1",
        "../../common/templates/b.yaml": "b: {{ .Values.c }}",
        "templates/a.yaml": "a: {{ .Values.common.c }}",
    },
    "nothing at all": {},
}


@pytest.mark.parametrize("case", UNUSUAL)
def test_what_is_unusual_renders_to_the_same_bytes_and_objects(case: str, tmp_path: Path, both: Both) -> None:
    by_helm, by_renderer = both(*_thing(tmp_path, UNUSUAL[case]))
    assert by_renderer == by_helm
