"""What a comparison says in words, for terminal and page alike; numbers with their unit, sides by their names."""

from collections.abc import Mapping
from typing import Any

from leanrag.gate.decide import label
from leanrag.report.words import clean, figure, percent, quantity

Document = Mapping[str, Any]

# Each answer, in the icon and colour of the outcome that it stands for.
TONES = {
    "better": "PASS",
    "indistinguishable": "PASS",
    "worse": "FAIL",
    "undecided": "INCONCLUSIVE",
    "not comparable": "INCONCLUSIVE",
}
MEANINGS = {
    "better": "The candidate is not worse in any figure, and better in at least one, beyond chance.",
    "indistinguishable": "The candidate is shown not to be worse by more than the margin, in every figure.",
    "worse": "At least one figure is worse beyond chance, and not shown to be within the margin.",
    "undecided": "This is no answer: what was measured proves neither that it is worse, nor that it is not.",
    "not comparable": "This is no answer: the figures of the two sides may not be held against each other.",
}
KINDS = {
    "same": ("PASS", "same"),
    "varied": ("PASS", "meant to differ"),
    "said": ("INCONCLUSIVE", "taken on your word"),
    "unknown": ("FAIL", "not known"),
    "differs": ("FAIL", "differs"),
}
FACTS = {
    "scenario": "Traffic (hash)",
    "gpu": "GPU",
    "engine": "Engine",
    "arguments": "Engine arguments",
    "model": "Model",
    "store": "Vector store",
    "tool": "Load tool",
}
_UNITS = {"throughput": "tokens/s", "errorRate": "share", "goodput": "share", "e2e": "s"}
_NAMES = {"throughput": "output tokens a second", "tpot": "TPOT", "queue": "time in queue"}


def name(contrast: Mapping[str, Any]) -> str:
    """Return what people call a figure: 'TTFT p95', 'error rate'."""
    metric = contrast["metric"]
    if metric in _NAMES:
        return label(_NAMES[metric], contrast["percentile"])
    return label(metric, contrast["percentile"])


def amount(value: float | None, metric: str) -> str:
    """Return a figure of a metric with its unit: seconds become milliseconds, but for whole requests."""
    unit = _UNITS.get(metric, "ms")
    return quantity(value * 1000 if value is not None and unit == "ms" else value, unit)


def change(contrast: Mapping[str, Any]) -> str:
    """Return the change with its bounds: '1.21 × (1.12 to 1.31)', '+0.4 points (-0.2 to +1)'."""
    ends = [contrast[key] for key in ("change", "lower", "upper")]
    if contrast["kind"] == "difference":
        seen, low, high = ("unbounded" if end is None else f"{end * 100:+.2g}" for end in ends)
        return f"{seen} points ({low} to {high})"
    seen, low, high = ("unbounded" if end is None else f"{end:.2f}" for end in ends)
    return f"{seen} × ({low} to {high})"


def noise(contrast: Mapping[str, Any]) -> str:
    """Return how much the same code differs from itself between two such sides, one standard deviation."""
    unit = "points" if contrast["kind"] == "difference" else "%"
    seen = "not measured" if contrast["noise"] is None else f"{figure(contrast['noise'] * 100)} {unit}"
    return f"same-code noise {seen}"


def sides(document: Document) -> tuple[str, str]:
    """Return the names of both sides, told apart when they are the same."""
    base, new = (clean(document[side]["name"]) for side in ("base", "new"))
    return (base, new) if base != new else (f"{base} (baseline)", f"{new} (candidate)")


def sentence(text: str) -> str:
    """Return a reason as a sentence."""
    plain = clean(text)
    return plain[:1].upper() + plain[1:]


def money(value: float | None) -> str:
    """Return a price to three digits; no currency is known."""
    return "–" if value is None else figure(value)


def share(value: float | None) -> str:
    """Return a share as per cent."""
    return percent(value)
