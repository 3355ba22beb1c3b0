"""Which files are meant by the paths that a user names, and what is in them."""

from collections.abc import Iterable
from pathlib import Path

from leanrag.core.errors import InputError

_SUFFIXES = (".yaml", ".yml", ".json")


def expanded(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return manifest files; of a folder all below it, none twice. A path that is not there is an InputError."""
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES)))
        elif path.exists():
            found[path] = None
        else:
            raise InputError(f"{path}: no such file or folder", hint="name manifest files, or folders of them")
    if not found:
        raise InputError("no .yaml, .yml or .json file among the paths given", hint="name files with manifests")
    return tuple(found)


def read_all(paths: Iterable[Path]) -> dict[Path, bytes | str]:
    """Return the content of each file, or in words why it cannot be read."""
    return {path: _read(path) for path in paths}


def _read(path: Path) -> bytes | str:
    try:
        # Opening a pipe would wait for its writer.
        return path.read_bytes() if path.is_file() else "is no file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
