"""A finding names the line where its fault is written: of the overlay, of the chart's values, or of the template."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.finding import Finding
from leanrag.checks.helpers import helpers, printed_by
from leanrag.checks.marks import marked, path_in
from leanrag.checks.source import KeyPath, read_source
from leanrag.checks.templates import place_in
from leanrag.checks.tracing import helper_folders, in_files, pointed
from leanrag.core import yamlio
from leanrag.render.helm import render
from leanrag.render.manifest import Manifest

ROOT = Path(__file__).parents[3]
TEMPLATE = """\
{{- /* A comment
of two lines */}}
{{- $labels := include "thing.labels" . }}
apiVersion: apps/v1
kind: Deployment
{{ include "thing.metadata" . }}
spec:
  replicas: {{ .Values.replicas }}
  {{- if .Values.single }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
  {{- end }}
  template:
    metadata:
      labels:
        {{- $labels | nindent 8 }}
    spec:
      containers:
        - name: main
          image: {{ .Values.image.repository }}:{{ .Values.image.tag }}
          args: [--quiet]
          env:
            - name: MODE
              value: quiet
            {{- range $name, $value := .Values.settings }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
        {{- if .Values.helper }}
        - name: helper
          image: registry.example.org/helper:1.0
        {{- end }}
      volumes:
        {{- include "thing.volumes" . | nindent 8 }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-web
spec:
  ports:
  - port: 80
    targetPort: http
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-admin
spec:
  ports:
  - port: 90
"""
BODY: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "thing", "labels": {"app.kubernetes.io/name": "thing"}},
    "spec": {
        "replicas": 2,
        "strategy": {"type": "RollingUpdate"},
        "template": {
            "metadata": {"labels": {"app": "thing"}},
            "spec": {
                "containers": [
                    {
                        "name": "main",
                        "image": "r/x:latest",
                        "args": ["--quiet"],
                        "env": [{"name": "MODE", "value": "quiet"}, {"name": "LEVEL", "value": "8"}],
                        "resources": {"limits": {"memory": "8Gib"}},
                    },
                    {"name": "helper", "image": "registry.example.org/helper:1.0"},
                ],
                "volumes": [{"name": "data"}],
            },
        },
    },
}
MAIN = "spec.template.spec.containers[0]"


def line_of(path: str, body: dict[str, Any] = BODY, template: str = TEMPLATE) -> int:
    """Return the line that a dotted path has in the template."""
    return place_in(template, body, path_in(body, path)).line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("metadata.name", 6),  # what a helper prints: its call
        ("spec.replicas", 8),
        ("spec.strategy.type", 13),  # of two branches the one that printed this
        ("spec.template.metadata.labels.app", 18),
        (f"{MAIN}.image", 22),
        (f"{MAIN}.args[0]", 23),  # in a list on one line
        (f"{MAIN}.env[0].value", 26),
        (f"{MAIN}.env[1].value", 29),  # of a loop
        (f"{MAIN}.resources.limits.memory", 32),
        (f"{MAIN}.securityContext.runAsNonRoot", 21),  # what lacks: where it belongs
        ("spec.template.spec.containers[1].image", 35),
        ("spec.template.spec.volumes[0].name", 38),
        ("", 5),
    ],
)
def test_a_field_has_the_line_of_the_template_that_writes_it(path: str, line: int) -> None:
    assert line_of(path) == line


@pytest.mark.parametrize(("name", "line"), [("thing-web", 45), ("thing-admin", 55)])
def test_of_two_objects_of_one_kind_the_name_tells(name: str, line: int) -> None:
    body = {"kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80 if "web" in name else 90}]}}
    assert line_of("spec.ports[0].port", body) == line


def test_where_it_cannot_be_known_no_line_is_named() -> None:
    body = {"kind": "Service", "metadata": {"name": "other"}, "spec": {"ports": [{"port": 80}]}}
    assert line_of("spec.ports[0].port", body) == 0
    assert line_of("spec.replicas", {**BODY, "kind": "StatefulSet"}) == 0


def test_no_line_of_our_own_templates_is_a_wrong_one() -> None:
    repository = Repository(ROOT)
    seen: Counter[bool] = Counter()
    for app in repository.apps(repository.cluster("dev")):
        for manifest in render(repository, app):
            template = ROOT / manifest.template
            known = helpers(*helper_folders(template, ROOT))
            for path, value in leaves(manifest.body):
                found = place_in(template.read_text(), manifest.body, path)
                by = printed_by(found, manifest.body, path, known)
                file, number, text = by or (template, found.line, found.text)
                if not number:
                    continue
                seen[by is not None] += 1
                assert file.read_text().splitlines()[number - 1].endswith(text.lstrip())
                key, _, literal = text.strip().removeprefix("- ").partition(": ")
                if key == path[-1] and literal and literal[0] not in "{[|>&\"'" and "{{" not in literal:
                    assert literal.partition(" #")[0].lower() == str(value).lower(), (file, number, path)
    assert seen[False] > 2000
    assert seen[True] > 1000


HELPERS = """\
{{- /* of two lines,
   which count */}}
{{- define "thing.container" -}}
securityContext:
  {{- include "thing.security" . | nindent 2 }}
{{- end }}
{{- define "thing.security" -}}
allowPrivilegeEscalation: true
capabilities:
  drop: [ALL]
{{- end }}
"""
CALLS = """\
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: main
      {{- include "thing.container" . | nindent 6 }}
"""
CALLED = {
    "kind": "Pod",
    "metadata": {"name": "a"},
    "spec": {"containers": [{"name": "main", "securityContext": {"allowPrivilegeEscalation": True}}]},
}


@pytest.mark.parametrize(
    ("field", "file", "line", "message"),
    [
        ("allowPrivilegeEscalation", "chart/templates/_helpers.tpl", 8, "bad (called by chart/templates/pod.yaml:6)"),
        # Nobody writes it: where it belongs.
        ("runAsNonRoot", "chart/templates/_helpers.tpl", 4, "bad (called by chart/templates/pod.yaml:6)"),
    ],
)
def test_what_a_helper_prints_has_the_line_of_the_helper(
    tmp_path: Path, field: str, file: str, line: int, message: str
) -> None:
    for name, text in (("Chart.yaml", "name: a"), ("templates/pod.yaml", CALLS), ("templates/_helpers.tpl", HELPERS)):
        path = tmp_path / "chart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    app: Any = type("App", (), {"name": "x"})()
    where = f"Pod/a spec.containers[0].securityContext.{field}"
    finding = Finding("POD001", "x", "chart/templates/pod.yaml", where, "bad", "do")
    found = pointed(finding, [], tmp_path, [Manifest(app, "chart/templates/pod.yaml", CALLED)])
    assert (found.file, found.line, found.message) == (file, line, message)


def leaves(value: Any, path: KeyPath = ()) -> Any:
    """Yield every path of a document that ends at a word."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


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
