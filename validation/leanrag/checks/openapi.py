"""Turn the OpenAPI v3 of Kubernetes' built-in kinds into strict JSON Schemas, one self-contained schema a kind."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.dialect import BRANCHES, Kind, bounded, metadata, scalars, uniqueness
from leanrag.checks.vocabulary import LABELS, OBJECT_META, QUANTITY_SCHEMA, Schema, demanded

_PREFIX = "#/components/schemas/"


def compile_openapi(document: Mapping[str, Any]) -> Iterator[Kind]:
    """Compile every kind of one group version of the Kubernetes OpenAPI v3 (built-in kinds)."""
    definitions = document.get("components", {}).get("schemas", {})
    converted = {name: _definition(name, body, definitions) for name, body in definitions.items()}
    for (group, version, kind), (name, namespaced) in _posted(document).items():
        schema = {**converted[name], "$defs": _reachable(converted[name], converted)}
        schema["properties"] = {**schema["properties"], "metadata": metadata(group, kind)}
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
        return {"anyOf": [bounded({"type": "integer"}, "int32"), {"type": "string"}]}
    if short == "ObjectMeta":
        return OBJECT_META
    converted = _builtin(body, definitions)
    for field in converted.get("properties", {}):
        if (short, field) in {("LabelSelector", "matchLabels"), ("ServiceSpec", "selector")}:
            converted["properties"][field] = LABELS
    for field, demand in demanded(name).items():
        _tighten(converted, field, demand)
    return converted


def _tighten(schema: Schema, field: str, demand: Schema) -> None:
    """Add what builtin.yaml demands of a field, of the items of a field (`field[]`) or of the object (`.`)."""
    if field == ".":
        schema.update({**demand, "required": sorted({*schema.get("required", ()), *demand.get("required", ())})})
    elif field.endswith("[]") and field[:-2] in schema["properties"]:
        schema["properties"][field[:-2]]["items"].update(demand)
    elif field in schema["properties"]:  # a minor may not have it
        schema["properties"][field] = {**schema["properties"][field], **demand}


def _builtin(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """Convert one node of the OpenAPI of built-in kinds, where every object is a definition of its own."""
    wrapped = node.get("allOf") or []
    reference = node.get("$ref") or (wrapped[0].get("$ref") if len(wrapped) == 1 else None)
    if reference:
        return {"$ref": reference.replace(_PREFIX, "#/$defs/")}
    out = scalars(node)
    if "items" in node:
        out["items"] = _builtin(node["items"], definitions)
        out.update(uniqueness(node, _resolved(node["items"], definitions)))
    if node.get("properties"):
        out["properties"] = {key: _builtin(value, definitions) for key, value in node["properties"].items()}
        out["additionalProperties"] = False
    elif isinstance(node.get("additionalProperties"), dict):
        out["additionalProperties"] = _builtin(node["additionalProperties"], definitions)
    for branch in BRANCHES:
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
