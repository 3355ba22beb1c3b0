"""Memory and money of a side: what `leanrag size` computes, what the engine says, and what the measured load costs."""

from collections.abc import Mapping
from typing import Any

from leanrag.compare.comparison import Load
from leanrag.compare.sides import Side
from leanrag.core.result import JSON

_PARTS = ("weights", "activations", "engine", "cache")


def per_million(side: Side, load: Load) -> float | None:
    """Return the price of a million output tokens at this load, from that of a GPU hour; None when one is not known.

    Of the load as it was sent: an engine that waits for requests costs as much as a busy one.
    """
    hour, tokens = side.told.price, load.tokens_per_second
    return None if hour is None or tokens <= 0 else hour * (side.told.gpus or 1) / 3600 / tokens * 1e6


def memory(side: Side) -> dict[str, JSON]:
    """Return GiB of one GPU by part and the tokens that the KV cache holds, computed and as the engine says."""
    size: Mapping[str, Any] = side.told.size or {}
    told = size.get("gib")
    parts: Mapping[str, Any] = told if isinstance(told, dict) else {}
    found: dict[str, JSON] = {part: parts[part] for part in _PARTS if isinstance(parts.get(part), int | float)}
    held = size.get("kvTokens")
    return {
        "gib": found,
        "kvTokensComputed": held if isinstance(held, int) else None,
        "kvTokens": side.told.kvTokens,
        "costAtBest": _range(size.get("costPerMillionOutputTokens")),
    }


def _range(value: object) -> JSON:
    plain = value if isinstance(value, list) else []
    return [low for low in plain if isinstance(low, int | float)] if len(plain) == 2 else None
