"""Every CustomResourceDefinition of one release: what the modules serve, cut to the release, and our own trees."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from leanrag.checks.trees.compiler import definitions as compiled
from leanrag.checks.trees.compiler import tree_files
from leanrag.checks.trees.core import Core
from leanrag.checks.trees.notation import Lookup
from leanrag.checks.trees.windows import cut
from leanrag.core.errors import ToolError
from leanrag.core.files import read_text
from leanrag.core.yamlio import K8sLoader

_CORE_FILE = "api__v1_openapi.json"
_SPEC_KEPT = ("group", "names", "scope", "versions", "preserveUnknownFields")
_VERSION_KEPT = ("name", "served", "storage", "schema", "subresources")


def served(files: Iterable[Path]) -> tuple[dict[str, Any], ...]:
    """Return the definitions in CRD files, without descriptions, webhooks and printed columns."""
    texts = (read_text(path) for path in files if path.suffix != ".json")
    # Not PyYAML's own rules: to them the `=` in an enum is no string.
    documents = (each for text in texts for each in yaml.load_all(text, Loader=K8sLoader))
    return tuple(_bare(each) for each in documents if each and each.get("kind") == "CustomResourceDefinition")


def core(files: Iterable[Path]) -> Lookup:
    """Return the look-up of Kubernetes' own types, from its OpenAPI among the schema files."""
    path = next((each for each in files if each.name == _CORE_FILE), None)
    if path is None:
        raise ToolError(f"no {_CORE_FILE} among the schemas", hint="correct leanrag/checks/sources.py")
    return Core(json.loads(read_text(path)))


def of_release(found: Iterable[Mapping[str, Any]], types: Lookup, release: str) -> Iterator[Mapping[str, Any]]:
    """Yield the definitions that a release has; `found` are the served ones, and the same object comes back uncut."""
    for document in found:
        kept = cut(document, types, release)
        if kept is not None:
            yield kept
    for file in tree_files():
        yield from compiled(file, types, release)


def _bare(document: Mapping[str, Any]) -> dict[str, Any]:
    spec = {key: document["spec"][key] for key in _SPEC_KEPT if key in document["spec"]}
    spec["versions"] = [
        {key: undescribed(each[key]) if key == "schema" else each[key] for key in _VERSION_KEPT if key in each}
        for each in spec["versions"]
        if each.get("served", True)
    ]
    if not any(each["storage"] for each in spec["versions"]):
        spec["versions"][-1]["storage"] = True
    # Groups below k8s.io are protected: the API server asks who approved the definition.
    notes = document["metadata"].get("annotations") or {}
    approved = {key: value for key, value in notes.items() if key == "api-approved.kubernetes.io"}
    metadata = {"name": document["metadata"]["name"], **({"annotations": approved} if approved else {})}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], "metadata": metadata, "spec": spec}


def undescribed(node: Any) -> Any:
    """Return a schema without its descriptions, which are most of its bytes; a property of that name stays."""
    if isinstance(node, list):
        return [undescribed(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: undescribed(each) for name, each in value.items()} if key == "properties" else undescribed(value)
        for key, value in node.items()
        if key != "description" or not isinstance(value, str)
    }
