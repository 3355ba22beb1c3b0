"""Files: the cache folder, reading with clear errors, and writing whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

from leanrag.core.errors import InputError


def cache_dir() -> Path:
    """Return the folder for everything that can be made again: LEANRAG_CACHE or ~/.cache/leanrag."""
    return Path(os.environ.get("LEANRAG_CACHE") or Path.home() / ".cache" / "leanrag")


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text; a missing or unreadable one is an InputError that names it."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file", hint="check the path, or create the file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})", hint="save it as UTF-8") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}", hint="check its permissions") from None


def write_atomic(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all: a full disk or a signal leaves what was there before."""
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        if isinstance(error, OSError):
            raise InputError(
                f"{path}: cannot be written: {error.strerror}", hint="free space or name another path"
            ) from None
        raise
