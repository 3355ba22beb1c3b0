"""What the bench remembers about itself: state.json in its folder, and a lock, so that one command works at a time."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bench was started with: its number, and whether a spoke and each of the controllers belong to it.

    A bare one is Kubernetes alone, without our images, Git server and Argo CD.
    """

    instance: int = 0
    spoke: bool = False
    kserve: bool = False
    bare: bool = False
    llmd: bool = False
    ogx: bool = False
    keda: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """`whole` is False from the first step of `up` to its last; `since` is RFC 3339 in UTC."""

    wanted: Wanted
    whole: bool
    since: str


def load(folder: Path) -> State | None:
    """Return the state, or None when there is none that can be read."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        content = json.loads((folder / "state.json").read_text())
        if content.pop("version") == _VERSION:
            return State(Wanted(**content.pop("wanted")), **content)
    return None


def save(folder: Path, state: State) -> None:
    """Write the state whole or not at all."""
    write_atomic(folder / "state.json", json.dumps({"version": _VERSION, **asdict(state)}, indent=1), mode=0o600)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a bench for one command; InputError when another is at work. The lock lies beside the folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder.parent / f".{folder.name}.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(f"another leanrag bench command is at work in {folder}", hint="wait for it") from None
        yield
