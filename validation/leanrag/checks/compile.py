"""Turn the schemas that Kubernetes and operators publish into strict JSON Schemas, one self-contained file a kind.

Strict means: a field that the API server would drop is an error, int32 has its bounds, a quantity is a quantity, and
the keys of a list-map are unique. `uniqueBy` is our own keyword (schemas.py implements it).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.checks.vocabulary import (
    ENUMS,
    ITEM_ENUMS,
    LABELS,
    OBJECT_META,
    QUANTITY_SCHEMA,
    Schema,
    name_schema,
)

_PREFIX = "#/components/schemas/"
_INT = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_KEPT = {
    "type",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
}
_BRANCHES = ("anyOf", "allOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of one API version: its strict schema, its scope, and how many CEL rules are not evaluated."""

    group: str
    version: str
    kind: str
    namespaced: bool
    schema: Schema
    cel_rules: int = 0

    @property
    def api_version(self) -> str:
        """The apiVersion as objects write it."""
        return f"{self.group}/{self.version}" if self.group else self.version


def compile_openapi(document: Mapping[str, Any]) -> Iterator[Kind]:
    """Compile every kind of one group version of the Kubernetes OpenAPI v3 (built-in kinds)."""
    definitions = document.get("components", {}).get("schemas", {})
    converted = {name: _definition(name, body, definitions) for name, body in definitions.items()}
    for (group, version, kind), (name, namespaced) in _posted(document).items():
        schema = {**converted[name], "$defs": _reachable(converted[name], converted)}
        schema["properties"] = {**schema["properties"], "metadata": _metadata(group, kind)}
        schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
        yield Kind(group, version, kind, namespaced, schema)


def _posted(document: Mapping[str, Any]) -> dict[tuple[str, str, str], tuple[str, bool]]:
    """Return the kinds that can be created: their definition and whether they live in a namespace."""
    found: dict[tuple[str, str, str], tuple[str, bool]] = {}
    for path, operations in document.get("paths", {}).items():
        post = operations.get("post") or {}
        named = post.get("x-kubernetes-group-version-kind")
        if not named or post.get("x-kubernetes-action") != "post":
            continue
        body = post.get("requestBody", {}).get("content", {}).get("*/*", {}).get("schema", {}).get("$ref", "")
        name = body.removeprefix(_PREFIX)
        if name.endswith("." + named["kind"]) and not path.endswith(("/binding", "/eviction", "/token")):
            found[(named["group"], named["version"], named["kind"])] = (name, "{namespace}" in path)
    return found


def _definition(name: str, body: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    short = name.rpartition(".")[2]
    if short == "Quantity":
        return QUANTITY_SCHEMA
    if short == "IntOrString":
        return {"anyOf": [_bounded({"type": "integer"}, "int32"), {"type": "string"}]}
    if short == "ObjectMeta":
        return OBJECT_META
    converted = _builtin(body, definitions)
    for field, schema in converted.get("properties", {}).items():
        if (name, field) in ENUMS:
            schema["enum"] = ENUMS[(name, field)]
        if (name, field) in ITEM_ENUMS:
            schema["items"]["enum"] = ITEM_ENUMS[(name, field)]
        if (short, field) in {("LabelSelector", "matchLabels"), ("ServiceSpec", "selector")}:
            converted["properties"][field] = LABELS
    return converted


def _builtin(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """Convert one node of the OpenAPI of built-in kinds, where every object is a definition of its own."""
    wrapped = node.get("allOf") or []
    reference = node.get("$ref") or (wrapped[0].get("$ref") if len(wrapped) == 1 else None)
    if reference:
        return {"$ref": reference.replace(_PREFIX, "#/$defs/")}
    out = _scalars(node)
    if "items" in node:
        out["items"] = _builtin(node["items"], definitions)
        out.update(_uniqueness(node, _resolved(node["items"], definitions)))
    if node.get("properties"):
        out["properties"] = {key: _builtin(value, definitions) for key, value in node["properties"].items()}
        out["additionalProperties"] = False
    elif isinstance(node.get("additionalProperties"), dict):
        out["additionalProperties"] = _builtin(node["additionalProperties"], definitions)
    for branch in _BRANCHES:
        if branch in node:
            out[branch] = [_builtin(each, definitions) for each in node[branch]]
    if node.get("required"):
        out["required"] = list(node["required"])
    return out


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    wrapped = node.get("allOf") or []
    reference = node.get("$ref") or (wrapped[0].get("$ref") if wrapped else None)
    found = definitions[reference.removeprefix(_PREFIX)] if reference else node
    return dict(found)


def _reachable(root: Schema, converted: Mapping[str, Schema]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    waiting = list(_references(root))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = converted[name]
            waiting.extend(_references(converted[name]))
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/$defs/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


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
            "metadata": _metadata(group, kind),
        }
        schema["required"] = sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})
        yield Kind(group, version["name"], kind, spec["scope"] == "Namespaced", schema, _cel_rules(source))


def _structural(node: Mapping[str, Any], strict: bool = True) -> Schema:
    """Convert one node of a structural schema; `strict` is off inside anyOf, allOf, oneOf and not."""
    out = _scalars(node)
    if node.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [_bounded({"type": "integer"}, "int64"), {"type": "string"}]
    if "items" in node:
        out["items"] = _structural(node["items"], strict)
        out.update(_uniqueness(node, node["items"]))
    out.update(_object(node, strict))
    for branch in _BRANCHES:
        if branch in node and not node.get("x-kubernetes-int-or-string"):
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


def _scalars(node: Mapping[str, Any]) -> Schema:
    out = {key: value for key, value in node.items() if key in _KEPT}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # OpenAPI 3.0 writes exclusiveMinimum: true beside minimum; JSON Schema 2020-12 wants the number.
        if isinstance(out.get(exclusive), bool) and out.pop(exclusive):
            out[exclusive] = out.pop(bound)
    if "pattern" in out:
        out["pattern"] = re.sub(r"\\Z", "$", str(out["pattern"]))
    out = _bounded(out, node.get("format")) if node.get("type") in {"integer", None} else out
    if node.get("format") in {"date-time", "date", "ipv4", "ipv6"}:
        out["format"] = node["format"]
    if node.get("nullable") and "type" in out:
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def _bounded(schema: Schema, form: Any) -> Schema:
    if form not in _INT:
        return schema
    low, high = _INT[form]
    return {
        **schema,
        "minimum": max(low, schema.get("minimum", low)),
        "maximum": min(high, schema.get("maximum", high)),
    }


def _uniqueness(node: Mapping[str, Any], item: Mapping[str, Any]) -> Schema:
    kind = node.get("x-kubernetes-list-type")
    if kind == "set":
        return {"uniqueItems": True}
    if kind != "map":
        return {}
    keys = node.get("x-kubernetes-list-map-keys") or []
    properties = item.get("properties", {})
    return {"uniqueBy": {key: properties.get(key, {}).get("default") for key in keys}}


def _metadata(group: str, kind: str) -> Schema:
    named = {**OBJECT_META["properties"], "name": name_schema(group, kind)}
    return {**OBJECT_META, "properties": named, "required": ["name"]}


def _cel_rules(node: Any) -> int:
    if isinstance(node, dict):
        own = node.get("x-kubernetes-validations")
        return (len(own) if isinstance(own, list) else 0) + sum(_cel_rules(value) for value in node.values())
    return sum(_cel_rules(value) for value in node) if isinstance(node, list) else 0
