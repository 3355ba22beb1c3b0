"""What models made of their GPUs, as the page and the terminal show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.report import words
from leanrag.size.economy import read


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one model, and what they rest on."""

    model: str
    lines: tuple[str, ...]
    assumptions: tuple[str, ...]

    @property
    def told(self) -> Iterator[str]:
        """The lines of a terminal."""
        yield from (f"{self.model}: {line}" for line in self.lines)
        yield from (f"– assumed: {each}" for each in self.assumptions)


def economy_rows(document: Mapping[str, Any]) -> tuple[Row, ...]:
    """Return a row for each model whose GPUs are known; others, and verdicts of before, have none."""
    load = (step["facts"] for step in document["steps"] if step["name"] == "load")
    return tuple(_row(model, entry) for facts in load for model, entry in facts.get("economy", {}).items())


def _row(model: str, entry: Mapping[str, Any]) -> Row:
    one = read(entry)
    return Row(words.clean(model), tuple(map(words.clean, one.words())), tuple(map(words.clean, one.assumptions)))
