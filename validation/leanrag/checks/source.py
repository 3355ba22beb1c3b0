"""YAML files with the line of every key, read leniently: a repeated key is reported and reading goes on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from leanrag.core.errors import InputError, YamlError
from leanrag.core.files import read_text
from leanrag.core.yamlio import K8sLoader, load_all

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A key that one mapping holds twice: its path, line, and the line of the first one."""

    path: KeyPath
    line: int
    first: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One YAML file: its only document, the line of every path, repeated keys, or why it cannot be read."""

    path: Path
    data: Any = None
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    repeated: tuple[Repeated, ...] = ()
    error: str = ""
    error_line: int = 0

    def line(self, path: KeyPath) -> int:
        """Return the line of a path, or of the deepest part of it that the file has; 0 when it has none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0

    def has(self, path: KeyPath) -> bool:
        """Say whether the file itself writes this path."""
        return path in self.lines


def read_source(path: Path) -> SourceFile:
    """Read a YAML file; every problem becomes part of the result, none stops the run."""
    try:
        text = read_text(path)
        return _parse(path, text)
    except YamlError as error:
        return _broken(path, error.message)
    except InputError as error:
        return SourceFile(path, error=error.message.removeprefix(f"{path}: "))


def _parse(path: Path, text: str) -> SourceFile:
    loader = K8sLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        repeated = tuple(_walk(node, (), lines, set())) if node is not None else ()
        data = loader.construct_document(node) if node is not None else None
        return SourceFile(path, data, lines, repeated)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What ends too early is reported one line behind the last.
        line = min(mark.line + 1, len(text.splitlines())) if mark else 0
        return SourceFile(path, error=str(error.problem or error.context), error_line=line)
    except (yaml.YAMLError, RecursionError) as error:
        return SourceFile(path, error=str(error).splitlines()[0])
    finally:
        loader.dispose()


def _walk(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], above: set[int]) -> Iterator[Repeated]:
    """Note the line of every path below a node, and drop repeated keys so that the last one counts."""
    if id(node) in above:
        return
    above = above | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            lines[(*path, index)] = item.start_mark.line + 1
            yield from _walk(item, (*path, index), lines, above)
    elif isinstance(node, yaml.MappingNode):
        yield from _mapping(node, path, lines, above)


def _mapping(node: yaml.MappingNode, path: KeyPath, lines: dict[KeyPath, int], above: set[int]) -> Iterator[Repeated]:
    kept: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        word, line = str(key.value), key.start_mark.line + 1
        place = (*path, word)
        if word in kept:
            yield Repeated(place, line, kept[word][0].start_mark.line + 1)
        kept[word] = (key, value)
        lines[place] = line
        yield from _walk(value, place, lines, above)
    node.value = list(kept.values())


def _broken(path: Path, message: str) -> SourceFile:
    """Turn `file:line:column: problem` into a result."""
    rest = message.removeprefix(f"{path}:")
    number = rest.split(":", 1)[0]
    line = int(number) if number.isdigit() else 0
    return SourceFile(path, error=rest.split(": ", 1)[-1], error_line=line)


def read_documents(path: Path, content: bytes | str) -> tuple[tuple[Any, ...], str, int]:
    """Return the documents of a manifest file, or why there are none and the line of that; a text is such a reason."""
    if isinstance(content, str):
        return (), content, 0
    try:
        return load_all(content.decode("utf-8"), str(path)), "", 0
    except UnicodeDecodeError as error:
        return (), f"not UTF-8 text (byte {error.start})", content.count(b"\n", 0, error.start) + 1
    except InputError as error:
        broken = _broken(path, error.message)
        return (), broken.error, broken.error_line
