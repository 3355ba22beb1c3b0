"""When a burn-rate alert may fire: what its windows held, and when theory expects that of this traffic."""

import math
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from alarms import Rule
from prom import Prometheus, numbers

_BROKEN = "leanrag:objective_broken:ratio"
_STEP = 5.0  # seconds between two scrapes
# Long and short window, seconds of the long one, its factor, and the share that is enough for any budget, as in
# charts/serving/model/templates/rules.yaml.
PAIRS: Mapping[str, tuple[tuple[str, str, float, float, float], ...]] = {
    "ObjectiveBurnsFast": (("1h", "5m", 3600.0, 14.4, 0.9), ("6h", "30m", 21600.0, 6.0, 0.75)),
    "ObjectiveBurnsSlowly": (("1d", "2h", 86400.0, 3.0, 0.6), ("3d", "6h", 259200.0, 1.0, 1.0)),
}


@dataclass(frozen=True, slots=True)
class Burn:
    """What came: requests in the window before a cause, requests a second since, the share of these that broke."""

    before: float
    rate: float
    errors: float


@dataclass(frozen=True, slots=True)
class Reached:
    """Since when both windows of a burn rate held more than its limit; seconds after the cause, by whom it was said.

    `expected` is what theory says of this traffic, `steady` of steady traffic and full windows (infinite: never).
    """

    alert: str
    model: str
    objective: str
    windows: str
    limit: float
    seconds: float
    expected: float
    steady: float
    traffic: Burn


def reached(prometheus: Prometheus, rules: Iterable[Rule], alert: str, began: float) -> Iterator[Reached]:
    """Yield, of a burn-rate alert that fires, what its windows held; `began` is the cause's Unix time."""
    if alert not in PAIRS:
        return
    found = prometheus.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')
    whose = {(each.labels["model"], each.labels["objective"]) for each in found}
    short = {
        (rule.labels["model"], rule.labels["objective"]): rule.text for rule in rules if rule.record == f"{_BROKEN}5m"
    }
    for each in sorted(whose):
        yield from _of(prometheus, alert, *each, short[each], began)


def _of(prometheus: Prometheus, alert: str, model: str, objective: str, rule: str, began: float) -> Iterator[Reached]:
    of = f'{{model="{model}",objective="{objective}"}}'
    target = prometheus.query(f"leanrag:objective:target{of}")[0].value
    for long, short, window, factor, most in PAIRS[alert]:
        limit = min(factor * (1 - target), most)
        both = f"{_BROKEN}{long}{of} > {limit} and on (model, objective) {_BROKEN}{short}{of} > {limit}"
        if full := prometheus.range(both, time.time() - began, 1):
            seen, after = came(prometheus, rule, window, began), max(full[0].points[0][0] - began, 0)
            theory = expected(seen, limit), steady(window, limit, seen.errors)
            yield Reached(alert, model, objective, f"{long} and {short}", limit, after, *theory, seen)


def came(prometheus: Prometheus, rule: str, window: float, began: float) -> Burn:
    """Count the requests of a promise: its rule's text says which series counts them all."""
    since = time.time() - began
    every = re.search(r" / .*?rate\((.+?)\[5m\]\)", rule, re.DOTALL)
    assert every, f"no rate of all requests in {rule}"
    points = prometheus.range(f"sum({every[1]})", min(window, 10000 * _STEP) + since, _STEP)[0].points
    at = max((value for moment, value in points if moment <= began), default=points[0][1])
    broken = numbers(prometheus.query(rule.replace("[5m]", f"[{math.ceil(since)}s]")))
    return Burn(at - points[0][1], (points[-1][1] - at) / since, broken[0].value if broken else 0.0)


def expected(seen: Burn, limit: float) -> float:
    """Return after how many seconds a long window holds so large a share of broken requests; infinite: never.

    None broke before, so it holds errors x rate x t of before + rate x t requests.
    """
    if seen.errors <= limit or not seen.rate:
        return math.inf
    return limit * seen.before / (seen.rate * (seen.errors - limit))


def steady(window: float, limit: float, errors: float) -> float:
    """Return the same for as many requests before as since, and a window that was full of them.

    Google, The Site Reliability Workbook, chapter 5: (1 - target) / errors x window x factor; infinite where the
    window never fills so far.
    """
    return limit / errors * window if errors >= limit > 0 else math.inf
