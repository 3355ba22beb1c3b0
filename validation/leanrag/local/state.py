"""What is running, on disk: one folder, so that another command can see it, use it and take it down.

state.json holds no secret; secrets.json does, with mode 0600. A process counts as ours only with the start time that
was written down, so a recycled pid is never touched.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from leanrag.core.errors import InputError
from leanrag.core.files import cache_dir, write_atomic

MARK = "LEANRAG_LOCAL_STATE"  # in the environment of every part: whose it is, should state.json be lost
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Running:
    """One started part: `started` is the process's start time (seconds since the epoch, as psutil tells it)."""

    name: str
    pid: int
    started: float
    log: str
    address: str
    ports: tuple[int, ...]
    image: str
    seconds: float = 0.0  # from start to ready


@dataclass(frozen=True, slots=True)
class State:
    """A stack: what it was made from, and its parts. `addresses` is service URL → real URL."""

    spec: str
    engine: str
    api: str
    fault: str | None
    block: int
    ready: bool
    addresses: Mapping[str, str]
    parts: tuple[Running, ...]


def state_dir() -> Path:
    """Return the state folder: LEANRAG_STATE, or state/local in the cache."""
    return Path(os.environ.get("LEANRAG_STATE") or cache_dir() / "state" / "local")


def load(folder: Path) -> State | None:
    """Return the state, or None when there is none; one that cannot be read counts as none (`down` then sweeps)."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        content: dict[str, Any] = json.loads((folder / "state.json").read_text())
        if content.pop("version") == _VERSION:
            parts = tuple(Running(**{**each, "ports": tuple(each["ports"])}) for each in content.pop("parts"))
            return State(parts=parts, **content)
    return None


def save(folder: Path, state: State) -> None:
    """Write the state whole or not at all."""
    write_atomic(folder / "state.json", json.dumps({"version": _VERSION, **asdict(state)}, indent=1))


def load_secrets(folder: Path) -> dict[tuple[str, str], str]:
    """Return the run's secrets as (name, key) → value; none when there is no readable file."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return {(name, key): value for name, key, value in json.loads((folder / "secrets.json").read_text())}
    return {}


def save_secrets(folder: Path, secrets: Mapping[tuple[str, str], str]) -> None:
    """Write the run's secrets so that only their owner can read them."""
    rows = [[name, key, value] for (name, key), value in sorted(secrets.items())]
    write_atomic(folder / "secrets.json", json.dumps(rows), mode=0o600)


def process_of(part: Running) -> psutil.Process | None:
    """Return a part's process while it is that very process and no zombie, else None."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(part.pid)
        same = abs(process.create_time() - part.started) < 0.02  # the kernel counts in hundredths of a second
        if same and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold the folder for one command; InputError when another is at work there."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        stream = (folder / ".lock").open("w")
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}", hint="name another state folder: LEANRAG_STATE=/path") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"another leanrag local command is at work in {folder}", hint="wait for it, or stop it with Ctrl-C"
            ) from None
        yield
