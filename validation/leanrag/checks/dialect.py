"""What both compilers share: kinds, scalars with their bounds, unique list keys, and metadata."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leanrag.checks.vocabulary import BASE64, OBJECT_META, Schema, name_schema

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
BRANCHES = ("anyOf", "allOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of one API version: its strict schema, its scope, and the tree of its CEL rules (cel_tree)."""

    group: str
    version: str
    kind: str
    namespaced: bool
    schema: Schema
    rules: Schema = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """The apiVersion as objects write it."""
        return f"{self.group}/{self.version}" if self.group else self.version


def scalars(node: Mapping[str, Any]) -> Schema:
    """Return the keywords that both dialects share, with the bounds of the format and null where it is allowed."""
    out = {key: value for key, value in node.items() if key in _KEPT}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        # OpenAPI 3.0 writes exclusiveMinimum: true beside minimum; JSON Schema 2020-12 wants the number.
        if isinstance(out.get(exclusive), bool) and out.pop(exclusive):
            out[exclusive] = out.pop(bound)
    if "pattern" in out:
        out["pattern"] = re.sub(r"\\Z", "$", str(out["pattern"]))
    if node.get("type") in {"integer", None}:
        out = bounded(out, node.get("format") or ("int64" if node.get("type") else None))
    if node.get("format") == "byte" and "pattern" not in out:
        out["pattern"] = BASE64
    if node.get("format") in {"date-time", "date", "ipv4", "ipv6"}:
        out["format"] = node["format"]
    if node.get("nullable") and "type" in out:
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def bounded(schema: Schema, form: Any) -> Schema:
    """Return a schema with the bounds of int32 or int64; tighter ones of the author stay."""
    if form not in _INT:
        return schema
    low, high = _INT[form]
    return {
        **schema,
        "minimum": max(low, schema.get("minimum", low)),
        "maximum": min(high, schema.get("maximum", high)),
    }


def uniqueness(node: Mapping[str, Any], item: Mapping[str, Any]) -> Schema:
    """Return what a list of type set or map demands; uniqueBy carries the defaults of its keys."""
    kind = node.get("x-kubernetes-list-type")
    if kind == "set":
        return {"uniqueItems": True}
    if kind != "map":
        return {}
    keys = node.get("x-kubernetes-list-map-keys") or []
    properties = item.get("properties", {})
    return {"uniqueBy": {key: properties.get(key, {}).get("default") for key in keys}}


def metadata(group: str, kind: str) -> Schema:
    """Return the schema of a kind's metadata, with its rule for names."""
    named = {**OBJECT_META["properties"], "name": name_schema(group, kind)}
    return {**OBJECT_META, "properties": named, "required": ["name"]}
