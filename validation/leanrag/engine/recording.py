"""Snapshots kept beside a run: what the engine said before, during and after, to be asked again later."""

from collections.abc import Iterable
from pathlib import Path

from leanrag.core.errors import InputError
from leanrag.core.jsonl import read_lines, write_lines
from leanrag.engine.exposition import Series
from leanrag.engine.snapshot import Snapshot, snapshot

SCHEMA = "leanrag.io/engine/v1"


def write_snapshots(path: Path, snapshots: Iterable[Snapshot]) -> None:
    """Write snapshots as JSON lines under zstd, whole or not at all; InputError when the path refuses."""
    lines = ({"moment": each.moment, "metrics": _text(each)} for each in snapshots)
    write_lines(path, [{"schema": SCHEMA}, *lines])


def _text(taken: Snapshot) -> str:
    # As exposition text: JSON has no word for the NaN of an empty summary.
    return "".join(f"{each} {value!r}\n" for each, value in taken.samples.items())


def read_snapshots(path: Path) -> tuple[Snapshot, ...]:
    """Return kept snapshots; InputError says in one sentence why they cannot be used."""
    lines = read_lines(path)
    _, head = next(lines, (1, {}))
    if head.get("schema") != SCHEMA:
        raise InputError(f"{path}: schema {head.get('schema')!r} is not {SCHEMA!r}", hint="name kept snapshots")
    # Hundreds of series, hundreds of times: each name is kept once.
    known: dict[Series, Series] = {}
    taken = (_snapshot(value, f"{path}:{number}") for number, value in lines)
    return tuple(Snapshot(t.moment, {known.setdefault(e, e): value for e, value in t.samples.items()}) for t in taken)


def _snapshot(value: dict[str, object], place: str) -> Snapshot:
    moment, text = value.get("moment"), value.get("metrics")
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not isinstance(text, str):
        raise InputError(f"{place}: not a snapshot", hint="run the load again")
    try:
        return snapshot(text, float(moment))
    except InputError as error:
        raise InputError(f"{place}: {error.message}", hint="run the load again") from None
