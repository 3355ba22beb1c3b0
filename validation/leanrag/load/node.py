"""Strict reading of foreign JSON: a value of another type is one sentence that names its path."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leanrag.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and where it is: `source` the file, `path` the dotted path, `tool` what should have written it."""

    value: Any
    source: str
    path: str = "$"
    tool: str = "GuideLLM 0.8.1"

    def at(self, *keys: str) -> "Node":
        """Return the value under these keys; a missing one is an InputError."""
        node = self
        for key in keys:
            mapping = node.mapping()
            if key not in mapping:
                raise node.refuse(f"has no {key}")
            node = Node(mapping[key], self.source, f"{node.path}.{key}", self.tool)
        return node

    def maybe(self, *keys: str) -> "Node":
        """Return the value under these keys, or a null when one of them is absent."""
        node = self
        for key in keys:
            found = None if node.value is None else node.mapping().get(key)
            node = Node(found, self.source, f"{node.path}.{key}", self.tool)
        return node

    def mapping(self) -> dict[str, Any]:
        """The value as a map; null is an empty one."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.refuse("is not a map")
        return self.value

    def items(self) -> Iterator["Node"]:
        """The elements of a list; null is an empty one."""
        if self.value is not None and not isinstance(self.value, list):
            raise self.refuse("is not a list")
        for index, value in enumerate(self.value or []):
            yield Node(value, self.source, f"{self.path}[{index}]", self.tool)

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.refuse("is not a number")
        if not math.isfinite(self.value):
            raise self.refuse("is not finite")
        return float(self.value)

    def maybe_number(self) -> float | None:
        """A finite number, or None for null."""
        return None if self.value is None else self.number()

    def count(self) -> int:
        """A whole number of at least 0."""
        value = self.number()
        if value < 0 or not value.is_integer():
            raise self.refuse("is not a count")
        return int(value)

    def maybe_count(self) -> int | None:
        """A whole number of at least 0, or None for null."""
        return None if self.value is None else self.count()

    def text(self) -> str:
        """A string; null is empty."""
        if self.value is not None and not isinstance(self.value, str):
            raise self.refuse("is not text")
        return self.value or ""

    def refuse(self, problem: str) -> InputError:
        """An InputError that names this place."""
        shown = repr(self.value)
        seen = "" if isinstance(self.value, dict | list) else f" ({shown[:60]})"
        return InputError(f"{self.source}: {self.path} {problem}{seen}", hint=f"was the file written by {self.tool}?")
