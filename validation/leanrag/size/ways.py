"""The three ways out when a model does not fit: more GPUs, smaller weights, shorter requests."""

from dataclasses import replace

from leanrag.size.memory import BLOCK, Setup, fit, kv_per_token
from leanrag.size.tables import Architecture

_PARALLEL = (2, 4, 8)
# From the gentlest to the hardest on accuracy.
_QUANTISATIONS = ("fp8", "int4")
_SHORTEST = 1024


def ways_out(shape: Architecture, setup: Setup, memory_gib: float, per_node: int = 8) -> tuple[str, ...]:
    """Return one sentence for each way that makes it fit; a fourth, a bigger GPU, when there is none of the three."""
    found = (
        _parallel(shape, setup, memory_gib, per_node),
        _quantised(shape, setup, memory_gib),
        _shorter(shape, setup, memory_gib),
    )
    return tuple(way for way in found if way) or ("take a GPU with more memory, or a smaller model",)


def _parallel(shape: Architecture, setup: Setup, memory_gib: float, per_node: int) -> str:
    for count in _PARALLEL:
        possible = setup.tensor_parallel < count <= per_node and shape.heads % count == 0
        if possible and fit(shape, replace(setup, tensor_parallel=count), memory_gib).fits:
            return f"{count} GPUs (tensor parallel {count})"
    return ""


def _quantised(shape: Architecture, setup: Setup, memory_gib: float) -> str:
    if setup.quantization != "none":
        return _quantised_more(shape, setup, memory_gib)
    for name in _QUANTISATIONS:
        if fit(shape, replace(setup, quantization=name), memory_gib).fits:
            return f"weights in {name.upper()}"
    return ""


def _quantised_more(shape: Architecture, setup: Setup, memory_gib: float) -> str:
    smaller = setup.quantization != "int4" and fit(shape, replace(setup, quantization="int4"), memory_gib).fits
    return "weights in INT4" if smaller else ""


def _shorter(shape: Architecture, setup: Setup, memory_gib: float) -> str:
    longest = longest_request(shape, setup, memory_gib)
    return f"maxModelLen {longest:,}" if _SHORTEST <= longest < setup.max_model_len else ""


def longest_request(shape: Architecture, setup: Setup, memory_gib: float) -> int:
    """Return the longest request that the KV cache holds, in tokens, rounded down to 1,024 (or a block)."""
    cache = fit(shape, setup, memory_gib).cache
    tokens = max(0, int(cache / kv_per_token(shape, setup)) // BLOCK * BLOCK)
    return tokens // 1024 * 1024 if tokens >= 1024 else tokens
