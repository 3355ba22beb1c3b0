"""Holm's step-down adjustment: of many metrics one is always red by chance, unless each says so more strongly."""

from collections.abc import Sequence


def adjusted(values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values that may each be held against one alpha; the chance of any false claim then stays below it.

    Holm, Scandinavian Journal of Statistics 6 (1979): valid however the metrics depend on each other.
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    found, highest = [1.0] * len(values), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - place) * values[index]))
        found[index] = highest
    return tuple(found)
