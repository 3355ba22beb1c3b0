"""A component's environment as a layer: moved to its place in the image, without what no pod needs, compiled."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from leanrag.bench.images.layer import Entry, file, link, text, tree
from leanrag.bench.images.userland import PREFIX, compile_all, copy_linked, interpreter
from leanrag.local.environments import environment

_SCRAP = ("__pycache__", "/.lock", "/.gitignore", "/CACHEDIR.TAG")


def environment_entries(name: str, place: str, left_out: Iterable[str], scratch: Path) -> Iterator[Entry]:
    """Yield an environment as it stands at `place` in the image; `left_out` are patterns below its site-packages."""
    venv, minor = environment(name), interpreter().minor
    site = f"/lib/python{minor}/site-packages"
    dropped = (*_SCRAP, "/.leanrag-stamp", "/pyvenv.cfg", *(f"{site}/{pattern}" for pattern in left_out))
    copy_linked(venv, scratch, (*dropped, "/bin"))
    compile_all(scratch / "lib", f"{place}/lib")
    yield from tree(place, scratch)
    yield from environment_head(place)
    yield from _programs(venv, place)


def environment_head(place: str) -> tuple[Entry, ...]:
    """Return what makes a folder an environment of the image's interpreter."""
    minor = interpreter().minor
    settings = f"home = {PREFIX}/bin\ninclude-system-site-packages = false\nversion = {interpreter().version}\n"
    names = ("python", "python3", f"python{minor}")
    links = (link(f"{place}/bin/{name}", f"{PREFIX}/bin/python{minor}") for name in names)
    return (text(f"{place}/pyvenv.cfg", settings), *links)


def _programs(venv: Path, place: str) -> Iterator[Entry]:
    """Yield the programs of an environment; scripts name their interpreter by its place in the image."""
    for path in sorted((venv / "bin").iterdir()):
        if path.is_symlink() or re.match(r"activate|pydoc|python", path.name):
            continue
        head = path.read_bytes()[:2]
        if head == b"#!":
            moved = path.read_text().replace(str(venv), place)
            yield text(f"{place}/bin/{path.name}", moved, executable=os.access(path, os.X_OK))
        else:
            yield file(f"{place}/bin/{path.name}", path)


def environment_key(name: str) -> str:
    """Return what an environment is made from, in a word: the stamp of its locks, and the interpreter."""
    stamp = (environment(name) / ".leanrag-stamp").read_text()
    return f"{stamp[:12]}-{interpreter().identity[:8]}"
