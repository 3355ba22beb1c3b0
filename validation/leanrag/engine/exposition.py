"""The text that /metrics answers: Prometheus' text format 0.0.4, and what OpenMetrics 1.0 adds to it.

Strict as Prometheus is: one line that cannot be read refuses the whole answer, for half of it would look like all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from leanrag.core.errors import InputError

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
# name{labels} value [timestamp] [# exemplar]
_SAMPLE = re.compile(
    rf"({_NAME})\s*(?:\{{((?:[^\"}}]|{_QUOTED})*)\}})?\s*(?<=[\s}}])([^\s#_]+)(?:\s+-?[0-9][0-9.eE+-]*)?(?:\s+#\s.*)?\s*"
)
_LABEL = re.compile(rf"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*({_QUOTED})\s*(?:,|$)")
_TYPE = re.compile(rf"#\s*TYPE\s+({_NAME})\s+(\w+)\s*")
_ESCAPE = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "\\": "\\", '"': '"'}


class Series(NamedTuple):
    """One line's identity: the name on the wire, and its labels sorted by name."""

    name: str
    labels: tuple[tuple[str, str], ...] = ()

    def has(self, labels: Mapping[str, str]) -> bool:
        """Say whether it carries all of these labels."""
        return not labels or labels.items() <= dict(self.labels).items()

    def label(self, name: str) -> str:
        """Return a label's value, "" where it has none."""
        return dict(self.labels).get(name, "")

    def __str__(self) -> str:
        if not self.labels:
            return self.name
        pairs = (f'{key}="{_escaped(value)}"' for key, value in self.labels)
        return f"{self.name}{{{','.join(pairs)}}}"


@dataclass(frozen=True, slots=True)
class Families:
    """One answer: the types as told, by family name, and every sample. Timestamps and exemplars are dropped."""

    types: Mapping[str, str]
    samples: Mapping[Series, float]


def series(name: str, **labels: str) -> Series:
    """Return a series by name and labels."""
    return Series(name, tuple(sorted(labels.items())))


def parse(text: str) -> Families:
    """Return an answer's content; InputError names the first line that is none, or says a thing twice."""
    types: dict[str, str] = {}
    samples: dict[Series, float] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("#"):
            types.update(_type(line))
        elif line.strip():
            key, value = _sample(line, number)
            if key in samples:
                raise InputError(f"line {number}: {key} is there twice", hint="scrape the engine, not an aggregate")
            samples[key] = value
    if not samples:
        raise InputError("the answer holds no metric", hint="is this the address of /metrics?")
    return Families(types, samples)


def _type(line: str) -> Iterator[tuple[str, str]]:
    if found := _TYPE.fullmatch(line):
        yield found[1], found[2]


def _sample(line: str, number: int) -> tuple[Series, float]:
    found = _SAMPLE.fullmatch(line)
    try:
        if found:
            return Series(found[1], tuple(sorted(_labels(found[2] or "")))), float(found[3])
    except ValueError:
        pass
    raise InputError(f"line {number} is no metric: {line[:80]!r}", hint="is this the address of /metrics?")


def _labels(text: str) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _LABEL.match(text, position)
        if not found:
            raise ValueError(text)
        yield found[1], _ESCAPE.sub(lambda each: _MEANT.get(each[1], each[0]), found[2][1:-1])
        position = found.end()


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
