"""How fast at best, and so how many replicas and what price: rooflines with a stated range of efficiency.

A decode step reads all weights and the cache of every request in it; a prefill computes. Real engines reach a part of
both limits: 0.45 to 0.8 (vLLM's own CI on H200, Llama 3.1 8B and 70B: 0.45 to 0.49; a public SGLang run: up to 0.82).
"""

import math
from dataclasses import dataclass

from leanrag.size.memory import WEIGHT_BYTES, Fit, Setup, kv_per_token
from leanrag.size.tables import Architecture, Gpu

EFFICIENCY = (0.45, 0.8)
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one request is, in tokens, and how many come a second (0: as many as it can)."""

    prompt: int = 1024
    output: int = 256
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one replica: seconds to first token when empty, seconds a token at `batch` requests, requests a second.

    Each is a range, the better end first for times, the worse first for `requests`.
    """

    ttft: Range
    itl: Range
    batch: int
    requests: Range


def speed(shape: Architecture, setup: Setup, gpu: Gpu, fitted: Fit, traffic: Traffic) -> Speed | None:
    """Return what one replica can do, or None when the GPU's bandwidth or compute is not known."""
    flops = gpu.tflops.get("fp8" if setup.quantization == "fp8" else "bf16") or gpu.tflops.get("bf16")
    if not flops or not gpu.bandwidthGBs:
        return None
    length = traffic.prompt + traffic.output
    batch = max(1, min(setup.max_num_seqs, fitted.tokens // length))
    prefill = _prefill(shape, traffic.prompt) / (flops * 1e12 * setup.gpus)
    context = traffic.prompt + traffic.output / 2
    step = max(
        _read(shape, setup, batch, context) / (gpu.bandwidthGBs * 1e9),
        2e9 * _active(shape) * batch / (flops * 1e12 * setup.gpus),
    )
    lone = _read(shape, setup, 1, context) / (gpu.bandwidthGBs * 1e9)
    best = batch / (batch * prefill + traffic.output * step)
    low, high = EFFICIENCY
    first = prefill + lone
    return Speed((first / high, first / low), (step / high, step / low), batch, (best * low, best * high))


def replicas(one: Speed, rate: float) -> int:
    """Return the replicas for a rate (requests a second), by the worse end of the range."""
    return max(1, math.ceil(rate / one.requests[0]))


def cost(one: Speed, setup: Setup, traffic: Traffic, price: float) -> Range:
    """Return the price of a million output tokens, from that of one GPU hour, with every replica full."""
    hour = price * setup.gpus / 3600 * 1e6
    return hour / (one.requests[1] * traffic.output), hour / (one.requests[0] * traffic.output)


def _active(shape: Architecture) -> float:
    """Parameters that one token passes, in billions: those of its experts, and lm_head."""
    return (shape.activeB or shape.linearB) + shape.hidden * shape.vocabulary / 1e9


def _read(shape: Architecture, setup: Setup, batch: int, context: float) -> float:
    """Bytes that one GPU reads in a decode step: layers (of a mixture the experts in use), lm_head, and every cache."""
    linear = min(shape.linearB, (shape.activeB or shape.linearB) * batch) * WEIGHT_BYTES[setup.quantization]
    head = shape.hidden * shape.vocabulary * 2
    return (1e9 * linear + head) / setup.gpus + batch * context * kv_per_token(shape, setup)


def _prefill(shape: Architecture, tokens: int) -> float:
    """Operations of a prefill: 2 for each parameter and token, and the attention of every token with all before it."""
    attention = 2 * shape.layers * tokens**2 * shape.heads * shape.headDim
    return 2e9 * (shape.activeB or shape.linearB) * tokens + attention
