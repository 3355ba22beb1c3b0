"""RND002: a template that asks a clock, dice or a cluster is found at its line; what only looks like it is not."""

from pathlib import Path

import pytest

from leanrag.checks.files import read_files
from leanrag.checks.finding import Finding
from leanrag.checks.rules.templates import renders_are_pure

IMPURE = {
    "random password": ("{{ randAlphaNum 16 | b64enc }}", "randAlphaNum"),
    "certificate of its own": ('{{- $ca := genCA "ca" 365 }}', "genCA"),
    "certificate in a pipeline": ('{{ (genSignedCert "a" nil nil 1 $ca).Cert }}', "genSignedCert"),
    "identity": ('{{ printf "%s-%s" .Release.Name uuidv4 }}', "uuidv4"),
    "salted hash": ("{{ .Values.password | bcrypt }}", "bcrypt"),
    "time of the render": ('{{ now | date "2006" }}', "now"),
    "object of the cluster": ('{{ if not (lookup "v1" "Secret" "a" "b") }}{{ end }}', "lookup"),
    "kinds of the cluster": ('{{ if .Capabilities.APIVersions.Has "a/v1" }}{{ end }}', "APIVersions"),
    "kinds by way of the root": ('{{ if has "a/v1" $.Capabilities.APIVersions }}{{ end }}', "APIVersions"),
    "order of a map": ("{{ range $k := keys .Values }}{{ $k }}{{ end }}", "keys"),
    "several lines": ('{{ dict\n  "a"\n  now }}', "now"),
    "braces in a string": ('{{ printf "}}" }}{{ now }}', "now"),
}
PURE = {
    "the word in prose": "# now: look it up, e.g. with lookup",
    "the word in a comment": "{{/* now, randAlphaNum and lookup are not used */}}",
    "the word in a string": '{{ printf "now %s" `lookup {{ now }}` }}',
    "a value of that name": "{{ .Values.now }} {{ $.Values.lookup.keys }} {{ $now }}",
    "a longer name": '{{ include "now.lookup" . }} {{ nowhere }}',
    "a sorted range": "{{ range keys .Values | sortAlpha }}{{ . }}{{ end }}",
    "keys that are only counted": "{{ if gt (keys .Values | len) 1 }}{{ end }}",
    "the version of Kubernetes": '{{ semverCompare ">=1.33" .Capabilities.KubeVersion.Version }}',
}


def found(root: Path, text: str) -> list[Finding]:
    template = root / "charts/data/store/templates/secret.yaml"
    template.parent.mkdir(parents=True)
    template.write_text(f"a: 1\nb: {text}\n")
    return list(renders_are_pure(read_files(root)))


@pytest.mark.parametrize("case", IMPURE)
def test_what_could_render_otherwise_is_found(case: str, tmp_path: Path) -> None:
    text, word = IMPURE[case]
    [finding] = found(tmp_path, text)
    assert (finding.rule, finding.culprit, finding.file) == (
        "RND002",
        word,
        "charts/data/store/templates/secret.yaml",
    )
    assert finding.line == 2 + text[: text.rindex(word)].count("\n")
    assert finding.message and finding.fix


@pytest.mark.parametrize("case", PURE)
def test_what_only_looks_like_it_is_not(case: str, tmp_path: Path) -> None:
    assert found(tmp_path, PURE[case]) == []


@pytest.mark.parametrize("place", ["charts/common", "apps/cluster"])
def test_the_library_and_the_charts_of_apps_are_read_too(place: str, tmp_path: Path) -> None:
    template = tmp_path / place / "templates/parts/_helpers.tpl"
    template.parent.mkdir(parents=True)
    template.write_text("{{ define `x` }}{{ now }}{{ end }}")
    [finding] = renders_are_pure(read_files(tmp_path))
    assert (finding.file, finding.line) == (f"{place}/templates/parts/_helpers.tpl", 1)


def test_our_own_charts_are_pure() -> None:
    assert list(renders_are_pure(read_files(Path(__file__).parents[3]))) == []
