"""A layer as a tar archive whose bytes depend on its content alone: no times, owners or order of this machine."""

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

# Parent folders that must be more open than 0755: the pod's user has no fixed number.
_OPEN = {"tmp": 0o1777, "home/leanrag": 0o777}


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or link of an image: its path there without a leading slash, and what it is made of."""

    path: str
    source: Path | None = None
    data: bytes | None = None
    link: str = ""
    executable: bool = False


def file(path: str, source: Path) -> Entry:
    """Return an entry with the content of a file here, executable when that is."""
    return Entry(path.lstrip("/"), source=source, executable=os.access(source, os.X_OK))


def text(path: str, content: str, executable: bool = False) -> Entry:
    """Return an entry with this text."""
    return Entry(path.lstrip("/"), data=content.encode(), executable=executable)


def link(path: str, target: str) -> Entry:
    """Return a symbolic link."""
    return Entry(path.lstrip("/"), link=target)


def folder(path: str) -> Entry:
    """Return an empty folder."""
    return Entry(path.strip("/") + "/")


def tree(target: str, root: Path, left_out: Iterable[str] = ()) -> Iterator[Entry]:
    """Yield the files and links below a folder; `left_out` are patterns as PurePath.match reads them, `/` its top."""
    patterns = tuple(left_out)
    for here, folders, names in os.walk(root):
        base = Path(here)
        folders[:] = sorted(each for each in folders if not _matches(base / each, root, patterns))
        linked = [each for each in folders if (base / each).is_symlink()]
        folders[:] = [each for each in folders if each not in linked]
        for name in sorted([*names, *linked]):
            path = base / name
            if _matches(path, root, patterns):
                continue
            place = f"{target.strip('/')}/{path.relative_to(root).as_posix()}"
            yield link(place, str(path.readlink())) if path.is_symlink() else file(place, path)


def _matches(path: Path, root: Path, patterns: tuple[str, ...]) -> bool:
    relative = PurePosixPath("/") / path.relative_to(root)
    return any(relative.match(pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes of an image in the store, by their digest (sha256:…)."""

    digest: str
    size: int


class _Hashed(io.BytesIO):
    """A stream that counts and hashes what passes."""

    def __init__(self, target: IO[bytes]) -> None:
        super().__init__()
        self.target, self.digest, self.size = target, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        """Hand on, and take note."""
        self.digest.update(data)
        self.size += len(data)
        return self.target.write(data)


def write_layer(entries: Iterable[Entry], target: IO[bytes]) -> Blob:
    """Write a layer and return what it is; of two entries with one path the last one counts."""
    wanted = {entry.path: entry for entry in entries}
    hashed = _Hashed(target)
    made: set[str] = set()
    with tarfile.open(fileobj=hashed, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(wanted):
            for parent in reversed(PurePosixPath(path.rstrip("/")).parents[:-1]):
                _folder(archive, str(parent), made)
            _add(archive, wanted[path], made)
    return Blob(f"sha256:{hashed.digest.hexdigest()}", hashed.size)


def _folder(archive: tarfile.TarFile, path: str, made: set[str]) -> None:
    if path not in made:
        made.add(path)
        member = tarfile.TarInfo(path)
        member.type, member.mode = tarfile.DIRTYPE, _OPEN.get(path, 0o755)
        archive.addfile(member)


def _add(archive: tarfile.TarFile, entry: Entry, made: set[str]) -> None:
    if entry.path.endswith("/"):
        _folder(archive, entry.path.rstrip("/"), made)
        return
    member = tarfile.TarInfo(entry.path)
    if entry.link:
        member.type, member.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(member)
        return
    member.mode = 0o755 if entry.executable else 0o644
    if entry.source is None:
        content = entry.data or b""
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
        return
    with entry.source.open("rb") as stream:
        member.size = os.fstat(stream.fileno())[stat.ST_SIZE]
        archive.addfile(member, stream)
