"""What was rendered, kept by the content of all that it was rendered from."""

import contextlib
import hashlib
import json
import os
import tempfile
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leanrag.core.files import cache_dir

_LIMIT = 512 * 1024 * 1024  # bytes of the whole folder
_OFTEN = 64 * 1024 * 1024  # bytes that we write before the folder is looked through again
_DAY = 86400
# A file that was changed this short a time ago could change again with the same size and time.
_SETTLED = 2 * 10**9  # nanoseconds
_known: dict[str, tuple[tuple[int, int, int], bytes]] = {}
_written = 0


def digest(path: Path) -> bytes:
    """Return the hash of a file's content; one with the time and the size that it had before is not read again."""
    found = path.stat()
    stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
    known = _known.get(str(path))
    if known and known[0] == stamp:
        return known[1]
    content = hashlib.blake2b(path.read_bytes(), digest_size=16).digest()
    if time.time_ns() - found.st_mtime_ns > _SETTLED:
        _known[str(path)] = (stamp, content)
    return content


def digest_all(paths: Iterable[Path], root: Path) -> str:
    """Return one hash for files, with their names below `root`."""
    whole = hashlib.blake2b(digest_size=16)
    for path in paths:
        whole.update(str(path.relative_to(root)).encode() + b"\0" + digest(path))
    return whole.hexdigest()


def key(*parts: str) -> str:
    """Return the name under which what follows from these parts is kept."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=20).hexdigest()


def load(name: str) -> Any:
    """Return what is kept under a name, or None; what cannot be read is as good as nothing."""
    try:
        with (_folder() / f"{name}.z").open("rb") as stream:
            if time.time() - os.fstat(stream.fileno()).st_mtime > _DAY:
                os.utime(stream.fileno())  # what is used stays
            return json.loads(zlib.decompress(stream.read()))
    except (OSError, zlib.error, ValueError):
        return None


def keep(name: str, content: bytes) -> None:
    """Keep a JSON text. Several processes may: a file appears whole. A disk that is full costs only the next reader."""
    global _written
    data = zlib.compress(content, 1)
    with contextlib.suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=_folder(), prefix=".new-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(_folder() / f"{name}.z")
        first, _written = _written == 0, _written + len(data)
        if _written > _OFTEN or (first and _overdue()):
            _written = 1
            prune(_folder(), _LIMIT)


def prune(folder: Path, limit: int) -> None:
    """Delete what was not used for longest, until a folder holds at most four fifths of `limit` bytes."""
    files = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            found = entry.stat()
            files.append((found.st_mtime, found.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= limit:
        return
    for _, size, path in sorted(files):
        if total <= limit * 0.8:
            return
        with contextlib.suppress(OSError):
            Path(path).unlink()
        total -= size


def _overdue() -> bool:
    """Say whether a day has passed since somebody looked through the folder, and note that we do."""
    marker = _folder() / ".looked-through"
    with contextlib.suppress(OSError):
        if time.time() - marker.stat().st_mtime < _DAY:
            return False
    marker.touch()
    return True


def _folder() -> Path:
    return cache_dir() / "render"
