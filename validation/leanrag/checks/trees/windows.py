"""Served CRDs as an older release has them: cut by windows.yaml."""

import copy
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.checks.trees.compiler import Reader
from leanrag.checks.trees.notation import Lookup, Node
from leanrag.checks.trees.releases import UPSTREAM, window
from leanrag.core import yamlio
from leanrag.core.errors import ToolError

ANYWHERE = "**"


@cache
def windows() -> Mapping[str, Any]:
    """Return windows.yaml: group → kind → what came when."""
    return dict(yamlio.read(Path(__file__).parent / "windows.yaml"))


def cut(document: Mapping[str, Any], core: Lookup, release: str) -> Mapping[str, Any] | None:
    """Return a CRD as a release has it, the very same one where nothing differs, or None when the release lacks it."""
    spec = document["spec"]
    rules = windows().get(spec["group"], {}).get(spec["names"]["kind"])
    if rules is None or release == UPSTREAM:
        return document
    if not window(rules.get("kind", "")).holds(release):
        return None
    out = copy.deepcopy(dict(document))
    held = {name: window(text) for name, text in rules.get("versions", {}).items()}
    out["spec"]["versions"] = [
        each for each in out["spec"]["versions"] if each["name"] not in held or held[each["name"]].holds(release)
    ]
    for each in out["spec"]["versions"]:
        _cut_version(each["schema"]["openAPIV3Schema"]["properties"]["spec"], rules, core, release)
    if not any(each["storage"] for each in out["spec"]["versions"]):
        out["spec"]["versions"][-1]["storage"] = True
    return out


def _cut_version(spec: Node, rules: Mapping[str, Any], core: Lookup, release: str) -> None:
    for text, patterns in rules.get("fields", {}).items():
        if not window(text).holds(release):
            for pattern in patterns:
                remove(spec, _parts(pattern))
    for text, added in rules.get("added", {}).items():
        if window(text).holds(release):
            for place, tree in added.items():
                *above, name = place.split(".")
                _below(spec, above)["properties"][name] = Reader(core, release).node(tree)


def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.replace("[]", "").split("."))


def _below(node: Node, names: list[str]) -> Node:
    for name in names:
        node = node["properties"][name]
    return node


def remove(node: Node, path: tuple[str, ...]) -> bool:
    """Take a field out of a structural schema, and the CEL rules that name it; say whether there was one.

    Lists are looked through; a first part `**` means every object below.
    """
    while "items" in node:
        _forget(node, path[-1])
        node = node["items"]
    if path[0] == ANYWHERE:
        found = [remove(node, path[1:]), *[remove(each, path) for each in _children(node)]]
    elif len(path) > 1:
        child = node.get("properties", {}).get(path[0])
        found = [remove(child, path[1:])] if child else []
    else:
        found = [node.get("properties", {}).pop(path[0], None) is not None]
    if any(found):
        _forget(node, path[-1])
    return any(found)


def _children(node: Node) -> Iterator[Node]:
    yield from node.get("properties", {}).values()
    if isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def _forget(node: Node, name: str) -> None:
    """Drop the rules that name a field which is gone: they would not compile."""
    rules = node.get("x-kubernetes-validations")
    if rules:
        named = re.compile(rf"\.{re.escape(name)}\b")
        node["x-kubernetes-validations"] = [rule for rule in rules if not named.search(rule["rule"])]
    if name in node.get("required", ()):
        node["required"] = [each for each in node["required"] if each != name]


def unused(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the patterns of windows.yaml that match nothing in a CRD's versions (a test keeps this empty)."""
    spec = document["spec"]
    rules = windows().get(spec["group"], {}).get(spec["names"]["kind"], {})
    patterns = [pattern for each in rules.get("fields", {}).values() for pattern in each]
    trees = [copy.deepcopy(each["schema"]["openAPIV3Schema"]["properties"]["spec"]) for each in spec["versions"]]
    if not trees:
        raise ToolError(f"{document['metadata']['name']}: no versions", hint="was another module pinned?")
    return tuple(pattern for pattern in patterns if not sum(remove(tree, _parts(pattern)) for tree in trees))
