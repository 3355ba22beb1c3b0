"""The metrics that exist, by family: what a query may ask for, under which names on the wire, with which labels.

A family is one file in families/. Its keys: `source` (who says so), `prefix` (every name that begins so is of this
family, so one that is not listed does not exist; empty: nobody's alone), `renamed` (prefixes under which others expose
the same), `labels` (of every metric), `versions` (in order), `listed` (key of the rendered ConfigMaps that choose which
of its metrics are exposed), `gone` (earlier names and what they are now), `metrics`: by name `type` (counter, gauge,
histogram, summary or info; absent: not known), `unit`, `labels` (absent: not known; `[]`: none beyond the family's) and
`in` (versions; absent: every one).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.core import yamlio

FOLDER = Path(__file__).with_name("families")
# A counter is exposed as name_total and a histogram as three series (Prometheus' and OpenMetrics' text formats).
_WIRE: Mapping[str, tuple[str, ...]] = {
    "gauge": ("",),
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "summary": ("", "_sum", "_count", "_created"),
    "info": ("_info",),
    "": ("", "_total", "_bucket", "_sum", "_count", "_created"),
}
_OWN: Mapping[str, tuple[str, ...]] = {"_bucket": ("le",)}


@dataclass(frozen=True, slots=True)
class Known:
    """One metric as declared; `labels` None: not known, `versions` empty: every one of its family."""

    name: str
    type: str
    unit: str
    labels: frozenset[str] | None
    versions: tuple[str, ...] = ()

    def series(self) -> tuple[str, ...]:
        """Return the names under which it is on the wire."""
        base = self.name.removesuffix("_total") if self.type == "counter" else self.name
        return tuple(f"{base}{suffix}" for suffix in _WIRE[self.type])

    def labels_of(self, series: str) -> frozenset[str] | None:
        """Return the labels of one of its series."""
        own = next((each for suffix, each in _OWN.items() if series.endswith(suffix)), ())
        summed = ("quantile",) if self.type == "summary" and series == self.name else ()
        return None if self.labels is None else self.labels | {*own, *summed}

    def meant(self, version: str) -> bool:
        """Say whether a version of its family has it; what version a family has is not always known ("")."""
        return not version or not self.versions or version in self.versions


@dataclass(frozen=True, slots=True)
class Family:
    """The metrics of one program, by name."""

    name: str
    source: str
    prefix: str
    metrics: Mapping[str, Known]
    renamed: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    labels: frozenset[str] = frozenset()
    listed: str = ""
    gone: Mapping[str, str] = field(default_factory=dict)
    wire: Mapping[str, Known] = field(default_factory=dict)

    def claims(self, name: str) -> bool:
        """Say whether a name is of this family, so that it has to be listed."""
        return bool(self.prefix) and name.startswith((self.prefix, *self.renamed))

    def plain(self, name: str) -> str:
        """Return a name without what others put in front of it."""
        other = next((each for each in self.renamed if name.startswith(each)), None)
        return self.prefix + name.removeprefix(other) if other else name


@cache
def families() -> tuple[Family, ...]:
    """Return every family, by file name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.yaml")))


@cache
def scraped() -> frozenset[str]:
    """Return the labels that a scrape or its Prometheus gives to every series."""
    return next(each.labels for each in families() if each.name == "prometheus")


def family(name: str) -> Family | None:
    """Return the family that has or claims a name on the wire, or None: nobody here knows it."""
    having = (each for each in families() if each.plain(name) in each.wire)
    return next(having, None) or next((each for each in families() if each.claims(name)), None)


def _read(path: Path) -> Family:
    body: Any = yamlio.read(path)
    common = frozenset(body.get("labels") or ())
    metrics = {name: _known(name, each or {}, common) for name, each in (body.get("metrics") or {}).items()}
    wire = {series: metric for metric in metrics.values() for series in metric.series()}
    versions, renamed = tuple(map(str, body.get("versions") or ())), tuple(body.get("renamed") or ())
    prefix, listed = body.get("prefix") or "", body.get("listed") or ""
    gone = dict(body.get("gone") or {})
    return Family(path.stem, body["source"], prefix, metrics, renamed, versions, common, listed, gone, wire)


def _known(name: str, body: Mapping[str, Any], common: Iterable[str]) -> Known:
    labels = frozenset({*body["labels"], *common}) if "labels" in body else None
    return Known(name, body.get("type") or "", body.get("unit") or "", labels, tuple(map(str, body.get("in") or ())))
