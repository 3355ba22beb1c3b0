"""A field has the line of the template or of the helper that writes it, and where that cannot be known, none."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.finding import Finding
from leanrag.checks.helpers import helpers, printed_by
from leanrag.checks.marks import path_in
from leanrag.checks.source import KeyPath
from leanrag.checks.templates import place_in
from leanrag.checks.tracing import helper_folders, pointed
from leanrag.render.helm import render
from leanrag.render.manifest import Manifest

from .deployment import BODY, MAIN, TEMPLATE

ROOT = Path(__file__).parents[3]


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
