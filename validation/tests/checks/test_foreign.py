"""Other people's charts and manifests: read as they are, and what cannot be judged is said."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from leanrag.checks.finding import Finding
from leanrag.checks.paths import check_paths
from leanrag.checks.run import CheckRun
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome

CHART = "apiVersion: v2\nname: upstream\nversion: 1.0.0\n"
SERVICE = """apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {app: web}
  ports:
    - port: {{ .Values.port }}
      targetPort: http
"""
DEPLOYMENT = """{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image }}"
          ports:
            - {name: http, containerPort: 8080}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
{{- end }}
"""
VALUES = "enabled: true\nport: 80\nimage: registry.example.org/web:1.0\nresources:\n  limits: {memory: 1Gi}\n"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Return a chart of somebody else, in a folder that is not called like the chart."""
    folder = tmp_path / "folder"
    write(folder / "Chart.yaml", CHART)
    write(folder / "values.yaml", VALUES)
    write(folder / "templates/service.yaml", SERVICE)
    write(folder / "templates/deployment.yaml", DEPLOYMENT)
    return folder


def write(path: Path, text: str) -> None:
    """Write a file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def of(run: CheckRun, rule: str) -> list[Finding]:
    """Return the findings of a rule."""
    return [each for each in run.findings if each.rule == rule]


@pytest.mark.helm
def test_a_chart_is_rendered_with_its_defaults_and_with_each_ci_case(chart: Path) -> None:
    write(chart / "ci/latest-values.yaml", "# a case\nimage: registry.example.org/web:latest\n")
    run = check_paths([chart])
    [finding] = of(run, "IMG001")
    assert (finding.file, finding.line) == (str(chart / "ci/latest-values.yaml"), 2)
    assert finding.app == "folder (latest)"
    assert finding.message.endswith(f"(rendered by {chart}/templates/deployment.yaml:13)")
    assert run.counts["charts"] == 1
    assert run.counts["objects"] == 4


@pytest.mark.helm
def test_a_fault_of_the_chart_itself_is_in_its_template_or_values(chart: Path) -> None:
    write(chart / "values.yaml", VALUES.replace("1Gi", "8Gib"))
    run = check_paths([chart])
    [quantity] = of(run, "OBJ002")
    assert (quantity.file, quantity.line) == (str(chart / "values.yaml"), 5)
    assert {(each.file, each.line) for each in of(run, "POD001")} == {(str(chart / "templates/deployment.yaml"), 12)}


@pytest.mark.helm
def test_each_case_is_a_world_of_its_own(chart: Path) -> None:
    write(chart / "ci/a-values.yaml", "port: 81\n")
    write(chart / "ci/b-values.yaml", "enabled: false\n")
    run = check_paths([chart])
    assert of(run, "OBJ005") == []
    assert [each.app for each in of(run, "SVC001")] == ["folder (b)"]


@pytest.mark.helm
def test_a_missing_dependency_is_one_sentence_and_no_pass(chart: Path) -> None:
    needs = "dependencies:\n  - {name: redis, version: 1.0.0, repository: https://example.org/charts}\n"
    write(chart / "Chart.yaml", CHART + needs)
    write(chart / "ci/a-values.yaml", "port: 81\n")
    run = check_paths([chart])
    [finding] = run.findings
    assert finding.message == "needs charts that are not in charts/: redis"
    assert finding.fix == f"run: helm dependency build {chart}"
    assert run.step.outcome is Outcome.INCONCLUSIVE


@pytest.mark.helm
def test_a_dependency_beside_the_chart_is_taken_from_there(chart: Path) -> None:
    write(chart.parent / "other/Chart.yaml", CHART.replace("upstream", "other"))
    write(chart.parent / "other/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    write(
        chart / "Chart.yaml",
        CHART + "dependencies:\n  - {name: other, version: 1.0.0, repository: 'file://../other'}\n",
    )
    before = sorted(chart.rglob("*"))
    assert [each.file for each in of(check_paths([chart]), "OBJ004")] == [str(chart / "charts/other/templates/a.yaml")]
    assert sorted(chart.rglob("*")) == before


@pytest.mark.helm
def test_what_a_chart_requires_is_unknown_with_defaults_and_a_fault_in_a_case(chart: Path) -> None:
    write(chart / "templates/need.yaml", '{{ required "set host" .Values.host }}\n')
    [unknown] = check_paths([chart]).findings
    assert unknown.unknown
    assert "set host" in unknown.message
    assert (unknown.file, unknown.line) == (str(chart / "templates/need.yaml"), 1)
    write(chart / "ci/a-values.yaml", "port: 81\n")
    [broken] = of(check_paths([chart]), "RND001")
    assert (broken.unknown, broken.app) == (False, "folder (a)")


@pytest.mark.helm
def test_a_secret_that_a_chart_makes_is_not_in_git(chart: Path) -> None:
    write(chart / "templates/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n")
    assert of(check_paths([chart]), "SEC001") == []


@pytest.mark.helm
def test_a_library_chart_has_nothing_to_judge(chart: Path) -> None:
    write(chart / "Chart.yaml", CHART + "type: library\n")
    assert check_paths([chart]).step.outcome is Outcome.INCONCLUSIVE


@pytest.mark.helm
def test_a_folder_may_hold_charts_manifests_and_other_yaml(chart: Path, tmp_path: Path) -> None:
    write(tmp_path / "plain/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    write(tmp_path / "plain/settings.yaml", "a: b\n")
    write(tmp_path / ".github/workflow.yaml", "on: push\n")
    run = check_paths([tmp_path])
    assert {key: run.counts[key] for key in ("charts", "files", "skipped")} == {"charts": 1, "files": 1, "skipped": 1}
    assert [(each.file, each.line) for each in of(run, "OBJ004")] == [(str(tmp_path / "plain/a.yaml"), 3)]


def test_a_kustomize_folder_is_said_to_be_unread(tmp_path: Path) -> None:
    write(tmp_path / "kustomization.yaml", "resources: [a.yaml]\n")
    write(tmp_path / "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    run = check_paths([tmp_path])
    assert [each.fix for each in run.findings] == [f"render it first: kubectl kustomize {tmp_path} | leanrag check -"]
    assert run.step.outcome is Outcome.INCONCLUSIVE


def test_stdin_is_read_like_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    assert [(each.rule, each.line, each.column) for each in check_paths([Path("-")]).findings] == [("OBJ004", 3, 12)]


def test_a_file_that_is_named_is_judged_whatever_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "settings.yaml", "a: b\n")
    assert check_paths([tmp_path / "settings.yaml"]).step.outcome is not Outcome.PASS
    assert check_paths([tmp_path]).step.outcome is Outcome.INCONCLUSIVE


def test_a_path_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        check_paths([tmp_path / "absent"])


@pytest.mark.helm
def test_a_file_of_a_chart_means_its_chart(chart: Path) -> None:
    run = check_paths([chart / "templates/service.yaml", chart / "values.yaml"])
    assert (run.counts["charts"], run.counts["objects"]) == (1, 2)


def test_other_files_are_passed_over_when_asked(tmp_path: Path) -> None:
    write(tmp_path / "settings.yaml", "a: b\n")
    write(tmp_path / "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n")
    named = [tmp_path / "settings.yaml", tmp_path / "a.yaml"]
    assert {each.file for each in check_paths(named, skip=True).findings} == {str(tmp_path / "a.yaml")}
    assert check_paths(named[:1], skip=True).step.outcome is Outcome.PASS
