"""What a result follows from, as hashes: the files of a repository, this program, and what it finds around it.

No file is trusted by its time: reading a repository costs milliseconds, and a time can lie. Nothing heavy is imported
here, because the answer of an unchanged repository needs no more than this.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from shutil import which

import leanrag
from leanrag.checks.cache import digest_of
from leanrag.core.files import cache_dir

# Everything that a check reads of a repository lies below these (test_cache_key.py watches every file it opens).
TOPS = ("apps", "bootstrap", "charts", "clusters", "overlays")
_PACKAGE = Path(str(leanrag.__file__)).parent
# Variables that name programs and schemas.
_VARIABLES = ("LEANRAG_BIN", "LEANRAG_SCHEMAS", "LEANRAG_TOOLS")
_PROGRAMS = ("helm", "render")


def listing(root: Path, tops: Iterable[str] = TOPS, hashed: Callable[[bytes], str] = digest_of) -> dict[str, str]:
    """Return the hash of every file below some folders of a repository, by path; links are followed once."""
    paths = (path for top in tops for path in sorted(_walk(str(root), top, frozenset())))
    return {path: _content(root / path, hashed) for path in paths}


def _walk(root: str, folder: str, above: frozenset[str]) -> Iterator[str]:
    real = os.path.realpath(f"{root}/{folder}")
    if real in above:
        return
    try:
        entries = list(os.scandir(f"{root}/{folder}"))
    except OSError:
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _walk(root, path, above | {real})
        else:
            yield path


def _content(path: Path, hashed: Callable[[bytes], str] = digest_of) -> str:
    """Return a hash of a file; of one that cannot be read, why not."""
    try:
        # Opening a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            return "no file"
        return hashed(path.read_bytes())
    except OSError as error:
        return f"unreadable: {error.errno}"


@cache
def rule_set() -> str:
    """Return a hash of this program: its modules and data, Python, and the libraries beside it."""
    return program()


def program() -> str:
    """Return the same hash as it is now: sources may change while a run imports them."""
    # No hidden folder: tools keep their own caches there.
    files = sorted(path for path in _walk(str(_PACKAGE), ".", frozenset()) if "/." not in path[1:])
    sources = (part for path in files for part in (path, _content(_PACKAGE / path)))
    return digest_of(sys.version, *_libraries(), *sources)


def _libraries() -> list[str]:
    """Return the names and versions of installed packages: of each there is a folder `name-version.dist-info`."""
    found: set[str] = set()
    for place in sys.path:
        try:
            with os.scandir(place or ".") as entries:
                found |= {each.name for each in entries if each.name.endswith((".dist-info", ".egg-info"))}
        except OSError:
            continue
    return sorted(found)


def surroundings() -> str:
    """Return a hash of what lies outside program and repository: programs, compiled schemas, lists of engines."""
    variables = [f"{name}={os.environ.get(name, '')}" for name in _VARIABLES]
    brought = os.environ.get("LEANRAG_SCHEMAS")
    schemas = [
        path for place in (brought, cache_dir() / "schemas") if place for path in Path(place).glob("*/*/index.json")
    ]
    folders = [cache_dir() / "engines", *([Path(brought) / "engines"] if brought else [])]
    lists = [path for folder in folders for path in folder.glob("[!.]*")]
    return digest_of(*variables, *_programs(), *(_seen(path) for path in sorted({*schemas, *lists})))


def _programs() -> Iterator[str]:
    """Yield what tells one helm from another: the program that would be called, and the pins that build one."""
    tools = os.environ.get("LEANRAG_TOOLS") or _PACKAGE.parents[1] / "bootstrap" / "tools"
    for name in _PROGRAMS:
        given = os.environ.get("LEANRAG_BIN")
        for found in (which(name), str(Path(given) / name) if given else None):
            yield _seen(Path(found)) if found else f"no {name}"
        for path, content in sorted(listing(Path(tools), (name,)).items()):
            yield from (path, content)


def _seen(path: Path) -> str:
    """Return what tells a large file that nobody edits from another: its place, size, time and number."""
    try:
        found = path.stat()
    except OSError:
        return f"{path}: absent"
    return f"{path}: {found.st_size} {found.st_mtime_ns} {found.st_ino}"


def of_files(files: Mapping[str, str]) -> str:
    """Return one hash for a listing."""
    return digest_of(*(part for path in sorted(files) for part in (path, files[path])))
