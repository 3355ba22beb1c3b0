"""CEL rules of custom resources, judged as the API server does (apiextensions-apiserver v0.34.4).

Rules see their own node, with defaults filled in. A rule that reads oldSelf is judged only against the object as it
was. What cannot be evaluated is unknown: never a pass.
"""

import base64
import datetime
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from leanrag.checks import cel_engine, quantity
from leanrag.checks.cel_program import MOST_STEPS, Program, counts_sizes, looked_at, program
from leanrag.checks.cel_tree import Tree, is_transition

Path = tuple[str | int, ...]
_KEPT = 4096  # values of one node
ABSENT = object()  # there was none: the object is new, or this part of it cannot be matched with an older one


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold at a path, or (`unknown`, with the reason) that could not be evaluated there."""

    path: Path
    rule: str
    message: str
    unknown: bool = False


class Node:
    """A node of the tree of rules (cel_tree), with what is worked out once."""

    def __init__(self, tree: Tree) -> None:
        self.rules: list[Mapping[str, Any]] = tree.get("rules", [])
        self.plain = [each for each in self.rules if not is_transition(each)]
        self.transitions = [each for each in self.rules if is_transition(each)]
        self.properties = {key: Node(each) for key, each in tree.get("properties", {}).items()}
        self.items, self.extra = (Node(tree[key]) if key in tree else None for key in ("items", "extra"))
        self.kind: str = tree.get("as", "")
        self.escaped: Mapping[str, str] = tree.get("escaped", {})
        self.keys: list[str] | None = tree.get("keys")
        self.held: dict[
            tuple[bool, str], bool
        ] = {}  # what was judged before: many objects agree in most of their parts
        children = (*self.properties.values(), *(each for each in (self.items, self.extra) if each))
        self.shapes: bool = bool(self.kind or self.escaped) or any(each.shapes for each in children)
        self.counts: bool = any(counts_sizes(each["rule"]) for each in self.plain) or any(
            each.counts for each in children
        )
        self.judges: bool = bool(self.rules) or any(each.judges for each in children)

    @cached_property
    def all_plain(self) -> str:
        """All plain rules as one expression, since most objects keep all of them."""
        return " && ".join(f"({each['rule']})" for each in self.plain)

    @cached_property
    def looked_at(self) -> Mapping[str, bool] | None:
        """The fields that the plain rules read."""
        return None if self.escaped else looked_at(tuple(each["rule"] for each in self.plain))


def judge(node: Node, value: Any, path: Path = (), wide: bool | None = None) -> Iterator[Broken]:
    """Yield the rules without oldSelf that a value breaks, at and below a node; a null is judged by what holds it.

    `wide`: text beyond ASCII is there, of which sizes are counted in characters; None: to be found out.
    """
    if value is None:
        return
    wide = node.counts and not _is_ascii(value) if wide is None else wide
    if node.plain and not _all_hold(node, value, wide):
        variables = {"self": _shaped(node, value)}
        yield from (each for rule in node.plain for each in _judged(rule, variables, path))
    for key, child, each in _children(node, value):
        if child.judges:
            yield from judge(child, each, (*path, key), wide)


def judge_change(node: Node, value: Any, old: Any, path: Path = ()) -> Iterator[Broken]:
    """Yield the rules with oldSelf that a change breaks; `old` is ABSENT where nothing was."""
    if value is None:
        return
    for rule in node.transitions:
        variables = {"self": _shaped(node, value)}
        if rule.get("optionalOldSelf"):
            was = cel_engine.OptionalValue.none() if old is ABSENT else cel_engine.OptionalValue.of(_shaped(node, old))
            yield from _judged(rule, {**variables, "oldSelf": was}, path)
        elif old is not ABSENT and old is not None:
            yield from _judged(rule, {**variables, "oldSelf": _shaped(node, old)}, path)
    for key, child, each in _children(node, value):
        yield from judge_change(child, each, _matching(node, value, old, key), (*path, key))


def _children(node: Node, value: Any) -> Iterator[tuple[str | int, Node, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            child = node.properties.get(key, node.extra)
            if child:
                yield key, child, each
    elif isinstance(value, list) and node.items:
        yield from ((index, node.items, each) for index, each in enumerate(value))


def _matching(node: Node, value: Any, old: Any, key: str | int) -> Any:
    """Return what a child was: by its name in an object, by its keys in a list of type map, else nothing."""
    if isinstance(old, dict):
        return old.get(str(key), ABSENT)
    if isinstance(old, list) and node.keys and isinstance(key, int) and isinstance(value[key], Mapping):
        wanted = [value[key].get(each) for each in node.keys]
        held = (each for each in old if isinstance(each, Mapping))
        return next((each for each in held if [each.get(name) for name in node.keys] == wanted), ABSENT)
    return ABSENT


def _all_hold(node: Node, value: Any, wide: bool) -> bool:
    """Say whether all plain rules hold, in one go and on the fields that they read; False when that cannot be said."""
    fields = node.looked_at if isinstance(value, dict) else None
    seen: Any = _shaped(node, value) if fields is None else {
        key: True if only_has else _shaped(node.properties.get(key), value[key])
        for key, only_has in fields.items() if key in value
    }  # fmt: skip
    key = (wide, repr(seen))
    if key not in node.held:
        if len(node.held) >= _KEPT:
            node.held.clear()
        node.held[key] = _run(program(node.all_plain, wide), {"self": seen})[0] is True
    return node.held[key]


def _judged(rule: Mapping[str, Any], variables: Mapping[str, Any], path: Path) -> Iterator[Broken]:
    answer, problem = _evaluated(rule["rule"], variables)
    if answer is True:
        return
    place = (*path, rule["fieldPath"].lstrip(".")) if rule.get("fieldPath") else path
    if isinstance(problem, KeyError | IndexError):
        # The API server refuses the object then, too: "no such key", "index out of bounds".
        yield Broken(place, rule["rule"], f"its rule cannot be evaluated: no such key or index: {problem}")
    elif problem:
        yield Broken(place, rule["rule"], " ".join(str(problem).split()), unknown=True)
    elif answer is False:
        yield Broken(place, rule["rule"], _message(rule, variables))
    else:
        yield Broken(place, rule["rule"], f"it gives {answer!r}, not a boolean", unknown=True)


def _message(rule: Mapping[str, Any], variables: Mapping[str, Any]) -> str:
    if rule.get("messageExpression"):
        said, _ = _evaluated(rule["messageExpression"], variables)
        if isinstance(said, str) and said.strip() and "\n" not in said:
            return said
    return str(rule.get("message") or f"breaks its rule {rule['rule']}").strip()


def _evaluated(rule: str, variables: Mapping[str, Any]) -> tuple[Any, BaseException | None]:
    return _run(program(rule, counts_sizes(rule) and not _is_ascii(variables)), variables)


def _run(made: Program, variables: Mapping[str, Any]) -> tuple[Any, BaseException | None]:
    if made.run is None:
        return None, ValueError(made.problem)
    if made.depth > 1 and max(map(_longest, variables.values())) ** made.depth > MOST_STEPS:
        return None, ValueError(f"{made.depth} loops inside one another over so long a list take too long")
    try:
        return made.run(cel_engine.Context(dict(variables), dict(made.functions))), None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the evaluator is no Exception, and no answer either
        return None, error


def _is_ascii(value: Any) -> bool:
    return json.dumps(value, ensure_ascii=False, default=str).isascii()


def _longest(value: Any) -> int:
    """Return the length of the longest list or map in a value."""
    if isinstance(value, dict):
        return max([len(value), *map(_longest, value.values())])
    return max([len(value), *map(_longest, value)]) if isinstance(value, list) else 1


def _shaped(node: Node | None, value: Any) -> Any:
    """Return a value as rules see it: names escaped, numbers as doubles, dates and durations as such."""
    if node is None or not node.shapes:
        return value
    if isinstance(value, dict):
        named = ((node.escaped.get(key, key), key, each) for key, each in value.items())
        return {seen: _shaped(node.properties.get(key, node.extra), each) for seen, key, each in named}
    if isinstance(value, list):
        return [_shaped(node.items, each) for each in value]
    return _typed(node.kind, value)


def _typed(kind: str, value: Any) -> Any:
    if kind == "double" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return value
    with suppress(ValueError):  # its format is wrong: the schema says so
        if kind == "timestamp":
            read = datetime.datetime.fromisoformat(value)
            return read if read.tzinfo else read.replace(tzinfo=datetime.UTC)
        if kind == "bytes":
            return base64.b64decode(value, validate=True)
        if kind == "duration":
            return quantity.duration(value) or value
    return value
