"""Validators of strict schemas, and the keyword that JSON Schema lacks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs


class UniqueBy:
    """The keyword `uniqueBy: {key: default, …}`: no two items of a list agree in all these keys."""

    def __init__(
        self, parent_schema: Mapping[str, Any], value: Mapping[str, Any], schema_path: list[str | int]
    ) -> None:
        self.defaults = dict(value)

    def validate(self, instance: Any) -> None:
        """Raise for the first pair of equal items."""
        for problem in self.iter_errors(instance):
            raise problem

    def iter_errors(self, instance: Any) -> Iterator[ValueError]:
        """Yield one error for each item that repeats an earlier one."""
        seen: dict[Any, int] = {}
        for index, item in enumerate(instance if isinstance(instance, list) else ()):
            if not isinstance(item, dict):
                continue
            key = {name: item.get(name, default) for name, default in self.defaults.items()}
            if all(value is None for value in key.values()):
                yield ValueError(f"[{index}] has none of its keys: {', '.join(key)}")
                continue
            word = _word(key)
            if word in seen:
                shown = ", ".join(f"{name} {value!r}" for name, value in key.items() if value is not None)
                yield ValueError(f"[{index}] repeats [{seen[word]}]: {shown}")
            seen.setdefault(word, index)


def _word(key: Mapping[str, Any]) -> Any:
    """Return what tells keys apart; an object or a list as a key is rare, and told apart by its text."""
    values = tuple(key.values())
    plain = all(isinstance(value, str | int | None) for value in values)
    return values if plain else json.dumps(key, sort_keys=True)


def validator(schema: Mapping[str, Any]) -> Any:
    """Return the validator of a strict schema (jsonschema-rs), with its keyword of our own."""
    keywords: Any = {"uniqueBy": UniqueBy}
    return jsonschema_rs.Draft202012Validator(dict(schema), keywords=keywords, validate_formats=True)
