"""What was found, kept in the cache: the page can be written anew, and a part run alone."""

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from leanrag.core.files import cache_dir, write_atomic


def folder() -> Path:
    """Return where this benchmark keeps what it found and what it works with."""
    return cache_dir() / "observe-bench"


def keep(part: str, found: Any) -> None:
    """Keep what a part found: a mapping, or a sequence of dataclasses."""
    told = [asdict(each) for each in found] if isinstance(found, tuple) and _records(found) else found
    write_atomic(folder() / f"{part}.json", json.dumps(told, indent=1) + "\n")


def kept(part: str) -> Any:
    """Return what a part found last, or None when it has not been run."""
    path = folder() / f"{part}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def _records(found: tuple[Any, ...]) -> bool:
    return all(is_dataclass(each) for each in found)
