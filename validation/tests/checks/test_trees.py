"""Field trees and windows: what they compile to is what the real definitions have, release by release."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from leanrag.catalog.model import ClusterFacts
from leanrag.checks.definitions import core, of_release, served
from leanrag.checks.sources import schema_files
from leanrag.checks.trees.compiler import definitions
from leanrag.checks.trees.notation import read
from leanrag.checks.trees.releases import ALL, RELEASES, spanned, window
from leanrag.checks.trees.windows import unused, windows
from leanrag.core import yamlio
from leanrag.core.errors import ToolError

GOLDEN = Path(__file__).parent / "golden"
PATHS = yamlio.read(GOLDEN / "paths.yaml")
NEWER = ("podCertificate.userAnnotations", "podCertificate.userAnnotations{}")
# What the zero values and markers of Kubernetes' own OpenAPI cannot tell; no object is refused for them.
UNCOMPARED = {
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
}


@cache
def crds() -> tuple[dict[str, Any], ...]:
    return served(schema_files())


@cache
def types() -> Any:
    return core(schema_files())


@cache
def of(release: str) -> dict[str, Mapping[str, Any]]:
    return {each["spec"]["names"]["kind"]: each for each in of_release(crds(), types(), release)}


def spec_of(document: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    [found] = [each for each in document["spec"]["versions"] if each["name"] == version]
    spec: Mapping[str, Any] = found["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return spec


def fields(node: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield (
        place,
        {key: value for key, value in node.items() if key not in {"properties", "items", "additionalProperties"}},
    )
    for name, each in node.get("properties", {}).items():
        yield from fields(each, f"{place}.{name}")
    for mark, key in (("[]", "items"), ("{}", "additionalProperties")):
        if isinstance(node.get(key), Mapping):
            yield from fields(node[key], place + mark)


@pytest.mark.parametrize(
    ("kind", "version", "release", "count"),
    [(*kind.split(), release, count) for kind, counts in PATHS.items() for release, count in counts.items()],
)
def test_a_kind_has_as_many_fields_as_in_the_release_itself(kind: str, version: str, release: str, count: int) -> None:
    assert sum(1 for _ in fields(spec_of(of(release)[kind], version))) == count


@pytest.mark.parametrize("kind", ["OperatorGroup", "Subscription"])
def test_a_tree_compiles_to_what_the_served_definition_says(kind: str) -> None:
    made = {
        each["spec"]["names"]["kind"]: each for each in definitions(GOLDEN / "operators.coreos.com.yaml", types(), "")
    }
    [real] = [each for each in crds() if each["spec"]["names"]["kind"] == kind]
    version = made[kind]["spec"]["versions"][0]["name"]
    ours, theirs = (dict(fields(spec_of(each, version))) for each in (made[kind], real))
    # The module was built against a newer Kubernetes.
    theirs = {place: node for place, node in theirs.items() if not place.endswith(NEWER)}
    assert set(ours) == set(theirs)
    for place, node in theirs.items():
        assert kept(ours[place]) == kept(node), place


def kept(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared of a node; defaults of Kubernetes' own types differ between its versions."""
    compared = {key: value for key, value in node.items() if key not in {*UNCOMPARED, "default", "format", "nullable"}}
    return {**compared, "required": sorted(node.get("required", ()))}


def test_a_pod_has_the_fields_that_a_served_definition_embeds() -> None:
    embedded = spec_of(of("")["LLMInferenceService"], "v1alpha2")["properties"]["template"]
    assert {place for place, _ in fields(types()("PodSpec"))} == {place for place, _ in fields(embedded)}


def test_every_window_matches_a_field_of_the_served_definition() -> None:
    named = {(group, kind) for group, kinds in windows().items() for kind in kinds}
    found = {(each["spec"]["group"], each["spec"]["names"]["kind"]): each for each in crds()}
    assert named <= set(found)
    assert {key: unused(found[key]) for key in named if unused(found[key])} == {}


@pytest.mark.parametrize("release", ALL)
def test_every_definition_is_structural(release: str) -> None:
    for kind, document in of(release).items():
        assert sum(each["storage"] for each in document["spec"]["versions"]) == 1, kind
        for version in document["spec"]["versions"]:
            for place, node in fields(version["schema"]["openAPIV3Schema"]):
                assert "type" in node or "x-kubernetes-preserve-unknown-fields" in node or "anyOf" in node, (
                    kind,
                    place,
                )


def test_a_required_field_is_a_field() -> None:
    for document in of("").values():
        for version in document["spec"]["versions"]:
            whole = version["schema"]["openAPIV3Schema"]
            for place, node in fields(whole):
                names = {other.removeprefix(f"{place}.") for other, _ in fields(whole) if other.startswith(f"{place}.")}
                assert set(node.get("required", ())) <= names, (document["metadata"]["name"], place)
                break  # the top is enough: deeper ones the API server says when it takes the definition


def test_the_releases_are_those_of_cluster_yaml() -> None:
    annotation = ClusterFacts.model_fields["openshiftAI"].annotation
    assert tuple(get_args(get_args(annotation)[0])) == RELEASES


def test_windows_hold_from_first_to_last() -> None:
    assert [each for each in RELEASES if window("3.2-3.4").holds(each)] == ["3.2", "3.3", "3.4"]
    assert not window("-3.1").holds("")
    assert window("3.5+").holds("")
    assert spanned(["3.5", "3.0", "3.1"]) == "3.0 to 3.1, 3.5"
    with pytest.raises(ToolError, match="no window"):
        window("3.2")


@pytest.mark.parametrize(
    ("word", "schema"),
    [
        ("string minLen=1 ~/^a b$/", {"type": "string", "minLength": 1, "pattern": "^a b$"}),
        ('enum(a|b|) ="a"', {"type": "string", "enum": ["a", "b", ""], "default": "a"}),
        ("[map<int32>] minItems=1", {
            "type": "array",
            "items": {"type": "object", "additionalProperties": {"type": "integer", "format": "int32"}},
            "minItems": 1,
        }),
        ("int >=0 <=9 =5", {"type": "integer", "minimum": 0, "maximum": 9, "default": 5}),
        ("free nullable", {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "nullable": True}),
    ],
)  # fmt: skip
def test_a_word_is_read_as_its_schema(word: str, schema: Mapping[str, Any]) -> None:
    assert read(word, types()) == schema


@pytest.mark.parametrize("word", ["strnig", "[string", "string maxLenght=3", "<PodSpce>"])
def test_a_misspelt_word_is_refused(word: str) -> None:
    with pytest.raises(ToolError):
        read(word, types())
