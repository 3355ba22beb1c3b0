"""Where a chart's template writes a field of an object: lines of a Go template, read as the YAML that they print.

Nothing is rendered, so where conditions and loops leave it open, the answer is the nearest line that is certain: that
of the field around it. What a helper prints is the line that calls the helper.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leanrag.checks.source import KeyPath

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_CONTROL = re.compile(
    r"(?:if|else|end|range|with|define|block|break|continue)\b|/\*|\$[\w.]* *:?=|(?:fail|set|unset)\b"
)
_LINE = re.compile(
    r"""(?P<margin>\ *)(?P<dash>-\ +|-$)?
        (?:(?P<key>"[^"]*"|'[^']*'|\{\{.*?\}\}|[\w./$-]+)\ *:(?=\ |$))?
        \ *(?P<value>.*)""",
    re.VERBOSE,
)
_INDENT = re.compile(r"\bn?indent (\d+)")
_INCLUDED = re.compile(r'include "([\w.-]+)"')
_KIND = re.compile(r'"kind" "(\w+)"')
_SUFFIX = re.compile(r'%s-([a-z0-9-]+)"|\}\}-([a-z0-9-]+)')
_DYNAMIC = "{{"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a template: the column of its key, of its dash (-1: none), and what it holds.

    `spill` prints fields or items that are not written here, at column `indent`.
    """

    number: int
    indent: int
    dash: int
    key: str
    value: str
    spill: bool = False

    @property
    def margin(self) -> int:
        """The column at which the line begins."""
        return self.indent if self.dash < 0 else self.dash


@dataclass(frozen=True, slots=True)
class Written:
    """Where a template writes a path: the line (0 = not known), its text, and the part that a helper there prints."""

    line: int = 0
    text: str = ""
    rest: KeyPath = ()


def place_in(text: str, body: Mapping[str, Any], path: KeyPath) -> Written:
    """Return where a template writes a path of an object that it printed."""
    document = _document(list(_documents(text)), body)
    return _written(text, document, path, body, _title(document)) if document else Written()


def place_in_helper(text: str, value: Any, path: KeyPath) -> Written:
    """Return where a helper writes a path of the value that it printed a part of."""
    return _written(text, [line for document in _documents(text) for line in document], path, value, None)


def _written(text: str, block: Sequence[Line], path: KeyPath, value: Any, otherwise: Line | None) -> Written:
    depth, found = _walk(block, path, value)
    found = found or otherwise
    if found is None:
        return Written()
    return Written(found.number, text.splitlines()[found.number - 1], path[depth - 1 :] if found.spill else ())


def _title(document: Sequence[Line]) -> Line | None:
    return next((line for line in document if line.key == "kind" and line.indent == 0), None)


def _documents(text: str) -> Iterator[list[Line]]:
    document: list[Line] = []
    for number, written in enumerate(_ACTION.sub(_on_one_line, text).splitlines(), 1):
        if written.rstrip() == "---":
            yield document
            document = []
        elif (line := _line(number, written)) is not None:
            document.append(line)
    yield document


def _on_one_line(action: re.Match[str]) -> str:
    """Put an action of several lines on its first one, and leave the others empty, so that numbers stay."""
    whole = action.group()
    return " ".join(whole.split("\n")) + "\n" * whole.count("\n") if "\n" in whole else whole


def _line(number: int, written: str) -> Line | None:
    words = written.strip()
    if not words or words.startswith("#"):
        return None
    margin = len(written) - len(written.lstrip())
    actions = _ACTION.findall(words)
    if actions and not _ACTION.sub("", words).strip():
        printing = [each for each in actions if not _CONTROL.match(each)]
        if not printing:
            return None
        depth = _INDENT.search(printing[0])
        return Line(number, int(depth.group(1)) if depth else margin, -1, "", words, spill=True)
    match = _LINE.match(written)
    assert match is not None  # every part of the pattern may be absent
    dash = len(match["margin"]) if match["dash"] else -1
    indent = len(match["margin"]) + len(match["dash"] or "")
    spill = not match["key"] and _ACTION.match(match["value"]) is not None and dash < 0
    return Line(number, indent, dash, (match["key"] or "").strip("\"'"), match["value"], spill)


def _document(documents: list[list[Line]], body: Mapping[str, Any]) -> list[Line] | None:
    """Return the part of a template that prints an object, when only one can."""
    kinds = {id(each): (_title(each) or Line(0, 0, -1, "", "")).value.strip("\"'") for each in documents}
    for fits in (str(body.get("kind") or ""), _DYNAMIC):
        own = [each for each in documents if kinds[id(each)] and kinds[id(each)].startswith(fits)]
        exact = [each for each in own if fits == _DYNAMIC or kinds[id(each)] == fits]
        if exact:
            return _named(exact, body)
    whole = [[line] for each in documents if not kinds[id(each)] for line in each if line.spill and line.indent == 0]
    possible = [each for each in whole if _prints(each[0], body) is not False]
    alike = [each for each in possible if _prints(each[0], body)] if len(possible) > 1 else possible
    return _named(alike, body) if alike else None


def _prints(line: Line, body: Mapping[str, Any]) -> bool | None:
    """Say whether a helper prints a kind: by its argument `"kind" "PodMonitor"`, or its name common.store.cronJob."""
    kind, told, included = str(body.get("kind")), _KIND.search(line.value), _INCLUDED.search(line.value)
    if told:
        return told.group(1) == kind
    return True if included and included.group(1).rpartition(".")[2].lower() == kind.lower() else None


def _named(documents: list[list[Line]], body: Mapping[str, Any]) -> list[Line] | None:
    if len(documents) == 1:
        return documents[0]
    metadata = body.get("metadata")
    name = str(metadata.get("name")) if isinstance(metadata, Mapping) else ""
    scores = [_score(each, name) for each in documents]
    best = max(scores)
    return documents[scores.index(best)] if scores.count(best) == 1 else None


def _score(document: list[Line], name: str) -> int:
    """Weigh a document by the end of its name as written: `{{ x }}-etcd` or `printf "%s-etcd"`."""
    top = [line for line in document if line.key not in ("spec", "data")][:8]
    ends = ["".join(found) for line in top for found in _SUFFIX.findall(line.value)]
    fitting = [len(end) for end in ends if name.endswith(f"-{end}")]
    return max(fitting) if fitting else -1 if ends else 0


def _walk(block: Sequence[Line], path: KeyPath, value: Any) -> tuple[int, Line | None]:
    """Return how many parts of a path a block writes, and the line of the last one."""
    if not path:
        return 0, None
    part = path[0]
    inner = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(part, int):
        inner = value[part] if isinstance(value, list) and part < len(value) else None
    starts = list(_items(block, part, inner) if isinstance(part, int) else _keys(block, part, inner))
    if not starts:
        spills = _spills(block)
        return (1, spills[0]) if len(spills) == 1 else (0, None)
    found = [_below(block, start, path[1:], inner, item=isinstance(part, int)) for start in starts]
    return max(found, key=lambda each: each[0])


def _below(block: Sequence[Line], start: int, path: KeyPath, value: Any, *, item: bool) -> tuple[int, Line | None]:
    line = block[start]
    rest = block[start + 1 :]
    if item:
        inner = [replace(line, dash=-1), *_until(rest, lambda each: each.margin <= line.dash)]
    else:
        # A list may begin at the column of its key.
        inner = _until(rest, lambda each: each.margin < line.indent or (each.margin == line.indent and each.dash < 0))
    depth, found = _walk(inner, path, value)
    return depth + 1, found or line


def _until(lines: Sequence[Line], ends: Any) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        if ends(line):
            break
        kept.append(line)
    return kept


def _keys(block: Sequence[Line], part: str, value: Any) -> Iterator[int]:
    top = _top(block)
    exact = [index for index, line in enumerate(block) if line.key == part and line.indent == top and line.dash < 0]
    if value is not None:  # one branch of a condition may write another value
        exact = [index for index in exact if _may_hold(block[index], value)]
    dynamic = [index for index, line in enumerate(block) if line.key.startswith(_DYNAMIC) and line.indent == top]
    yield from exact or (dynamic if len(dynamic) == 1 and not _spills(block) else ())


def _top(block: Sequence[Line]) -> int:
    return min((line.indent for line in block if line.key and line.dash < 0), default=1_000)


def _items(block: Sequence[Line], index: int, value: Any) -> Iterator[int]:
    top = min((line.dash for line in block if line.dash >= 0), default=-1)
    starts = [number for number, line in enumerate(block) if line.dash == top >= 0]
    possible = [start for start in starts if _may_be(block, start, value)]
    if len(possible) == 1:
        yield possible[0]
    elif len(starts) > index and starts[index] in possible and not _spills(block):
        yield starts[index]


def _may_be(block: Sequence[Line], start: int, value: Any) -> bool:
    """Say whether an item as written may have printed a value: no plain word in it says otherwise."""
    item = [replace(block[start], dash=-1), *_until(block[start + 1 :], lambda each: each.margin <= block[start].dash)]
    if not isinstance(value, Mapping):
        return _may_hold(item[0], value)
    top = [line for line in item if line.indent == _top(item) and line.key]
    return all(_may_hold(line, value.get(line.key)) for line in top)


def _may_hold(line: Line, value: Any) -> bool:
    """Say whether a line may have printed a value: it is computed, goes on below, or is that very word."""
    written = line.value.partition(" #")[0].strip()
    if not written or written.startswith(("{", "[", "|", ">", "&", "*")) or _DYNAMIC in written:
        return True
    return written.strip("\"'").lower() == str(value).lower()


def _spills(block: Sequence[Line]) -> list[Line]:
    top = min((line.margin for line in block if not line.spill), default=1_000)
    return [line for line in block if line.spill and line.indent <= top]
