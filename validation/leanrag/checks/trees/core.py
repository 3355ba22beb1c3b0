"""Types of Kubernetes (<PodSpec>, <Toleration>, …) as CRDs write them: its own OpenAPI, without references."""

from collections.abc import Iterable, Mapping
from typing import Any

from leanrag.checks.trees.notation import INT_OR_STRING, QUANTITY, Node
from leanrag.core.errors import ToolError

_PREFIX = "#/components/schemas/"
_GROUPS = ("io.k8s.api.core.v1.", "io.k8s.apimachinery.pkg.apis.meta.v1.")
_KEPT = ("type", "format", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type")


class Core:
    """Looks types up by their short name and expands them, each once."""

    def __init__(self, openapi: Mapping[str, Any]) -> None:
        self._definitions: Mapping[str, Any] = openapi["components"]["schemas"]
        self._made: dict[str, Node] = {}

    def __call__(self, name: str) -> Node:
        """Return the structural schema of a type such as PodSpec."""
        full = next((group + name for group in _GROUPS if group + name in self._definitions), None)
        if full is None:
            raise ToolError(f"Kubernetes has no type {name!r} for a field tree", hint="write a short name: PodSpec")
        return self._definition(full)

    def _definition(self, full: str) -> Node:
        if full not in self._made:
            self._made[full] = self._expanded(full)
        return self._made[full]

    def _expanded(self, full: str) -> Node:
        short = full.rpartition(".")[2]
        if short == "Quantity":
            return {**INT_OR_STRING, "pattern": QUANTITY}
        if short == "IntOrString":
            return INT_OR_STRING
        if short == "ObjectMeta":  # controller-gen writes no fields of metadata inside a spec, so they are pruned
            return {"type": "object"}
        return self._node(self._definitions[full], ())

    def _node(self, node: Mapping[str, Any], required: Iterable[str], name: str = "") -> Node:
        wrapped = node.get("allOf") or []
        reference = node.get("$ref") or (wrapped[0].get("$ref") if len(wrapped) == 1 else None)
        if reference:
            return self._definition(reference.removeprefix(_PREFIX))
        out: Node = {key: node[key] for key in _KEPT if key in node}
        # The OpenAPI gives every plain field the zero of its type as default; only markers of the source mean it.
        if node.get("default") or (node.get("default") == "" and name not in required):
            out["default"] = node["default"]
        if "items" in node:
            out["items"] = self._node(node["items"], ())
            out["items"].pop("default", None) if out["items"].get("type") == "string" else None
        if node.get("properties"):
            demanded = tuple(node.get("required", ()))
            out["properties"] = {key: self._node(each, demanded, key) for key, each in node["properties"].items()}
            if demanded:
                out["required"] = list(demanded)
        elif isinstance(node.get("additionalProperties"), Mapping):
            out["additionalProperties"] = self._node(node["additionalProperties"], ())
            out["additionalProperties"].pop("default", None)
        return out
