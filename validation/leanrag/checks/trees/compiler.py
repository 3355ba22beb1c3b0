"""A field tree as a CustomResourceDefinition (apiextensions.k8s.io/v1), for one release of OpenShift AI."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from leanrag.checks.trees.notation import Lookup, Node, read
from leanrag.checks.trees.releases import window
from leanrag.core import yamlio
from leanrag.core.errors import ToolError

_KEY = re.compile(r"(?P<name>[^\s*]+)(?P<required>\*)?(?: (?P<window>\S+))?")
_LIST = {"$keys": "x-kubernetes-list-map-keys", "$min": "minItems", "$max": "maxItems"}
_OBJECT = {"$nullable": "nullable", "$open": "x-kubernetes-preserve-unknown-fields", "$default": "default"}


def tree_files() -> tuple[Path, ...]:
    """Return the packaged field trees."""
    return tuple(path for path in sorted(Path(__file__).parent.glob("*.yaml")) if path.name != "windows.yaml")


def definitions(file: Path, core: Lookup, release: str) -> Iterator[dict[str, Any]]:
    """Yield the definition of every kind of a tree file that a release has."""
    tree = yamlio.read(file)
    for kind, body in tree["kinds"].items():
        versions = list(_versions(body, core, release))
        if versions:
            yield _definition(tree["group"], kind, body, versions)


def _versions(body: Mapping[str, Any], core: Lookup, release: str) -> Iterator[Node]:
    reader = Reader(core, release)
    for key, content in body["versions"].items():
        name, _, held = _key(key)
        if window(held).holds(release):
            yield _version(name, reader.object(content), body)


def _version(name: str, top: Node, body: Mapping[str, Any]) -> Node:
    top["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        **top["properties"],
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    }
    if "$cel" in body:
        top["x-kubernetes-validations"] = [_rule(each) for each in body["$cel"]]
    return {
        "name": name,
        "served": True,
        "storage": False,
        "schema": {"openAPIV3Schema": top},
        "subresources": {"status": {}},
    }


def _definition(group: str, kind: str, body: Mapping[str, Any], versions: list[Node]) -> dict[str, Any]:
    versions[-1]["storage"] = True  # the newest is written last
    plural = body["plural"]
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": body["scope"], "versions": versions},
    }


def _key(text: str) -> tuple[str, bool, str]:
    found = _KEY.fullmatch(text)
    if not found:
        raise ToolError(f"{text!r} is no key of a field tree", hint="write name, name* or name 3.2+")
    return found["name"], bool(found["required"]), found["window"] or ""


def _rule(each: Any) -> dict[str, str]:
    if len(each) != 2 or not all(isinstance(part, str) for part in each):
        raise ToolError(
            f"{each!r} is no rule of a field tree", hint="write [rule, message], quoted where it has a colon"
        )
    return {"rule": each[0], "message": each[1]}


class Reader:
    """Reads the nodes of a tree for one release."""

    def __init__(self, core: Lookup, release: str) -> None:
        self._core, self._release = core, release

    def node(self, content: Any) -> Node:
        if isinstance(content, list):
            return self._list(content[0])
        if isinstance(content, Mapping):
            if "$map" in content:
                return {"type": "object", "additionalProperties": self.node(content["$map"])}
            return self._typed(content) if "$type" in content else self.object(content)
        return read(str(content), self._core)

    def _list(self, item: Any) -> Node:
        meta = item if isinstance(item, Mapping) else {}
        out: Node = {"type": "array", "items": self.node(item)}
        out.update({ours: meta[mark] for mark, ours in _LIST.items() if mark in meta})
        if "$keys" in meta:
            out["x-kubernetes-list-type"] = "map"
        return out

    def _typed(self, content: Mapping[str, Any]) -> Node:
        out = self.node(content["$type"])
        return {**out, "x-kubernetes-validations": [_rule(each) for each in content.get("$cel", ())]}

    def object(self, content: Mapping[str, Any]) -> Node:
        out: Node = {"type": "object"}
        out.update({ours: held for mark, ours in _OBJECT.items() for held in self._marked(content, mark)})
        rules = [_rule(each) for held in self._marked(content, "$cel") for each in held]
        if rules:
            out["x-kubernetes-validations"] = rules
        properties, required = self._fields(content)
        if properties:
            out["properties"] = properties
        if required:
            out["required"] = required
        return out

    def _marked(self, content: Mapping[str, Any], mark: str) -> Iterator[Any]:
        """Yield what stands under a mark such as $cel in this release."""
        for key, held in content.items():
            name, _, releases = _key(key)
            if name == mark and window(releases).holds(self._release):
                yield held

    def _fields(self, content: Mapping[str, Any]) -> tuple[dict[str, Node], list[str]]:
        properties: dict[str, Node] = {}
        required: list[str] = []
        for key, held in content.items():
            name, needed, releases = _key(key)
            if not name.startswith("$") and window(releases).holds(self._release):
                properties[name] = self.node(held)
                required += [name] if needed else []
        return properties, required
