"""Figures that the stories measure on the way, printed at the end and written to docs/e2e.md."""

import platform
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.core.clock import stamp, utc_now
from leanrag.core.files import write_atomic

COUNT = "times"
HEAD = """# Figures of the end-to-end stories

`make e2e` writes this page from what it measured on the bench: a real Kubernetes and a real Argo CD on one machine.
The stories are in `validation/tests/e2e/`.

"""


@dataclass(slots=True)
class Figures:
    """Seconds (or other units) by name; several values of one name are told as median and range."""

    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    goals: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str = "s", goal: str = "") -> None:
        """Keep one measurement."""
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit
        self.goals[name] = goal

    def rows(self) -> list[str]:
        """Return one Markdown row a figure."""
        return [f"| {name} | {self._told(name)} | {self.goals[name] or '–'} |" for name in self.values]

    def _told(self, name: str) -> str:
        values, unit = self.values[name], self.units[name]
        if unit == COUNT:
            return f"{sum(values):.0f}"
        told = f"{statistics.median(values):.1f} {unit}"
        return told if len(values) == 1 else f"{told} ({min(values):.1f} to {max(values):.1f}, n = {len(values)})"

    def write(self, path: Path, stories: Mapping[str, float]) -> None:
        """Write the page: the figures, and how long each story took."""
        lines = [
            HEAD + f"Run at {stamp(utc_now())} on {platform.machine()}.",
            "",
            "| figure | seen | goal |",
            "| --- | --- | --- |",
            *self.rows(),
            "",
            "| story | seconds |",
            "| --- | --- |",
            *(f"| {name} | {seconds:.0f} |" for name, seconds in stories.items()),
        ]
        write_atomic(path, "\n".join(lines) + "\n")
