"""Defaults of custom resources, filled in before they are judged, as the API server does."""

import copy
from collections.abc import Mapping
from typing import Any


def _is_absent(value: Mapping[str, Any], key: str, schema: Mapping[str, Any]) -> bool:
    """Say whether a default is filled in: a null counts as absent where the field cannot be null."""
    return key not in value or (value[key] is None and "null" not in schema.get("type", ()))


def defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return a value with the defaults of its strict schema (the keyword `default`), outermost first.

    What stands inside anyOf, allOf, oneOf and not has none in a structural schema.
    """
    if isinstance(value, Mapping):
        properties: Mapping[str, Any] = schema.get("properties", {})
        absent = (key for key, each in properties.items() if "default" in each and _is_absent(value, key, each))
        filled = {**value, **{key: copy.deepcopy(properties[key]["default"]) for key in absent}}
        other = schema.get("additionalProperties")
        rest: Mapping[str, Any] = other if isinstance(other, Mapping) else {}
        return {key: defaulted(each, properties.get(key, rest)) for key, each in filled.items()}
    if isinstance(value, list) and "items" in schema:
        return [defaulted(each, schema["items"]) for each in value]
    return value
