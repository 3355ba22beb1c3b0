"""A sample of what is not here: the series that queries ask for, with no label that the registry does not list.

A value stands for nothing but "there is one": counters grow, buckets fill, times are a moment ago. What the sample
shows is that names, types, labels and joins of a query fit the exporter, of the version that the family's source names.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import promql_parser as promql
from elsewhere import Elsewhere, need

from leanrag.checks import promql as tree
from leanrag.core.errors import LeanragError
from leanrag.engine.exposition import Series
from leanrag.engine.registry import Family, family, scraped

EDGES = ("0.005", "0.05", "0.5", "1", "5", "60", "+Inf")
_MONTH = 30 * 24 * 3600.0
_BORN = time.time() - 3600  # the programs that it stands for run for an hour


@dataclass(frozen=True, slots=True)
class Sampled:
    """One series of the sample: whose it is, its type, and its name and labels."""

    owner: str
    kind: str
    series: Series


def sampled(texts: Iterable[str], world: Elsewhere, usual: Mapping[str, str]) -> tuple[Sampled, ...]:
    """Return the series that queries ask for and are not here; `usual` is a label's value where none is asked."""
    every = (
        one for text in (*texts, *world.records.values()) for one in _selectors(text) if need(tree.name_of(one)[0])
    )
    found = {each.series: each for one in every for each in _series(one, world, usual)}
    return tuple(found[key] for key in sorted(found))


def _selectors(text: str) -> list[promql.VectorSelector]:
    try:
        return list(tree.selectors(tree.parse(text)))
    except LeanragError:
        return []


def _series(selector: promql.VectorSelector, world: Elsewhere, usual: Mapping[str, str]) -> Iterator[Sampled]:
    name, pattern = tree.name_of(selector)
    known = world.known(name)
    if known is None or pattern:
        return
    owner = family(name)
    mentioned = {each.name for each in selector.matchers.matchers} - {"__name__"}
    own = known.labels_of(owner.plain(name) if owner else name)
    labels = {each: _wanted(selector, each, usual.get(each, "sample")) for each in (mentioned if own is None else own)}
    labels = {key: value for key, value in labels.items() if key not in _GIVEN} | _user(owner, usual)
    for edge in EDGES if "le" in labels else ("",):
        pairs = {**labels, **({"le": edge} if edge else {})}
        yield Sampled(owner.name if owner else "", known.type, Series(name, tuple(sorted(pairs.items()))))


def _user(owner: Family | None, usual: Mapping[str, str]) -> dict[str, str]:
    """Return what DCGM's exporter adds while a pod has the GPU: whose it is. A scrape makes exported_pod of it."""
    return {key: usual.get(key, "sample") for key in _USER} if owner and owner.name == "dcgm" else {}


_USER = ("namespace", "pod", "container")
# Labels that a scrape gives: they come from the target, as they do on a cluster.
_GIVEN = scraped() - {"namespace", "pod", "container", "node", "cluster"}


def _wanted(selector: promql.VectorSelector, label: str, usual: str) -> str:
    """Return a value of a label that a selector takes: the usual one, else what it compares with."""
    conditions = [each for each in selector.matchers.matchers if each.name == label]
    told = [word for each in conditions for word in _words(each)]
    return next((each for each in (usual, *told) if all(_takes(one, each) for one in conditions)), usual)


def _words(condition: promql.Matcher) -> list[str]:
    if condition.op == promql.MatchOp.Re:
        bare = [re.sub(r"\.[*+]|[()^$\\]", "", part) for part in condition.value.split("|")]
        return [word.replace(".", "0") for word in bare] + bare
    return [condition.value]


def _takes(condition: promql.Matcher, value: str) -> bool:
    match condition.op:
        case promql.MatchOp.Equal:
            return value == condition.value
        case promql.MatchOp.NotEqual:
            return value != condition.value
    matched = tree.matches(condition.value, [value])
    return matched if condition.op == promql.MatchOp.Re else not matched


def exposition(found: Iterable[Sampled], now: Callable[[], float] = time.time) -> str:
    """Return the sample as /metrics would answer now."""
    return "".join(f"{each.series} {_value(each, now()):.10g}\n" for each in found)


def _value(each: Sampled, now: float) -> float:
    name, age = each.series.name, now - _BORN
    if each.kind in ("counter", "histogram", "summary") or name.endswith(("_total", "_bucket", "_sum", "_count")):
        edge = each.series.label("le")
        return age * ((EDGES.index(edge) + 1) / len(EDGES) if edge in EDGES else 1)
    if "expiration" in name or "not_after" in name:
        return now + _MONTH
    if name.endswith(("timestamp_seconds", "_created", "start_time_seconds")):
        return now - 300
    return _gauge(name, age)


def _gauge(name: str, age: float) -> float:
    if name.endswith(("_ratio", "_perc", "utilization", "_ACTIVE")):
        return 0.4 + 0.1 * (age % 60) / 60
    return 40 + age % 20 if name.startswith("DCGM_") else 1
