"""kubeconform v0.7.0 with schemas from the same files as ours, made strict as its own converter makes them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clock import Run, timed

from leanrag.checks.definitions import served
from leanrag.checks.sources import schema_files
from leanrag.render.tools import tool

CORES = 2
_REF = "#/components/schemas/"
_EITHER = {"oneOf": [{"type": "string"}, {"type": "number"}]}


@dataclass(frozen=True, slots=True)
class Rival:
    """The program, and the folder of its schemas."""

    program: Path
    schemas: Path

    @classmethod
    def prepared(cls, folder: Path) -> "Rival":
        """Build the program where there is none, and write the schemas."""
        files = [path for path in schema_files() if "schemas-" not in str(path)]
        for definition in served(files):
            for group, version, kind, schema in _of_definition(definition):
                _write(folder, group, version, kind, schema)
        for path in files:
            if path.suffix == ".json":
                for group, version, kind, schema in _of_openapi(json.loads(path.read_text())):
                    _write(folder, group, version, kind, schema)
        return cls(tool("kubeconform"), folder)

    def argv(self, *paths: Path) -> tuple[str | Path, ...]:
        """Return the command that judges files or folders."""
        place = f"{self.schemas}/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"
        return (self.program, "-strict", "-n", str(CORES), "-schema-location", place, "-summary", *paths)

    def run(self, *paths: Path) -> Run:
        """Judge files or folders."""
        return timed(self.argv(*paths))


def _write(folder: Path, group: str, version: str, kind: str, schema: Mapping[str, Any]) -> None:
    path = folder / group / f"{kind.lower()}_{version}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema))


def _of_definition(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    spec = document["spec"]
    for version in spec["versions"]:
        yield spec["group"], version["name"], spec["names"]["kind"], _strict(version["schema"]["openAPIV3Schema"])


def _of_openapi(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    components = document["components"]["schemas"]
    for name, body in components.items():
        for each in body.get("x-kubernetes-group-version-kind", ()):
            if name.endswith(f".{each['kind']}") and "metadata" in body.get("properties", {}):
                needed = {key: _strict(_named(key, components[key])) for key in _reachable(name, components)}
                schema = {"$ref": _REF + name, "components": {"schemas": needed}}
                yield each["group"], each["version"], each["kind"], schema


def _named(name: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return _EITHER if name.endswith((".Quantity", ".IntOrString")) else body


def _reachable(name: str, components: Mapping[str, Any]) -> set[str]:
    found, left = set[str](), [name]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += _refs(components[each])
    return found


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_REF)
        for each in node.values():
            yield from _refs(each)
    elif isinstance(node, list):
        for each in node:
            yield from _refs(each)


def _strict(node: Any) -> Any:
    """Close every object that names its fields, and let int-or-string be either."""
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return {key: value for key, value in node.items() if key == "pattern"} | _EITHER
    made = {key: _strict(value) for key, value in node.items() if key != "default"}
    open_ = node.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in node
    if isinstance(node.get("properties"), dict) and not open_:
        made["additionalProperties"] = False
    if isinstance(node.get("properties"), dict):
        made["properties"] = {key: _strict(value) for key, value in node["properties"].items()}
    return made
