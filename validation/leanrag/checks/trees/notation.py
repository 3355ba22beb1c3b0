"""One word of a field tree as a structural schema.

    string int int32 int64 number bool int|string quantity time any free object
    enum(A|B)   [T]   map<T>   <PodSpec> (a type of Kubernetes)

followed by `=default`, `>=1`, `<=9`, `minLen= maxLen= minItems= maxItems=`, `set`, `nullable` and, last, `~/pattern/`.
"""

import re
from collections.abc import Callable
from typing import Any

import yaml

from leanrag.core.errors import ToolError

Node = dict[str, Any]
# As controller-gen writes resource.Quantity.
QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
INT_OR_STRING: Node = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
_WORDS: dict[str, Node] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
    "int|string": INT_OR_STRING,
    "quantity": {**INT_OR_STRING, "pattern": QUANTITY},
    "object": {"type": "object"},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "any": {"x-kubernetes-preserve-unknown-fields": True},
}
_BRACKETS = {"[": "]", "map<": ">", "<": ">", "enum(": ")"}
_BOUND = re.compile(
    r"\s*(?:~/(?P<pattern>.*)/$|=(?P<default>\"[^\"]*\"|\S+)|(?P<sign>[<>]=)(?P<limit>-?[\d.]+)"
    r"|(?P<name>minLen|maxLen|minItems|maxItems)=(?P<count>\d+)|(?P<word>set|nullable))"
)
_NAMES = {"minLen": "minLength", "maxLen": "maxLength", ">=": "minimum", "<=": "maximum"}

Lookup = Callable[[str], Node]


def read(text: str, core: Lookup) -> Node:
    """Return the schema of one word; `core` gives what <Name> stands for."""
    for opening, closing in _BRACKETS.items():
        if text.startswith(opening):
            inner, rest = _enclosed(text, opening, closing)
            return _bounded(_bracketed(opening, inner, core), rest)
    word, _, rest = text.partition(" ")
    if word not in _WORDS:
        raise ToolError(f"{text!r}: no type {word!r} in the notation of field trees", hint="see leanrag/checks/trees")
    return _bounded(dict(_WORDS[word]), rest)


def _enclosed(text: str, opening: str, closing: str) -> tuple[str, str]:
    """Return what stands in the first pair of brackets, and what follows it."""
    depth = 0
    for place in range(len(opening) - 1, len(text)):
        depth += (text[place] == opening[-1]) - (text[place] == closing)
        if not depth:
            return text[len(opening) : place], text[place + 1 :]
    raise ToolError(f"{text!r}: {opening!r} is not closed", hint="see leanrag/checks/trees")


def _bracketed(opening: str, inner: str, core: Lookup) -> Node:
    if opening == "<":
        return dict(core(inner))
    if opening == "enum(":
        return {"type": "string", "enum": inner.split("|")}
    item = read(inner, core)
    if opening == "[":
        return {"type": "array", "items": item}
    return {"type": "object", "additionalProperties": item}


def _bounded(node: Node, rest: str) -> Node:
    place = 0
    while place < len(rest.rstrip()):
        found = _BOUND.match(rest, place)
        if not found or found.end() == place:
            raise ToolError(f"{rest[place:]!r} is no bound in the notation of field trees", hint="see its docstring")
        node.update(_bound(found))
        place = found.end()
    return node


def _bound(found: re.Match[str]) -> Node:
    if found["pattern"] is not None:
        return {"pattern": found["pattern"]}
    if found["default"] is not None:
        return {"default": yaml.safe_load(found["default"])}
    if found["word"]:
        return {"nullable": True} if found["word"] == "nullable" else {"x-kubernetes-list-type": "set"}
    name = found["name"] or found["sign"]
    return {_NAMES.get(name, name): yaml.safe_load(found["count"] or found["limit"])}
