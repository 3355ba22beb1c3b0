"""What a helper prints: the line of the _*.tpl that writes it, also through helpers that call helpers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.checks.finding import at
from leanrag.checks.source import KeyPath
from leanrag.checks.templates import Written, place_in_helper
from leanrag.core.errors import InputError
from leanrag.core.files import read_text

_DEFINE = re.compile(r'\{\{-?\s*define "([\w.-]+)"\s*-?\}\}')
_INCLUDED = re.compile(r'(?:include|template) "([\w.-]+)"')
_DEEPEST = 4  # calls


@dataclass(frozen=True, slots=True)
class Helper:
    """A named template: its file, the line at which its text begins, and the text."""

    file: Path
    line: int
    text: str


def helpers(*folders: Path) -> dict[str, Helper]:
    """Return the named templates of charts' folders templates/ by name."""
    found: dict[str, Helper] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.tpl")):
            found.update(_defined(file))
    return found


def _defined(file: Path) -> Iterator[tuple[str, Helper]]:
    try:
        text = read_text(file)
    except InputError:
        return
    starts = list(_DEFINE.finditer(text))
    for start, after in zip(starts, [*(each.start() for each in starts[1:]), len(text)], strict=True):
        # A line that names the helper is its line 0.
        yield start[1], Helper(file, text.count("\n", 0, start.start()) + 1, text[start.end() : after])


def printed_by(call: Written, body: Any, path: KeyPath, known: Mapping[str, Helper]) -> tuple[Path, int, str] | None:
    """Return file, line and text of what a call of a helper writes at a path; None when it cannot be told."""
    for _ in range(_DEEPEST):
        named = _INCLUDED.findall(call.text)
        helper = known.get(named[0]) if call.rest and len(set(named)) == 1 else None
        if helper is None:
            return None
        call = place_in_helper(helper.text, at(body, path[: len(path) - len(call.rest)]), call.rest)
        if call.line and not call.rest:
            return helper.file, helper.line + call.line - 1, call.text
    return None
