"""Data as plain JSON: dataclasses become objects, their field names camelCase."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from leanrag.core.result import JSON


def to_json(value: object) -> JSON:
    """Turn dataclasses, mappings and sequences into plain JSON; field names become camelCase, mapping keys stay.

    A float that is not finite becomes null: JSON has no word for it, and as a number it would satisfy no limit.
    """
    if isinstance(value, Mapping):
        return {_text(key): to_json(entry) for key, entry in value.items()}
    if is_dataclass(value):
        return {_camel(f.name): to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list | set | frozenset):
        return [to_json(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int) else _text(value)


def _text(value: object) -> str:
    # JSON from a server may hold half a surrogate pair, which no file can.
    return str(value).encode("utf-8", "replace").decode()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
