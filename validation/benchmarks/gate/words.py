"""Markdown that the parts share: tables, shares with their intervals, times."""

from collections.abc import Iterable, Sequence

from leanrag.slo.binomial import lower_bound, upper_bound

# One-sided at either end, so two-sided 95 %.
CONFIDENCE = 0.975


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def share(k: int, n: int) -> str:
    """Return k of n as a share with its exact 95 % interval: '4.0 % (1.1 to 9.9)'."""
    if not n:
        return "-"
    low, high = lower_bound(k, n, CONFIDENCE), upper_bound(k, n, CONFIDENCE)
    return f"{100 * k / n:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def milliseconds(seconds: float | None, signed: bool = False) -> str:
    """Return a time in milliseconds, two decimals; '-' for none."""
    if seconds is None:
        return "-"
    return f"{seconds * 1000:+.2f}" if signed else f"{seconds * 1000:.2f}"
