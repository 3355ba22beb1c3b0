"""A row of the drill: something is broken, something is expected, and nothing may be promoted."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Stage(Protocol):
    """Where a fault is played: it knows which pins moved that had no right to."""

    def wrong_pins(self) -> tuple[str, ...]:
        """Return every pin, in words, that rests on nothing; empty when all is well."""


S = TypeVar("S", bound=Stage)


@dataclass(frozen=True, slots=True)
class Fault(Generic[S]):
    """`breaks` breaks one thing, `sees` returns what came of it in one sentence (AssertionError: not as expected).

    `dangerous` marks the faults that a release must never be made without; `make drill SHORT=1` plays only those.
    """

    id: str
    broken: str
    expected: str
    breaks: Callable[[S], None]
    sees: Callable[[S], str]
    dangerous: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen of one fault; `promoted` is what moved without right, `ok` says whether all was as expected."""

    id: str
    broken: str
    expected: str
    seen: str
    seconds: float
    promoted: tuple[str, ...]
    ok: bool


def play(fault: Fault[S], stage: S) -> Row:
    """Break, look, and look at Git, whatever the first look said."""
    began = time.monotonic()
    ok = True
    try:
        fault.breaks(stage)
        seen = fault.sees(stage)
    except AssertionError as error:
        seen, ok = f"NOT AS EXPECTED: {error}", False
    except Exception as error:
        seen, ok = f"NOT AS EXPECTED: {type(error).__name__}: {error}", False
    promoted = stage.wrong_pins()
    return Row(
        fault.id,
        fault.broken,
        fault.expected,
        _line(seen),
        time.monotonic() - began,
        promoted,
        ok and not promoted,
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def chosen(faults: Iterable[Fault[S]], short: bool, only: Iterable[str]) -> tuple[Fault[S], ...]:
    """Return the faults to play: the named ones, the dangerous ones, or all."""
    names = set(only)
    return tuple(f for f in faults if (f.id in names if names else f.dangerous or not short))
