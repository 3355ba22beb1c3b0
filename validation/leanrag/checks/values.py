"""The values of one Application as Helm merges them, against the chart's values.schema.json."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from leanrag.checks.finding import suggestion
from leanrag.checks.source import KeyPath, SourceFile

# jsonschema explains better, and takes as long to import as everything else together: only what is wrong waits for it.
if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_SCHEMES = ("hf://", "oci://", "s3://", "pvc://")
_MODEL_SOURCE = ("model", "source")


@dataclass(frozen=True, slots=True)
class Problem:
    """One value that the chart refuses."""

    rule: str
    path: KeyPath
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class ValuesSchema:
    """A chart's values.schema.json: `quick` (jsonschema-rs) says whether values fit, `whole` says why not."""

    whole: Any
    quick: Any = None


@lru_cache(maxsize=256)
def parse_schema(text: bytes) -> ValuesSchema | str:
    """Return a chart's schema, or the reason why it cannot be used."""
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {error}"
    try:
        named = isinstance(schema, dict) and "$schema" in schema
        return ValuesSchema(schema, (jsonschema_rs.validator_for if named else jsonschema_rs.Draft7Validator)(schema))
    except (ValueError, TypeError):
        return _carefully(schema)


def _carefully(schema: Any) -> ValuesSchema | str:
    """Let the slower library say what is wrong with a schema, and use that library alone where it takes it."""
    from jsonschema import Draft7Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft7Validator).check_schema(schema)
    except SchemaError as error:
        return f"is no JSON Schema: {error.message}"
    return ValuesSchema(schema)


def problems(schema: ValuesSchema, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield every value that a schema refuses, each with its path and the way out."""
    with contextlib.suppress(ValueError):  # what it cannot read, the other one explains
        if schema.quick is not None and schema.quick.is_valid(values):
            return
    from jsonschema import Draft7Validator
    from jsonschema.validators import validator_for

    for error in validator_for(schema.whole, default=Draft7Validator)(schema.whole).iter_errors(values):
        yield from _explained(error)


def _explained(error: "ValidationError") -> Iterator[Problem]:
    if error.context:
        from jsonschema.exceptions import best_match

        error = best_match([error]) or error
    path: KeyPath = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        for name in _unexpected(error):
            yield Problem("VAL001", (*path, name), f"the chart has no value {name!r} here", suggestion(name, known))
        return
    rule = "MOD001" if path[-2:] == _MODEL_SOURCE else "VAL002"
    yield Problem(rule, *_wrong(error, path))


def _unexpected(error: "ValidationError") -> list[str]:
    schema: Any = error.schema
    instance: Any = error.instance
    patterns = schema.get("patternProperties", {})
    names = [str(name) for name in instance if name not in schema.get("properties", {})]
    return [name for name in names if not any(re.search(pattern, name) for pattern in patterns)]


def _wrong(error: "ValidationError", path: KeyPath) -> tuple[KeyPath, str, str]:
    """Return path, message and way out of a value that is known but not possible."""
    value: Any = error.instance
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    shown = json.dumps(value) if not isinstance(value, str) else repr(value)
    if path[-2:] == _MODEL_SOURCE and keyword == "pattern":
        scheme = str(value).partition("://")[0] + "://"
        near = suggestion(scheme, _SCHEMES, "scheme") if "://" in str(value) else "scheme"
        fix = near if near.startswith("did") else f"write one of {', '.join(_SCHEMES)}"
        return path, f"{shown} has no model source that the chart knows", fix
    if keyword == "required":
        missing = [name for name in wanted if name not in value]
        return path, f"lacks {', '.join(map(repr, missing))}", "set it"
    if keyword == "enum":
        return path, f"{shown} is not possible", suggestion(str(value), map(str, wanted), "value")
    if keyword == "type":
        kinds = wanted if isinstance(wanted, str) else " or ".join(wanted)
        return path, f"{shown} has the wrong type", f"write a value of type {kinds}"
    if keyword in {"minimum", "exclusiveMinimum"}:
        return (
            path,
            f"{shown} is too small",
            f"write at least {wanted}" if keyword == "minimum" else f"write more than {wanted}",
        )
    if keyword in {"maximum", "exclusiveMaximum"}:
        return (
            path,
            f"{shown} is too large",
            f"write at most {wanted}" if keyword == "maximum" else f"write less than {wanted}",
        )
    if keyword == "pattern" and "Gi" in wanted:
        return path, f"{shown} is no amount of memory", "write a number with Ki, Mi, Gi or Ti, such as 8Gi"
    if keyword == "pattern":
        return path, f"{shown} has the wrong form", f"its form is {wanted}"
    return path, error.message[:200], "look at the chart's README"


def without(data: Any, path: Sequence[str | int]) -> Any:
    """Return a copy of a document without the value at a path; a path that is not there changes nothing."""
    if not path:
        return data
    if isinstance(data, Mapping) and path[0] in data:
        if len(path) == 1:
            return {key: value for key, value in data.items() if key != path[0]}
        return {**data, path[0]: without(data[path[0]], path[1:])}
    if isinstance(data, list) and isinstance(path[0], int) and path[0] < len(data):
        if len(path) == 1:
            return [value for index, value in enumerate(data) if index != path[0]]
        return [without(value, path[1:]) if index == path[0] else value for index, value in enumerate(data)]
    return data


def replaced(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """Return a copy of nested mappings with another value at a path that is there."""
    if not path:
        return value
    return {**data, path[0]: replaced(data[path[0]], path[1:], value)}


def written_in(path: KeyPath, sources: Sequence[tuple[str, SourceFile]]) -> tuple[str, int]:
    """Return file and line of the last source that writes a path; else the last one that writes its beginning."""
    for length in range(len(path), 0, -1):
        for name, source in reversed(sources):
            if source.has(path[:length]):
                return name, source.lines[path[:length]]
    return sources[-1][0] if sources else "", 1
