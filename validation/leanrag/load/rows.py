"""One stage of a run, every request of it, kept as JSON lines under zstd: what each figure can be computed from again.

The first line says what the file is and holds the stage without its rows; every other line is one request, with the
keys of `Row` that have something to say. Prompts and answers are not in it.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from leanrag.core.errors import InputError
from leanrag.core.jsonl import read_lines, write_lines
from leanrag.core.result import JSON
from leanrag.load.report import Row, Stage

SCHEMA = "leanrag.io/rows/v1"
_T = TypeVar("_T", Row, Stage)
_ADAPTERS: Mapping[Any, TypeAdapter[Any]] = {Row: TypeAdapter(Row), Stage: TypeAdapter(Stage)}
_DEFAULTS = {each.name: each.default for each in fields(Row) if each.default is not MISSING}


@dataclass(frozen=True, slots=True)
class Kept:
    """A stage as it was kept; `about` is whatever the run said of itself: model, seed, commit, scenario."""

    stage: Stage
    about: Mapping[str, JSON] = field(default_factory=dict)


def write_rows(path: Path, stage: Stage, about: Mapping[str, JSON] | None = None) -> None:
    """Write a stage whole or not at all; InputError when the path refuses, or a figure is no number."""
    head = {"schema": SCHEMA, "about": dict(about or {}), "stage": asdict(replace(stage, rows=()))}
    try:
        write_lines(path, [head, *map(_line, stage.rows)])
    except ValueError:
        raise InputError(f"{path}: a figure is NaN or infinite", hint="the report is damaged: run it again") from None


def _line(row: Row) -> dict[str, JSON]:
    return {name: value for name, value in asdict(row).items() if name not in _DEFAULTS or value != _DEFAULTS[name]}


def read_rows(path: Path) -> Stage:
    """Return a kept stage; InputError says in one sentence why it cannot be used."""
    return read_kept(path).stage


def read_kept(path: Path) -> Kept:
    """Return a kept stage with what its run said of itself."""
    lines = read_lines(path)
    _, head = next(lines, (1, {}))
    if head.get("schema") != SCHEMA:
        raise InputError(f"{path}: schema {head.get('schema')!r} is not {SCHEMA!r}", hint="name a file of kept rows")
    stage, about = _typed(Stage, head.get("stage"), f"{path}:1"), head.get("about")
    rows = tuple(_typed(Row, value, f"{path}:{number}") for number, value in lines)
    if stage.rows or not isinstance(about, dict):
        raise InputError(f"{path}:1: not the head of kept rows", hint="run the load again")
    return Kept(replace(stage, rows=rows), about)


def _typed(kind: type[_T], value: object, place: str) -> _T:
    """A key that is not known here may change what the others mean, so it is refused."""
    if isinstance(value, dict) and (unknown := sorted(value.keys() - {each.name for each in fields(kind)})):
        raise InputError(f"{place}: {unknown[0]!r} is not known here", hint="read it with the version that wrote it")
    try:
        # As JSON, for only there a list may be strictly taken for a tuple.
        found: _T = _ADAPTERS[kind].validate_json(json.dumps(value), strict=True)
        return found
    except ValidationError as error:
        raise InputError(f"{place}: {_words(error)}", hint="run the load again") from None


def _words(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else str(first["msg"])
