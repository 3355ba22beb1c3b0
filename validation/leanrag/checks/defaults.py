"""Defaults of custom resources, filled in before they are judged, as the API server does."""

import copy
from collections.abc import Mapping
from typing import Any

_BELOW = ("properties", "items", "additionalProperties")


def pruned(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `defaulted` needs of a strict schema: the nodes with a default, and those above them.

    What stands inside anyOf, allOf, oneOf and not has none in a structural schema.
    """
    out: dict[str, Any] = {key: schema[key] for key in ("default", "type") if "default" in schema and key in schema}
    for key in _BELOW:
        held = schema.get(key)
        if key == "properties" and held:
            if children := {name: below for name, each in held.items() if (below := pruned(each))}:
                out[key] = children
        elif isinstance(held, Mapping) and (below := pruned(held)):
            out[key] = below
    return out


def defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value with the defaults of its strict schema (or of what `pruned` leaves of it), outermost first."""
    if not schema:
        return value
    if isinstance(value, dict):
        properties: Mapping[str, Any] = schema.get("properties", {})
        absent = [key for key, each in properties.items() if "default" in each and _is_absent(value, key, each)]
        filled = {**value, **{key: copy.deepcopy(properties[key]["default"]) for key in absent}} if absent else value
        other = schema.get("additionalProperties")
        rest: Mapping[str, Any] = other if isinstance(other, dict) else {}
        if not properties and not rest:
            return filled
        return {key: defaulted(each, properties.get(key, rest)) for key, each in filled.items()}
    if isinstance(value, list) and "items" in schema:
        return [defaulted(each, schema["items"]) for each in value]
    return value


def _is_absent(value: Mapping[str, Any], key: str, schema: Mapping[str, Any]) -> bool:
    """Say whether a default is filled in: a null counts as absent where the field cannot be null."""
    return key not in value or (value[key] is None and "null" not in schema.get("type", ()))
