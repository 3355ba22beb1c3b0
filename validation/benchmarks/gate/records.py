"""What was measured, one JSON line each, kept in the cache: a run that was stopped goes on where it ended."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.core.files import cache_dir


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one part. Those of another plan (other settings) are kept and not counted."""

    path: Path

    @classmethod
    def of(cls, part: str, small: bool) -> "Records":
        """Return the records of a part; those of small runs are kept apart."""
        return cls(cache_dir() / "gate-bench" / ("small" if small else "whole") / f"{part}.jsonl")

    def read(self, plan: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the records of this plan in the order they were taken."""
        lines = self.path.read_text().splitlines() if self.path.is_file() else []
        wanted = json.loads(json.dumps(plan))
        return [record for record in map(json.loads, lines) if record["plan"] == wanted]

    def add(self, plan: Mapping[str, Any], **record: Any) -> None:
        """Keep one more record, on the disk before the next is taken."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps({"plan": plan, **record}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def forget(self) -> None:
        """Begin anew."""
        self.path.unlink(missing_ok=True)
