"""Where everything is written in a YAML file of manifests: line and column of every object, field and item."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import yaml

from leanrag.checks.source import KeyPath
from leanrag.core.yamlio import K8sLoader

Place = tuple[int, int]
_BEGINNING = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Marked:
    """One object of a file and the place, line and column from 1, where each path in it begins; () is the object."""

    body: Any
    places: Mapping[KeyPath, Place]

    def place(self, path: KeyPath) -> Place:
        """Return the place of a path, or of the deepest part of it that is written."""
        return next(self.places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in self.places)


def parts(text: str) -> tuple[tuple[int, str], ...]:
    """Return a text cut where its documents begin, each part with the number of lines before it.

    No scalar holds `---` at the beginning of a line (YAML 1.2, 9.1.2), but a directive belongs to what follows it.
    """
    if text.startswith("%") or "\n%" in text:
        return ((0, text),)
    starts = [0, *(found.start() for found in _BEGINNING.finditer(text) if found.start())]
    return tuple((text.count("\n", 0, start), text[start:end]) for start, end in pairwise((*starts, len(text))))


def marked(text: str, before: int = 0) -> tuple[Marked, ...]:
    """Return every object of a YAML text, those inside a List too; nothing for a text that cannot be read.

    `before` is the number of lines before the text.
    """
    loader = K8sLoader(text)
    try:
        found: list[Marked] = []
        while loader.check_node():
            node: Any = loader.get_node()
            places = {path: (line + before, column) for path, (line, column) in _walk(node, (), frozenset())}
            found += _objects(Marked(loader.construct_document(node), places))
        return tuple(found)
    except (yaml.YAMLError, RecursionError):
        return ()
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: KeyPath, above: frozenset[int]) -> Iterator[tuple[KeyPath, Place]]:
    if not path:
        yield path, _place(node)
    if id(node) in above:  # an alias of itself
        return
    above |= {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), _place(item)
            yield from _walk(item, (*path, index), above)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), _place(key)
            yield from _walk(value, (*path, str(key.value)), above)


def _place(node: yaml.Node) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _objects(document: Marked) -> list[Marked]:
    body = document.body if isinstance(document.body, Mapping) else {}
    inner = body.get("items") if body.get("kind") == "List" else None
    if not isinstance(inner, list):
        return [document]
    return [Marked(each, _below(document.places, ("items", index))) for index, each in enumerate(inner)]


def _below(places: Mapping[KeyPath, Place], top: KeyPath) -> dict[KeyPath, Place]:
    return {path[len(top) :]: place for path, place in places.items() if path[: len(top)] == top}


def path_in(document: Any, words: str) -> KeyPath:
    """Return the deepest path of a document that a text like `spec.ports[0].name` names; keys may hold dots."""
    path: KeyPath = ()
    while words:
        part, words = _first(document, words)
        if part is None:
            break
        path = (*path, part)
        document = document[part]
    return path


def _first(document: Any, words: str) -> tuple[str | int | None, str]:
    """Return the first part of a text that a document has, and the rest."""
    if isinstance(document, Mapping):
        found = [key for key in document if words.startswith(key) and words[len(key) : len(key) + 1] in ("", ".", "[")]
        longest = max(found, key=len, default=None)
        return longest, words[len(longest or "") :].removeprefix(".")
    number, _, rest = words.removeprefix("[").partition("]")
    there = isinstance(document, list) and number.isdigit() and int(number) < len(document)
    return (int(number) if there else None), rest.removeprefix(".")
