"""Metrics out of documents that programs' own sources bring: tables in Markdown, and a recorded answer of /metrics."""

import re
from collections.abc import Iterator

from leanrag.engine.declared import Declared, unit_of
from leanrag.engine.exposition import parse

_CELLS = re.compile(r"(?<!\\)\|")
_NAME, _TYPE, _UNIT, _LABELS = 1, 2, 4, 5  # the columns of kube-state-metrics' tables
_LABEL = re.compile(r"`\s*(\w+)`?\s*=")
_HEAD = re.compile(r"^### (\S+)$")
_SIGNAL = re.compile(r"\| (\S+) \| (Sum|Gauge|Histogram) \| \w+ \|(?: (true|false) \|)?")
_UNITS = {"By": "bytes", "s": "seconds", "ms": "milliseconds", "1": ""}
_OWN = {"le", "quantile"}
_SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


def state_metrics(text: str) -> Iterator[Declared]:
    """Yield the rows of a page of kube-state-metrics' docs/metrics; what users choose as labels is not known."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in _CELLS.split(line)]
        name = cells[_NAME].strip("`") if len(cells) > _LABELS else ""
        if name.startswith("kube_"):
            labels = tuple(dict.fromkeys(_LABEL.findall(cells[_LABELS])))
            chosen = name.endswith(("_labels", "_annotations")) or any(label != label.lower() for label in labels)
            kind = "counter" if cells[_TYPE].lower() == "counter" else "gauge"  # a state set is gauges on the wire
            unit = "seconds" if cells[_UNIT] == "seconds" else unit_of(name)
            yield Declared(name, kind, unit, None if chosen or not labels else labels)


def collector_telemetry(text: str) -> Iterator[Declared]:
    """Yield the metrics of a documentation.md that the Collector's mdatagen wrote; it tells no labels."""
    name = ""
    for line in text.splitlines():
        if found := _HEAD.match(line):
            name = found[1].replace(".", "_")
        elif name and (found := _SIGNAL.match(line)):
            kind = found[2].lower() if found[2] != "Sum" else "counter" if found[3] == "true" else "gauge"
            yield Declared(name, kind, _unit(found[1]), None)
            name = ""


def _unit(code: str) -> str:
    word = code.strip("{}")
    return _UNITS.get(code, f"{word}es" if word.endswith("ch") else f"{word}s")


def recorded(text: str) -> Iterator[Declared]:
    """Yield the metrics of a recorded answer of /metrics; labels are those seen, None where no series was."""
    answer = parse(text)
    for name, kind in answer.types.items():
        ends = tuple(name + suffix for suffix in _SUFFIXES.get(kind, ("",)))
        seen = [series for series in answer.samples if series.name in ends]
        labels = {key for series in seen for key, _ in series.labels} - _OWN
        known = tuple(sorted(labels)) if seen else None
        yield Declared(name, "" if kind in ("untyped", "unknown") else kind, unit_of(name), known)
