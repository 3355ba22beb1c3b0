"""What a measured load made of its GPUs: tokens a GPU-second, idle share, price of a million tokens. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.core.result import JSON

_MILLION = 1e6
_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Economy:
    """Of all GPUs that the engine held, busy or not; None: not known.

    `tokens_per_gpu_second` counts output tokens, `idle` is a share of the time, `per_million` the price of a million
    output tokens at this load, in the currency of `price`, which is of one GPU hour. `gpu` names one of the GPUs,
    `assumptions` say what the figures rest on.
    """

    gpus: int
    tokens_per_gpu_second: float
    idle: float | None = None
    price: float | None = None
    per_million: float | None = None
    gpu: str = ""
    assumptions: tuple[str, ...] = ()

    def entry(self) -> dict[str, JSON]:
        """Return the figures for a verdict."""
        return {
            "gpus": self.gpus,
            "gpu": self.gpu,
            "tokensPerGpuSecond": self.tokens_per_gpu_second,
            "idleShare": self.idle,
            "pricePerGpuHour": self.price,
            "costPerMillionOutputTokens": self.per_million,
            "assumptions": list(self.assumptions),
        }

    def words(self) -> Iterator[str]:
        """Yield the figures, one line each; no currency is known."""
        held = ("1 GPU" if self.gpus == 1 else f"{self.gpus} GPUs") + (f" ({self.gpu})" if self.gpu else "")
        yield f"{self.tokens_per_gpu_second:.3g} output tokens a GPU-second on {held}"
        if self.per_million is not None and self.price is not None:
            yield f"a million output tokens: {self.per_million:.3g} at {self.price:g} a GPU hour, at this load"
        if self.idle is None:
            yield "idle share of the GPUs: not known, DCGM's figures of them were not recorded"
        else:
            yield f"GPUs idle {self.idle:.0%} of the time"


def read(entry: Mapping[str, Any]) -> Economy:
    """Return an entry of a verdict that kept its schema."""
    return Economy(
        entry["gpus"],
        entry["tokensPerGpuSecond"],
        entry.get("idleShare"),
        entry.get("pricePerGpuHour"),
        entry.get("costPerMillionOutputTokens"),
        entry.get("gpu", ""),
        tuple(entry.get("assumptions", ())),
    )


def economy(
    tokens_per_second: float,
    gpus: int,
    *,
    busy: Sequence[float] = (),
    price: float | None = None,
    gpu: str = "",
    assumptions: Sequence[str] = (),
) -> Economy | None:
    """Return the economy of a load; `busy` are DCGM's mean shares, one a GPU. None without a GPU, as on a CPU.

    A load without tokens has no price: an engine that waits costs as much as a busy one, of nothing.
    """
    if gpus < 1:
        return None
    each = tokens_per_second / gpus
    idle = 1.0 - sum(busy) / len(busy) if busy else None
    cost = price / _HOUR / each * _MILLION if price is not None and each > 0 else None
    return Economy(gpus, each, idle, price, cost, gpu, tuple(assumptions))
