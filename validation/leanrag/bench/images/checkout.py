"""leanrag itself as layers: small and last, so that a changed line packs nothing else anew."""

import hashlib
import re
import shutil
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from leanrag.bench.images.layer import Entry, file, text, tree
from leanrag.bench.images.userland import compile_all, interpreter
from leanrag.checks.schemas import schemas
from leanrag.core.errors import InputError
from leanrag.engine.lists import list_file
from leanrag.engine.wheels import FOLDER, pins
from leanrag.render.tools import tools_dir

HOME = "/opt/leanrag"
TOOLS = f"{HOME}/tools"
SCHEMAS = f"{HOME}/schemas"
# What `python -m leanrag.rag.standin` imports of the package.
_STANDIN = (
    "__init__.py",
    "core/__init__.py",
    "core/errors.py",
    "core/progress.py",
    "rag/__init__.py",
    "rag/standin/*",
)
_DATA = {".py", ".json", ".yaml", ".j2", ".css", ".md", ".typed"}  # as package-data in pyproject.toml


def package_folder() -> Path:
    """Return the folder of the package leanrag that is running, which is what the images get."""
    return Path(__file__).resolve().parents[2]


def sources(patterns: Iterable[str] = ("**/*",)) -> tuple[Path, ...]:
    """Return the package's files, in order."""
    root = package_folder()
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file() and path.suffix in _DATA}
    return tuple(sorted(path for path in found if "__pycache__" not in path.parts))


def sources_key(files: Iterable[Path]) -> str:
    """Return a word for the content of files of the package, and the interpreter that compiles them."""
    digest = hashlib.sha256(interpreter().identity.encode())
    for path in files:
        digest.update(f"{path.relative_to(package_folder())}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def standin_sources() -> tuple[Path, ...]:
    """Return what the embedder needs of the package, so that no other change starts it anew."""
    return sources(_STANDIN)


def package_entries(files: Iterable[Path], place: str, scratch: Path) -> Iterator[Entry]:
    """Yield these files of the package, compiled, in the environment at `place`."""
    site = f"{place}/lib/python{interpreter().minor}/site-packages/leanrag"
    for path in files:
        target = scratch / path.relative_to(package_folder())
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    compile_all(scratch, site)
    yield from tree(site, scratch)


def program_entries(_scratch: Path) -> Iterator[Entry]:
    """Yield the program `leanrag`, its metadata, and the pins by which the check finds its schemas."""
    project = tomllib.loads(_project().read_text())["project"]
    site = f"{HOME}/lib/python{interpreter().minor}/site-packages"
    info = f"{site}/leanrag-{project['version']}.dist-info"
    yield text(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: leanrag\nVersion: {project['version']}\n")
    yield text(f"{info}/entry_points.txt", "[console_scripts]\nleanrag = leanrag.cli.main:main\n")
    start = f"#!{HOME}/bin/python\nimport sys\nfrom leanrag.cli.main import main\nsys.exit(main())\n"
    yield text(f"{HOME}/bin/leanrag", start, executable=True)
    for pin in _pins():
        yield file(f"{TOOLS}/{pin.parent.name}/{pin.name}", pin)


def program_key() -> str:
    """Return a word for what program_entries are made from."""
    digest = hashlib.sha256(_project().read_bytes())
    for pin in _pins():
        digest.update(pin.read_bytes())
    return digest.hexdigest()[:8]


def _pins() -> tuple[Path, ...]:
    """Return what pins the schemas: a wrapper for each minor of Kubernetes."""
    return tuple(sorted((*tools_dir().glob("schemas*/go.mod"), *tools_dir().glob("schemas*/go.sum"))))


def schema_entries(_scratch: Path) -> Iterator[Entry]:
    """Yield what the check cannot fetch in an image: its compiled schemas, and the lists of every pinned vLLM."""
    compiled = schemas().folder
    yield from tree(f"{SCHEMAS}/{compiled.parent.name}/{compiled.name}", compiled)
    for listed in _lists():
        yield file(f"{SCHEMAS}/{FOLDER}/{listed.name}", listed)


def schema_key() -> str:
    """Return a word for the compiled schemas and lists: their names tell what made them."""
    compiled = schemas().folder
    lists = hashlib.sha256(" ".join(each.name for each in _lists()).encode()).hexdigest()[:12]
    return re.sub(r"\W", "", compiled.parent.name + compiled.name + lists)


def _lists() -> tuple[Path, ...]:
    return tuple(list_file(version) for version in pins())


def _project() -> Path:
    path = package_folder().parents[1] / "pyproject.toml"
    if not path.is_file():
        raise InputError("images are packed from a checkout, and this leanrag is not in one", hint="run in a checkout")
    return path
