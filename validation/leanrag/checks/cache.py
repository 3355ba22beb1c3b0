"""Results that can be made again, kept below the cache folder: whole or absent, never half, and never too many.

An entry that cannot be read, or is not what was written, counts as absent. What cannot be written is not kept.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from leanrag.checks.finding import Finding
from leanrag.core.files import cache_dir

MAX_FILES = 64
MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 200_000
_HASH = 32  # hexadecimal digits before each entry


def digest_of(*parts: str | bytes) -> str:
    """Return a hash of texts, each with its length, so that no two lists of parts read alike."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


class Store:
    """JSON values by name in one folder, which several processes may use at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> "Store":
        """Return the store below the cache folder."""
        return cls(cache_dir() / "check")

    def read(self, name: str) -> Any:
        """Return what was written under a name, or None."""
        try:
            path = self.folder / f"{name}.json"
            text = path.read_bytes()
            found, body = text[:_HASH].decode(), text[_HASH:]
            value = json.loads(body) if found == digest_of(body) else None
        except (OSError, ValueError, RecursionError):
            return None
        with contextlib.suppress(OSError):  # what is used stays, where that can be noted
            os.utime(path)
        return value

    def write(self, name: str, value: Any) -> None:
        """Keep a value; the oldest ones go when there are too many."""
        body = json.dumps(value, separators=(",", ":")).encode()
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._write(self.folder / f"{name}.json", digest_of(body).encode() + body)
            self._prune()

    def _write(self, path: Path, data: bytes) -> None:
        # Not core.files.write_atomic: the hash finds what a crash left behind, so there is no wait for the disk.
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _prune(self) -> None:
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):  # another process may have removed it
                    found.append((entry.stat().st_mtime, entry.stat().st_size, entry.path))
        size = 0
        for count, (_, bytes_, path) in enumerate(sorted(found, reverse=True)):
            size += bytes_
            if count and (count >= MAX_FILES or size > MAX_BYTES):
                with contextlib.suppress(OSError):
                    Path(path).unlink()


class Pack:
    """Many small values in one file of a store; what was not used for longest goes first."""

    def __init__(self, store: Store | None, name: str) -> None:
        self._store, self._name = store, name
        self._kept = self._read()
        self._used: dict[str, Any] = {}
        self._fresh = False

    def _read(self) -> dict[str, Any]:
        kept = self._store.read(self._name) if self._store else None
        return kept if isinstance(kept, dict) else {}

    def get(self, key: str) -> Any:
        """Return a value, or None."""
        value = self._used.get(key)
        if value is None and (value := self._kept.get(key)) is not None:
            self._used[key] = value
        return value

    def put(self, key: str, value: Any) -> None:
        """Note a value."""
        self._used[key] = value
        self._fresh = True

    def save(self) -> None:
        """Write what is new, beside what another process may have written meanwhile."""
        if self._store is None or not self._fresh:
            return
        older = {**self._kept, **self._read()}
        merged = {**{key: value for key, value in older.items() if key not in self._used}, **self._used}
        self._store.write(self._name, dict(list(merged.items())[-MAX_ENTRIES:]))
        self._fresh = False


def row(finding: Finding) -> list[Any]:
    """Return a finding as JSON holds it."""
    return [getattr(finding, name) for name in Finding.__slots__]


def from_row(kept: list[Any]) -> Finding:
    """Return the finding that `row` made a list of."""
    return Finding(*kept)
