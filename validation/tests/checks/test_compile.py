"""The compiler's promises on small schemas, without any download."""

from typing import Any

import jsonschema_rs

from leanrag.checks.cel_tree import is_transition
from leanrag.checks.crd import compile_crd
from leanrag.checks.openapi import compile_openapi
from leanrag.checks.validators import UniqueBy

META: dict[str, Any] = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a"}}


def crd(spec: dict[str, Any], **more: Any) -> Any:
    """Compile a CRD with this spec schema and return its validator."""
    version = {"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}, **more}
    names = {"group": "example.org", "names": {"kind": "Thing"}, "scope": "Namespaced", "versions": [version]}
    [kind] = compile_crd({"spec": names})
    keywords: Any = {"uniqueBy": UniqueBy}
    return jsonschema_rs.Draft202012Validator(kind.schema, keywords=keywords)


def accepts(validator: Any, spec: Any) -> bool:
    return bool(validator.is_valid({**META, "spec": spec}))


def test_an_object_without_named_fields_takes_none() -> None:
    validator = crd({"type": "object"})
    assert accepts(validator, {})
    assert not accepts(validator, {"a": 1})


def test_preserved_unknown_fields_open_their_own_node_only() -> None:
    inner = {"type": "object", "properties": {"known": {"type": "string"}}}
    validator = crd({"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"inner": inner}})
    assert accepts(validator, {"anything": {"goes": 1}})
    assert not accepts(validator, {"inner": {"unknwon": "x"}})


def test_alternatives_do_not_close_the_object() -> None:
    rule = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    validator = crd({**rule, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]})
    assert accepts(validator, {"a": "1", "b": "2"})
    assert not accepts(validator, {})


def test_an_int_or_string_takes_both_and_nothing_else() -> None:
    anything = [{"type": "integer"}, {"type": "string"}]
    validator = crd({"anyOf": anything, "x-kubernetes-int-or-string": True, "pattern": "^[0-9]+%?$"})
    assert accepts(validator, 3)
    assert accepts(validator, "3%")
    assert not accepts(validator, "3x")
    assert not accepts(validator, 1.5)


def test_null_needs_nullable() -> None:
    fields = {"a": {"type": "string", "nullable": True}, "b": {"type": "string"}}
    validator = crd({"type": "object", "properties": fields})
    assert accepts(validator, {"a": None})
    assert not accepts(validator, {"b": None})


def test_a_required_field_with_a_default_may_be_absent() -> None:
    fields = {"a": {"type": "string", "default": "x"}, "b": {"type": "string"}}
    validator = crd({"type": "object", "properties": fields, "required": ["a", "b"]})
    assert accepts(validator, {"b": "y"})
    assert not accepts(validator, {"a": "x"})


def test_list_map_keys_count_defaults() -> None:
    item = {
        "type": "object",
        "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
    }
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]}
    validator = crd({"type": "array", "items": item, **keys})
    assert accepts(validator, [{"port": 1}, {"port": 1, "protocol": "UDP"}])
    assert not accepts(validator, [{"port": 1}, {"port": 1, "protocol": "TCP"}])


def test_int32_has_its_bounds_beside_those_of_the_author() -> None:
    validator = crd({"type": "integer", "format": "int32", "minimum": 1})
    assert accepts(validator, 2**31 - 1)
    assert not accepts(validator, 2**31)
    assert not accepts(validator, 0)


def test_an_exclusive_bound_of_openapi_3_0_stays_exclusive() -> None:
    validator = crd({"type": "number", "minimum": 0, "exclusiveMinimum": True})
    assert accepts(validator, 0.1)
    assert not accepts(validator, 0)


def test_an_embedded_object_has_metadata_with_rules() -> None:
    validator = crd(
        {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    )
    assert accepts(validator, {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}})
    assert not accepts(validator, {"metadata": {"labels": {"a": "b c"}}})


def test_the_cel_rules_of_a_kind_are_kept_where_they_stand() -> None:
    rules = {"x-kubernetes-validations": [{"rule": "self.a"}, {"rule": "self.b == oldSelf.b"}]}
    schema = {"type": "object", "properties": {"spec": {"type": "object", **rules}}}
    version = {"name": "v1", "schema": {"openAPIV3Schema": schema}}
    [kind] = compile_crd({"spec": {"group": "g", "names": {"kind": "T"}, "scope": "Cluster", "versions": [version]}})
    assert [is_transition(each) for each in kind.rules["properties"]["spec"]["rules"]] == [False, True]
    assert not kind.namespaced


def test_a_version_that_is_not_served_is_no_kind() -> None:
    version = {"name": "v1", "served": False, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "g", "names": {"kind": "T"}, "scope": "Cluster", "versions": [version]}
    assert list(compile_crd({"spec": spec})) == []


def test_a_builtin_kind_carries_only_the_definitions_it_reaches() -> None:
    prefix = "#/components/schemas/"
    definitions = {
        "io.a.Thing": {
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"},
                "kind": {"type": "string"},
                "spec": {"allOf": [{"$ref": f"{prefix}io.a.Spec"}], "default": {}},
            },
        },
        "io.a.Spec": {"type": "object", "properties": {"size": {"$ref": f"{prefix}io.k8s.Quantity"}}},
        "io.k8s.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        "io.a.Other": {"type": "object", "properties": {"x": {"type": "string"}}},
    }
    named = {"group": "example.org", "version": "v1", "kind": "Thing"}
    body = {"content": {"*/*": {"schema": {"$ref": f"{prefix}io.a.Thing"}}}}
    post = {"x-kubernetes-group-version-kind": named, "x-kubernetes-action": "post", "requestBody": body}
    paths = {"/apis/example.org/v1/namespaces/{namespace}/things": {"post": post}}
    [kind] = compile_openapi({"paths": paths, "components": {"schemas": definitions}})
    validator = jsonschema_rs.Draft202012Validator(kind.schema)
    assert kind.namespaced
    assert set(kind.schema["$defs"]) == {"io.a.Spec", "io.k8s.Quantity"}
    assert accepts(validator, {"size": "8Gi"})
    assert not accepts(validator, {"size": "8Gib"})
    assert not accepts(validator, {"siez": "8Gi"})
