"""YAML into values, exactly: libyaml's nodes, and what Kubernetes makes of them.

Go's parser descends from an older libyaml. Where the two disagree on structure, the text is refused and says so.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.composer import Composer

from leanrag.core import yamlscalar

# As many as serde_yaml bears, so that both readers agree.
MAX_DEPTH = 128
MAX_EXPANDED = 100_000
# Of the values of a document, the share that aliases may make. Go's own limit is 0.99 of its steps, which count more.
MAX_ALIASED, _FEW = 0.98, 500
_PLAIN = "!plain"
_MERGE_TAGS = {_PLAIN, f"{yamlscalar.YAML}merge"}
_COLLECTIONS = {yaml.SequenceNode: f"{yamlscalar.YAML}seq", yaml.MappingNode: f"{yamlscalar.YAML}map"}

_BREAKS = "\r\x85\u2028\u2029"
_REFUSED = (
    (
        re.compile(rf"(?<=[{_BREAKS}])---|^---(?!(?:[ \t]+#.*|[ \t]*)\r?$)", re.MULTILINE),
        "the line of --- holds nothing else, as kubectl demands",
    ),
    (re.compile("\ufeff"), "a byte order mark (U+FEFF) stands at the beginning of a file only"),
    (
        re.compile(rf"^---.*\n(?:\s|#.*\n)*(?<=[\n{_BREAKS}])\.\.\.(?=\s|$)", re.MULTILINE),
        "an empty document needs no ... at its end, and kubectl refuses it",
    ),
)
_DEEP = 1000
_DIRECTIVE = re.compile("^%", re.MULTILINE)
# What may nest deeper than libyaml's recursion bears: a line that begins deep inside, or many opening brackets.
_DEEP_LINE = re.compile(rf"^[ ?-]{{{_DEEP}}}", re.MULTILINE)
_SOLIDUS = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_NON_SPECIFIC = re.compile(r"(?:&\S+\s+)?!(?:\s|$)")


class K8sLoader(yaml.CSafeLoader):
    """PyYAML's C parser with the values of Kubernetes: keys are strings, and no key is repeated."""

    def __init__(self, text: str) -> None:
        self.text = text.removeprefix("\ufeff")
        self._judged = False
        super().__init__(self.text)

    def check_node(self) -> bool:
        """Say whether another document follows; raises yaml.MarkedYAMLError for what Kubernetes reads otherwise."""
        self._judge()
        return bool(super().check_node())

    def get_single_node(self) -> Any:
        """Return the only document, or raise as `check_node` does."""
        self._judge()
        return super().get_single_node()

    def _judge(self) -> None:
        if not self._judged:
            self._judged = True
            _refuse(self.text)

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        """Name the tag of a node that has none: whether a scalar is bare decides what it can be."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else f"{yamlscalar.YAML}str"
        return _COLLECTIONS[kind]

    def construct_document(self, node: Any) -> Any:
        """Return the value of a document."""
        return _Walk(self.text).value(node)


class Redefining(Composer, K8sLoader):
    """The same, slower, for texts that define an anchor twice, which PyYAML's C composer refuses."""

    def __init__(self, text: str) -> None:
        K8sLoader.__init__(self, text)
        Composer.__init__(self)

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Forget the earlier anchor of a name that is defined again."""
        event = self.peek_event()
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            self.anchors.pop(event.anchor, None)
        return super().compose_node(parent, index)


class _Walk:
    """One document on its way to values; what an alias names is walked again."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: set[int] = set()
        self.seen: set[int] = set()
        self.walked = self.repeated = 0
        self.aliases, self.tags, self.solidus = "*" in text, "!" in text, "\\/" in text

    def value(self, node: Any, flow: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode):
            try:
                return yamlscalar.value(self._scalar(node, flow))
            except ValueError as error:
                raise refused(node, str(error)) from None
        found: list[Any] | dict[str, Any]
        self._enter(node)
        if isinstance(node, yaml.SequenceNode):
            found = [self.value(each, node.flow_style) for each in node.value]
        else:
            found = {}
            self._fill(node, found, {})
        self.open.discard(id(node))
        return found

    def _enter(self, node: Any) -> None:
        if id(node) in self.open:
            raise refused(node, "what an anchor names contains itself")
        if len(self.open) >= MAX_DEPTH:
            raise refused(node, f"more than {MAX_DEPTH} levels")
        self.open.add(id(node))
        if self.aliases:
            self._count(node)

    def _count(self, node: Any) -> None:
        size = 1 + len(node.value) * (2 if isinstance(node, yaml.MappingNode) else 1)
        self.walked += size
        if id(node) in self.seen:
            self.repeated += size
        self.seen.add(id(node))
        bomb = self.walked > _FEW and self.repeated > MAX_ALIASED * self.walked
        if bomb or self.repeated > MAX_EXPANDED:
            raise refused(node, f"aliases make {self.repeated} of the {self.walked} values read so far")

    def _fill(self, node: Any, found: dict[str, Any], lines: dict[str, int], merge: Any = None) -> None:
        """Fill a mapping's keys in; `merge` is the key << that brings them in from elsewhere."""
        for key_node, value_node in node.value:
            if _merges(key_node):
                for each in _merged(value_node):
                    self._enter(each)
                    self._fill(each, found, lines, merge or key_node)
                    self.open.discard(id(each))
                continue
            key = self._key(key_node, node.flow_style)
            if key in lines:
                raise refused(merge or key_node, f"key {key!r} is repeated (first at line {lines[key]})")
            lines[key] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, node.flow_style)

    def _key(self, node: Any, flow: bool) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise refused(node, "a key must be a plain word")
        try:
            return yamlscalar.key(self._scalar(node, flow))
        except ValueError as error:
            raise refused(node, str(error)) from None

    def _scalar(self, node: Any, flow: bool) -> yamlscalar.Scalar:
        if self.solidus and node.style == '"' and _SOLIDUS.search(self._source(node)):
            raise ValueError("\\/ is no escape to Kubernetes; write / alone")
        if flow and not node.style and "?" in node.value:
            raise ValueError("a ? between brackets begins a key; quote the word")
        if self.tags and flow and not node.value and not node.style and "!" in self._source(node):
            raise ValueError("a tag between brackets needs a value; quote the word")
        if node.tag != _PLAIN:
            return yamlscalar.tagged(node.tag, node.value)
        bare = not (self.tags and _NON_SPECIFIC.match(self._source(node)))
        return yamlscalar.plain(node.value) if bare else str(node.value)

    def _source(self, node: Any) -> str:
        return self.text[node.start_mark.index : node.end_mark.index]


def _merges(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "<<" and node.tag in _MERGE_TAGS


def _merged(node: Any) -> list[Any]:
    """Return the mappings of `<<`; no two may share a key, so their order is of no account."""
    found = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(each, yaml.MappingNode) for each in found):
        raise refused(node, "what << merges must be a mapping, or a list of mappings")
    return list(found)


def refused(node: Any, problem: str) -> yaml.MarkedYAMLError:
    """Return the error for a node, with its place."""
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _refuse(text: str) -> None:
    """Refuse what must not reach the composer, before it does."""
    for pattern, problem in _REFUSED:
        found = pattern.search(text)
        if found:
            raise _at(text, found.start(), problem)
    if _DIRECTIVE.search(text) or _DEEP_LINE.search(text) or text.count("[") + text.count("{") > _DEEP:
        for problem, mark in _odd_events(text):
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _odd_events(text: str) -> Iterator[tuple[str, Any]]:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            yield "a directive (%) is refused by kubectl; remove the line", event.start_mark
        if depth > MAX_DEPTH:
            yield f"more than {MAX_DEPTH} levels", event.start_mark


def _at(text: str, index: int, problem: str) -> yaml.MarkedYAMLError:
    line, column = text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1
    mark = yaml.Mark("", index, line, column, None, 0)
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
