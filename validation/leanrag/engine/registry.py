"""The metrics that exist, by family: what a query may ask for, under which names on the wire, with which labels.

A family is one file in families/. Its keys: `source` (who says so), `prefix` (every name that begins so is of this
family, so one that is not listed does not exist; empty: nobody's alone), `also` (more such prefixes), `renamed`
(prefixes under which others expose the same), `labels` (of every metric), `versions` (in order), `listed` (key of the
rendered ConfigMaps that choose which of its metrics are exposed), `gone` (earlier names and what they are now),
`metrics`: by name `type` (counter, gauge, histogram, summary or info; absent: not known), `unit`, `labels` (absent: not
known; `[]`: none beyond the family's), `in` (versions; absent: every one), `at` (which of `served`; absent: all of
them) and `now` (what its help says to use instead).

`client` says how names are written on the wire: `python` (prometheus_client, the default), `go` (as they are declared)
or `otel`. `served` tells where, by component. `standin` is the family that a program imitates: queries are for the real
one, so they are not held to it. `read` and `units` say what `metrics` is made of (origin.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.core import yamlio

FOLDER = Path(__file__).with_name("families")
# A histogram is exposed as three series (Prometheus' and OpenMetrics' text formats). prometheus_client for Python puts
# _total behind every counter and tells when a series began; the client for Go writes each name as it is declared
# (client_golang 1.23.2, promhttp without OpenMetrics), and OpenTelemetry's exporter tells no beginnings.
_OTEL: Mapping[str, tuple[str, ...]] = {
    "gauge": ("",),
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("", "_sum", "_count"),
    "info": ("_info",),
    "": ("", "_total", "_bucket", "_sum", "_count"),
}
_CREATED = {"counter", "histogram", "summary", ""}
_WIRE: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "python": {kind: (*ends, *["_created"] * (kind in _CREATED)) for kind, ends in _OTEL.items()},
    "go": {**_OTEL, "counter": ("",), "info": ("",), "": ("", "_bucket", "_sum", "_count")},
    "otel": _OTEL,
}
_OWN: Mapping[str, tuple[str, ...]] = {"_bucket": ("le",)}


@dataclass(frozen=True, slots=True)
class Known:
    """One metric as declared; `labels` None: not known, `versions` and `at` empty: every one of its family."""

    name: str
    type: str
    unit: str
    labels: frozenset[str] | None
    versions: tuple[str, ...] = ()
    client: str = "python"
    at: tuple[str, ...] = ()
    now: str = ""

    def series(self) -> tuple[str, ...]:
        """Return the names under which it is on the wire."""
        suffixes = _WIRE[self.client][self.type]
        base = self.name.removesuffix("_total") if suffixes[0] == "_total" else self.name
        return tuple(f"{base}{suffix}" for suffix in suffixes)

    def labels_of(self, series: str) -> frozenset[str] | None:
        """Return the labels of one of its series."""
        own = next((each for suffix, each in _OWN.items() if series.endswith(suffix)), ())
        summed = ("quantile",) if self.type == "summary" and series == self.name else ()
        return None if self.labels is None else self.labels | {*own, *summed}

    def meant(self, version: str) -> bool:
        """Say whether a version of its family has it; what version a family has is not always known ("")."""
        return not version or not self.versions or version in self.versions


@dataclass(frozen=True, slots=True)
class Served:
    """Where a component's metrics are asked for: the port's number and name, path, and the Service that leads there.

    A name or a Service is "" where no source gives one. `source` says who says so, and `note` what someone who gets no
    answer should know.
    """

    number: int
    port: str = ""
    path: str = "/metrics"
    service: str = ""
    scheme: str = "http"
    source: str = ""
    note: str = ""


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
    served: Mapping[str, Served] = field(default_factory=dict)
    standin: str = ""
    also: tuple[str, ...] = ()

    def claims(self, name: str) -> bool:
        """Say whether a name is of this family, so that it has to be listed."""
        return bool(self.prefix) and name.startswith((self.prefix, *self.renamed, *self.also))

    def plain(self, name: str) -> str:
        """Return a name without what others put in front of it."""
        other = next((each for each in self.renamed if name.startswith(each)), None)
        return self.prefix + name.removeprefix(other) if other else name


@cache
def everything() -> tuple[Family, ...]:
    """Return every family and stand-in, by file name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.yaml")))


@cache
def families() -> tuple[Family, ...]:
    """Return every family that a query may ask for, by file name."""
    return tuple(each for each in everything() if not each.standin)


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
    client = body.get("client") or "python"
    metrics = {name: _known(name, each or {}, common, client) for name, each in (body.get("metrics") or {}).items()}
    wire = {series: metric for metric in metrics.values() for series in metric.series()}
    versions, renamed = tuple(map(str, body.get("versions") or ())), tuple(body.get("renamed") or ())
    prefix, listed = body.get("prefix") or "", body.get("listed") or ""
    served = {name: Served(**each) for name, each in (body.get("served") or {}).items()}
    gone, standin, also = dict(body.get("gone") or {}), body.get("standin") or "", tuple(body.get("also") or ())
    source, name = body["source"], path.stem
    return Family(name, source, prefix, metrics, renamed, versions, common, listed, gone, wire, served, standin, also)


def _known(name: str, body: Mapping[str, Any], common: Iterable[str], client: str) -> Known:
    labels = frozenset({*body["labels"], *common}) if "labels" in body else None
    versions, at = tuple(map(str, body.get("in") or ())), tuple(body.get("at") or ())
    return Known(
        name, body.get("type") or "", body.get("unit") or "", labels, versions, client, at, body.get("now") or ""
    )
