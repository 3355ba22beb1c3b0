"""What one version of vLLM knows: its arguments and metrics, read from its wheel once and kept as JSON."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from leanrag.core.errors import InputError, LeanragError, UnreachableError
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.lock import locked
from leanrag.engine import flags as flag_reader
from leanrag.engine import metrics as metric_reader
from leanrag.engine import source as source_reader
from leanrag.engine.flags import BOOL, Flag
from leanrag.engine.metrics import Metric
from leanrag.engine.wheels import FOLDER, Pin, pins, wheel


@dataclass(frozen=True, slots=True)
class Engine:
    """One version of vLLM: arguments and metrics by name."""

    version: str
    flags: Mapping[str, Flag]
    metrics: Mapping[str, Metric]

    def flag(self, name: str) -> Flag | None:
        """Return what an argument means, by its name without leading dashes, as vLLM's parser reads it.

        Underscores are dashes, `--no-x` turns a switch off, `--x.key` sets one key of a JSON argument, and an
        unambiguous beginning is enough (vllm/utils/argparse_utils.py, argparse).
        """
        word = name.partition(".")[0].rstrip("+").replace("_", "-")
        found = self.flags.get(word)
        negated = self.flags.get(word.removeprefix("no-")) if word.startswith("no-") else None
        if found or (negated and negated.kind == BOOL):
            return found or negated
        begun = [flag for key, flag in self.flags.items() if key.startswith(word)]
        return begun[0] if len(begun) == 1 else None

    def names(self) -> tuple[str, ...]:
        """Return every name that may be written, without leading dashes."""
        return (*self.flags, *(f"no-{flag.name}" for flag in self.flags.values() if flag.kind == BOOL))


def engine(version: str) -> Engine:
    """Return what a version knows, from the cache or from its wheel.

    InputError for a version that is not pinned; UnreachableError when it is not in the cache and cannot be fetched.
    LEANRAG_SCHEMAS may name a folder that brings the lists: nothing can be fetched in an image.
    """
    found = _attempt(version)
    if isinstance(found, LeanragError):
        raise found
    return found


@cache
def _attempt(version: str) -> Engine | LeanragError:
    """One attempt a run: who is offline is told so once, and does not wait for every container."""
    try:
        return _found(version)
    except LeanragError as error:
        return error


def _found(version: str) -> Engine:
    pin = pins().get(version)
    if pin is None:
        raise InputError(
            f"the arguments of vLLM {version} are not known here; known are: {', '.join(pins())}",
            hint=f"pin its wheel: python -m leanrag.engine {version}",
        )
    name = f"{version}-{_key(pin)}.json"
    with _alone(version):
        return _kept(name) or _made(pin, name)


def _kept(name: str) -> Engine | None:
    return next((_load(folder / name) for folder in _folders() if (folder / name).is_file()), None)


def _made(pin: Pin, name: str) -> Engine:
    if os.environ.get("LEANRAG_SCHEMAS"):
        raise UnreachableError(
            f"no list of the arguments of vLLM {pin.version} was brought here", hint="pack the image anew"
        )
    made = _read(pin)
    write_atomic(cache_dir() / FOLDER / name, _dump(made))
    return made


@contextmanager
def _alone(version: str) -> Iterator[None]:
    """Let one process fetch a wheel, and the others wait for what it makes."""
    with ExitStack() as held:
        with suppress(OSError):  # a cache that cannot be written
            held.enter_context(locked(cache_dir() / FOLDER / f".{version}.lock"))
        yield


def prepare_all() -> None:
    """Read every pinned wheel that the cache has not yet."""
    for version in pins():
        engine(version)


def list_file(version: str) -> Path:
    """Return the file with a version's lists, making it first; its name tells what made it."""
    engine(version)
    name = f"{version}-{_key(pins()[version])}.json"
    return next(folder / name for folder in _folders() if (folder / name).is_file())


def _folders() -> tuple[Path, ...]:
    brought = os.environ.get("LEANRAG_SCHEMAS")
    own = (cache_dir() / FOLDER,)
    return (Path(brought) / FOLDER, *own) if brought else own


def _key(pin: Pin) -> str:
    """A hash of the wheel's contents and of the code that reads them, so that a changed reader reads anew."""
    digest = hashlib.blake2b(pin.sha256.encode(), digest_size=6)
    for module in (source_reader, flag_reader, metric_reader):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def _read(pin: Pin) -> Engine:
    with wheel(pin) as path:
        source = source_reader.read_wheel(path)
    found = {flag.name: flag for flag in flag_reader.flags(source)}
    return Engine(pin.version, found, {each.name: each for each in metric_reader.metrics(source)})


def _dump(made: Engine) -> str:
    document = {
        "version": made.version,
        "flags": [asdict(flag) for flag in made.flags.values()],
        "metrics": [asdict(metric) for metric in made.metrics.values()],
    }
    return json.dumps(document, indent=1)


def _load(path: Path) -> Engine:
    document = json.loads(read_text(path))
    flags = [Flag(each["name"], each["kind"], tuple(each["choices"])) for each in document["flags"]]
    metrics = [
        Metric(each["name"], each["type"], None if each["labels"] is None else tuple(each["labels"]))
        for each in document["metrics"]
    ]
    return Engine(document["version"], {each.name: each for each in flags}, {each.name: each for each in metrics})
