"""What the drill has seen so far, kept as it goes: an interrupted run loses nothing, and one row can be played again.

The page is written from here. It says between which moments, and at which commits, its rows were seen.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from leanrag.core.clock import stamp, utc_now
from leanrag.core.files import write_atomic

from .fault import Row


@dataclass(slots=True)
class Kept:
    """Rows by id, and the lines of the counter-proof by name, each with its moment and commit."""

    path: Path
    commit: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, commit: str) -> "Kept":
        """Read what earlier runs left."""
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return cls(path, commit, found.get("rows", {}), found.get("lines", {}))

    def row(self, row: Row) -> None:
        """Keep a row, in place of an earlier one of the same fault."""
        self.rows[row.id] = asdict(row) | self._when()
        self._save()

    def line(self, name: str, told: Sequence[str]) -> None:
        """Keep lines of the counter-proof."""
        self.lines[name] = {"told": list(told)} | self._when()
        self._save()

    def seen(self, ids: Sequence[str]) -> tuple[Row, ...] | None:
        """Return the rows of these faults; None while one of them has not been played."""
        if not set(ids) <= set(self.rows):
            return None
        found = (self.rows[each] for each in ids)
        return tuple(Row(**{name: _tuple(one[name]) for name in Row.__dataclass_fields__}) for one in found)

    def told(self) -> tuple[str, ...]:
        """Return the lines of the counter-proof."""
        return tuple(line for one in self.lines.values() for line in one["told"])

    def span(self, ids: Sequence[str]) -> str:
        """Say when and at which commits these rows and all lines were seen."""
        all_of_it = [*(self.rows[each] for each in ids), *self.lines.values()]
        times, commits = ({one[name] for one in all_of_it} for name in ("at", "commit"))
        return f"Run from {min(times)} to {max(times)}, at {', '.join(sorted(commits))}."

    def _when(self) -> dict[str, str]:
        return {"at": stamp(utc_now()), "commit": self.commit}

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path, json.dumps({"rows": self.rows, "lines": self.lines}, indent=1))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
