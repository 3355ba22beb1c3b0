"""When a burn-rate alert may fire: what its windows held, and what theory says of steady traffic."""

import time
from collections.abc import Iterator, Mapping

from prom import Prometheus

_FAST = "ObjectiveBurnsFast"
# Long and short window, seconds of the long one, its factor, and the share that is enough for any budget, as in
# charts/serving/model/templates/rules.yaml.
PAIRS = (("1h", "5m", 3600.0, 14.4, 0.9), ("6h", "30m", 21600.0, 6.0, 0.75))


def note(prometheus: Prometheus, name: str, began: float) -> dict[str, str]:
    """Return, of the fast burn-rate alert, since when its windows were full; `began` is the cause's Unix time."""
    if name != _FAST:
        return {}
    found = prometheus.query(f'ALERTS{{alertname="{name}",alertstate="firing"}}')
    return {name: "; ".join(sorted(text for each in found for text in _told(prometheus, each.labels, began)))}


def _told(prometheus: Prometheus, labels: Mapping[str, str], began: float) -> Iterator[str]:
    of = f'{{model="{labels["model"]}",objective="{labels["objective"]}"}}'
    target = prometheus.query(f"leanrag:objective:target{of}")[0].value
    for long, short, window, factor, most in PAIRS:
        limit, broken = min(factor * (1 - target), most), "leanrag:objective_broken:ratio"
        both = f"{broken}{long}{of} > {limit} and on (model, objective) {broken}{short}{of} > {limit}"
        if full := prometheus.range(both, time.time() - began, 1):
            errors = prometheus.query(f"{broken}{short}{of}")[0].value
            theory = burn_seconds(window, factor, target, errors) / 60
            after = max(full[0].points[0][0] - began, 0)
            yield (
                f"{labels['objective']}: {long} and {short} above {limit:.0%} after {after:.0f} s "
                f"(steady traffic, {errors:.0%} broken: {theory:.0f} min)"
            )


def burn_seconds(window: float, factor: float, target: float, errors: float) -> float:
    """Return when a burn-rate alert can fire after errors began: the share of its window that fills the factor.

    `errors` is the share of bad requests since then. Google, The Site Reliability Workbook, chapter 5: detection time
    is (1 - target) / errors x window x factor; infinite where the window never fills so far.
    """
    if errors <= 0:
        return float("inf")
    found = (1 - target) / errors * window * factor
    return found if found <= window else float("inf")
