"""The CEL rules of a CustomResourceDefinition as a pruned tree: only the nodes that a rule needs, as plain JSON.

A node may have `rules`; the children `properties`, `items`, `extra` (additionalProperties); `keys` of a list of type
map; `as`, the CEL type of a value that JSON has no type for; and `escaped`, the names under which rules see properties
that CEL could not name (k8s.io/apiserver v0.34.4, pkg/cel/common/schemas.go and pkg/cel/escaping.go).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Tree = dict[str, Any]

_KEPT = ("rule", "message", "messageExpression", "fieldPath", "reason", "optionalOldSelf")
_TYPES = {"date-time": "timestamp", "datetime": "timestamp", "date": "timestamp", "duration": "duration"}
_OLD = re.compile(r"\boldSelf\b")
_KEYWORDS = {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if",
             "import", "let", "loop", "package", "namespace", "return", "var", "void", "while"}  # fmt: skip
_PARTS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_ESCAPED = re.compile(r"__|\.|-|/")


def tree(schema: Mapping[str, Any], below_rule: bool = False) -> Tree:
    """Return the pruned tree of a structural schema; empty when no rule stands there or below."""
    out: Tree = {}
    if rules := schema.get("x-kubernetes-validations"):
        out["rules"] = [{key: each[key] for key in _KEPT if key in each} for each in rules]
    seen = below_rule or bool(rules)
    if seen and (kind := _cel_type(schema)):
        out["as"] = kind
    properties = schema.get("properties", {})
    if children := {key: held for key, each in properties.items() if (held := tree(each, seen))}:
        out["properties"] = children
    if seen and (names := {key: other for key in properties if (other := escaped(key)) != key}):
        out["escaped"] = names
    for key, name in (("items", "items"), ("additionalProperties", "extra")):
        if isinstance(schema.get(key), Mapping) and (held := tree(schema[key], seen)):
            out[name] = held
    if out and schema.get("x-kubernetes-list-type") == "map":
        out["keys"] = list(schema.get("x-kubernetes-list-map-keys", ()))
    return out


def _cel_type(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "number":
        return "double"
    if schema.get("type") == "string" and schema.get("format") == "byte":
        return "bytes"
    return _TYPES.get(str(schema.get("format")), "") if schema.get("type") == "string" else ""


def escaped(name: str) -> str:
    """Return the name under which CEL sees a property: `a-b` is `a__dash__b`, `namespace` is `__namespace__`."""
    return f"__{name}__" if name in _KEYWORDS else _ESCAPED.sub(lambda found: _PARTS[found[0]], name)


def is_transition(rule: Mapping[str, Any]) -> bool:
    """Say whether a rule compares with the object as it was before."""
    return bool(_OLD.search(rule["rule"]))


def rules_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every rule of a tree."""
    yield from node.get("rules", ())
    for child in (*node.get("properties", {}).values(), *(node[key] for key in ("items", "extra") if key in node)):
        yield from rules_of(child)
