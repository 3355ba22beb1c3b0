"""Turn CustomResourceDefinitions into strict JSON Schemas: a field that the API server would drop is an error."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.cel_tree import tree
from leanrag.checks.dialect import BRANCHES, Kind, bounded, metadata, scalars, uniqueness
from leanrag.checks.vocabulary import OBJECT_META, Schema


def compile_crd(document: Mapping[str, Any]) -> Iterator[Kind]:
    """Compile every served version of one CustomResourceDefinition (apiextensions.k8s.io/v1)."""
    spec = document["spec"]
    group, kind = spec["group"], spec["names"]["kind"]
    for version in spec["versions"]:
        if not version.get("served", True):
            continue
        source = version["schema"]["openAPIV3Schema"]
        schema = _structural(source)
        schema["properties"] = {
            **schema.get("properties", {}),
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": metadata(group, kind),
        }
        schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
        yield Kind(group, version["name"], kind, spec["scope"] == "Namespaced", schema, tree(source))


def _structural(node: Mapping[str, Any], strict: bool = True) -> Schema:
    """Convert one node of a structural schema; `strict` is off inside anyOf, allOf, oneOf and not."""
    out = scalars(node)
    if "default" in node:
        out["default"] = node["default"]
    if node.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [bounded({"type": "integer"}, "int64"), {"type": "string"}]
    if "items" in node:
        out["items"] = _structural(node["items"], strict)
        out.update(uniqueness(node, node["items"]))
    out.update(_object(node, strict))
    for branch in BRANCHES:
        # Of an int-or-string the branches of type are ours; what else is said of it stands under allOf.
        if branch in node and not (branch == "anyOf" and node.get("x-kubernetes-int-or-string")):
            out[branch] = [_structural(each, strict=False) for each in node[branch]]
    if "not" in node:
        out["not"] = _structural(node["not"], strict=False)
    return out


def _object(node: Mapping[str, Any], strict: bool) -> Schema:
    """Fields of an object: what is not named is dropped by the API server, so it is an error here.

    x-kubernetes-preserve-unknown-fields opens its own node only: pruning starts again below named properties
    (apiextensions.k8s.io/v1 JSONSchemaProps).
    """
    out: Schema = {}
    properties = {key: _structural(value, strict) for key, value in node.get("properties", {}).items()}
    if node.get("x-kubernetes-embedded-resource"):
        fixed = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": OBJECT_META}
        properties = {**properties, **fixed}
    if properties:
        out["properties"] = properties
    extra = node.get("additionalProperties")
    if isinstance(extra, dict):
        out["additionalProperties"] = _structural(extra, strict)
    elif strict and node.get("type") == "object" and not extra and not node.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    # The API server fills defaults before it validates, so a required field with a default may be absent.
    required = [key for key in node.get("required", []) if "default" not in node.get("properties", {}).get(key, {})]
    if required:
        out["required"] = required
    return out
