"""What was read from YAML or JSON, where its shape is not known: the wanted shape, or an empty one."""

from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping, or an empty one for anything else."""
    # To ask for a dict first is quick, and what is read from YAML is nothing else.
    return value if isinstance(value, (dict, Mapping)) else {}


def items(value: Any) -> list[Any]:
    """Return a list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def scalar(value: Any) -> str | int | None:
    """Return a word or number that can be compared and looked up; None for anything else."""
    return value if isinstance(value, str | int) else None
