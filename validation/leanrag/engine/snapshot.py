"""What an engine said at one moment, and what happened between two: counters as increases, never as readings.

Metrics are asked for by the name under which the registry has them ("vllm:num_preemptions"), whatever their name on
the wire is; a name that the registry does not know is a defect of the asker and raises LookupError.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from leanrag.engine.exposition import Series, parse
from leanrag.engine.registry import Family, families, family

Samples = Mapping[Series, float]
_CUMULATIVE = ("_total", "_bucket", "_sum", "_count")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every sample of one scrape; `moment` is when it was asked for, Unix seconds."""

    moment: float
    samples: Samples


@dataclass(frozen=True, slots=True)
class Delta:
    """Increases of all cumulative series in `seconds`; `start` is the moment of the first snapshot.

    `resets` are those whose increase nobody can tell, because the engine started again in between: they fell, went
    away, were created anew, or are no number. They are not in `samples`.
    """

    start: float
    seconds: float
    samples: Samples
    resets: tuple[Series, ...]


def snapshot(text: str, moment: float) -> Snapshot:
    """Return an answer of /metrics as a snapshot; InputError for one that cannot be read."""
    return Snapshot(moment, parse(text).samples)


def delta(before: Snapshot, after: Snapshot) -> Delta:
    """Return what was counted between two snapshots of one engine. A series that is new began at zero."""
    told = {each for each in (*before.samples, *after.samples) if cumulative(each.name)}
    increases = {each: _increase(each, before.samples, after.samples) for each in told}
    return Delta(
        before.moment,
        after.moment - before.moment,
        {each: value for each, value in increases.items() if value is not None},
        tuple(sorted(each for each, value in increases.items() if value is None)),
    )


def _increase(each: Series, before: Samples, after: Samples) -> float | None:
    first, last = before.get(each, 0.0), after.get(each, math.nan)
    rises = math.isfinite(first) and math.isfinite(last) and last >= first
    return last - first if rises and not _made_anew(each, before, after) else None


def _made_anew(each: Series, before: Samples, after: Samples) -> bool:
    """Counters of Prometheus' Python client carry when they were made: after a restart they may be higher again."""
    ending = next((ending for ending in _CUMULATIVE if each.name.endswith(ending)), "")
    labels = tuple(pair for pair in each.labels if pair[0] != "le")
    made = Series(f"{each.name.removesuffix(ending)}_created", labels)
    return made in before and before[made] != after.get(made)


@cache
def cumulative(name: str) -> bool:
    """Say whether the registry knows a name on the wire as one that only ever grows."""
    owner = family(name)
    known = owner.wire.get(owner.plain(name)) if owner else None
    if known is None or name.endswith("_created"):
        return False
    return known.type == "counter" or (known.type != "gauge" and name.endswith(_CUMULATIVE))


def values(samples: Samples, name: str, **labels: str) -> dict[Series, float]:
    """Return the finite samples of a gauge or a counter that carry these labels, in the order of their labels."""
    wanted = wire(name)
    found = {each: value for each, value in samples.items() if each.name in wanted and each.has(labels)}
    return {each: found[each] for each in sorted(found) if math.isfinite(found[each])}


def total(samples: Samples, name: str, **labels: str) -> float | None:
    """Return the sum over all matching series, None when there is none: absent is not zero."""
    found = values(samples, name, **labels)
    return math.fsum(found.values()) if found else None


@cache
def wire(name: str, ending: str = "") -> frozenset[str]:
    """Return the names on the wire of a metric of the registry, with what others put in front of them.

    `ending` chooses one of a histogram's series. LookupError: the registry has no such metric.
    """
    owner = next((each for each in families() if name in each.metrics or _listed(each, name)), None)
    if owner is None:
        raise LookupError(f"no family of leanrag.engine knows {name}")
    plain = _plain(owner, name, ending)
    others = (f"{other}{each.removeprefix(owner.prefix)}" for other in owner.renamed for each in plain)
    return frozenset({*plain, *others})


def _listed(owner: Family, name: str) -> bool:
    """A family whose names a ConfigMap chooses (DCGM's) claims them by prefix."""
    return bool(owner.listed) and owner.claims(name)


def _plain(owner: Family, name: str, ending: str) -> tuple[str, ...]:
    known = owner.metrics.get(name)
    if ending or known is None:
        return (f"{name}{ending}",)
    return known.series()[:1] if known.type else (name, f"{name}_total")
