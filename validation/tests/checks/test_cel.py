"""CEL rules hold, are broken, or are unknown, as the API server's evaluator says: each case was read in its sources."""

import json
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.cel import ABSENT, Broken, Node, judge, judge_change
from leanrag.checks.cel_program import nested
from leanrag.checks.cel_rules import changes, counted
from leanrag.checks.cel_tree import escaped, rules_of, tree
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope, identity
from leanrag.core import yamlio
from leanrag.render.manifest import Manifest

APP = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", Path("c"), Path("o"), ())
CASES = yamlio.read(Path(__file__).parent / "cel" / "rules.yaml")


def node(schema: dict[str, Any], *rules: str, **more: Any) -> Node:
    validations = {"x-kubernetes-validations": [{"rule": each, **more} for each in rules]}
    return Node(tree({"type": "object", **schema, **validations}))


def broken(rule: str, value: Any, **schema: Any) -> list[Broken]:
    return list(judge(node(schema, rule), value))


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["rule"]))
def test_a_rule_says_what_kubernetes_says(case: dict[str, Any]) -> None:
    found = broken(case["rule"], case["self"], properties=case.get("properties", {}))
    answer = "holds" if not found else "unknown" if found[0].unknown else "broken"
    assert answer == case["says"], found


def test_every_rule_of_every_kind_compiles_and_knows_its_functions() -> None:
    known = schemas()
    rules = {
        each["rule"] for path in known.folder.glob("*-rules-*.json") for each in rules_of(json.loads(path.read_text()))
    }
    assert len(rules) > 150
    for rule in rules:
        found = broken(rule, {}) if "oldSelf" not in rule else list(judge_change(node({}, rule), {}, {}))
        said = " ".join(each.message for each in found)
        assert "parse" not in said, rule
        assert "Undefined" not in said, rule


def test_a_broken_rule_speaks_with_its_own_words_at_its_own_place() -> None:
    rule = {"rule": "self.a == 'x'", "fieldPath": ".a", "message": "a must be x"}
    [found] = judge(Node({"rules": [rule]}), {"a": "y"}, ("spec",))
    assert (found.path, found.message) == (("spec", "a"), "a must be x")
    [found] = judge(Node({"rules": [{**rule, "messageExpression": "'not ' + self.a"}]}), {"a": "y"})
    assert found.message == "not y"


def test_rules_stand_in_maps_lists_and_nested_objects() -> None:
    rule = {"type": "object", "x-kubernetes-validations": [{"rule": "self.n > 1"}]}
    held = {"list": {"type": "array", "items": rule}, "map": {"type": "object", "additionalProperties": rule}}
    whole = Node(tree({"type": "object", "properties": {"spec": {"type": "object", "properties": held}}}))
    value = {"spec": {"list": [{"n": 2}, {"n": 1}], "map": {"a": {"n": 0}}, "other": None}}
    assert [each.path for each in judge(whole, value)] == [("spec", "list", 1), ("spec", "map", "a")]


def test_loops_over_long_lists_are_unknown_and_do_not_hang() -> None:
    [found] = broken("self.l.all(a, self.l.all(b, self.l.all(c, a == b || b == c)))", {"l": list(range(1000))})
    assert found.unknown
    assert nested("a.all(x, b.exists(y, y)) && c.filter(z, ')')") == 2


@pytest.mark.parametrize(
    ("name", "seen"), [("a-b", "a__dash__b"), ("in", "__in__"), ("a__b.c/d", "a__underscores__b__dot__c__slash__d")]
)
def test_names_that_cel_cannot_write_are_escaped(name: str, seen: str) -> None:
    assert escaped(name) == seen
    assert broken(f"self.{seen} == 'x'", {name: "x"}, properties={name: {"type": "string"}}) == []


def test_a_transition_is_judged_against_the_object_as_it_was() -> None:
    fixed = node({}, "self.a == oldSelf.a")
    assert list(judge_change(fixed, {"a": 1}, {"a": 1})) == []
    assert len(list(judge_change(fixed, {"a": 1}, {"a": 2}))) == 1
    assert list(judge_change(fixed, {"a": 1}, ABSENT)) == []
    assert list(judge(fixed, {"a": 1})) == []


def test_an_optional_old_self_is_judged_when_the_object_is_new() -> None:
    rule = node({}, "oldSelf.hasValue() || self.a == 1", optionalOldSelf=True)
    assert list(judge_change(rule, {"a": 1}, ABSENT)) == []
    assert len(list(judge_change(rule, {"a": 2}, ABSENT))) == 1
    assert list(judge_change(rule, {"a": 2}, {"a": 2})) == []


def test_items_of_a_list_of_type_map_are_matched_by_their_keys_and_others_by_nothing() -> None:
    item = {"type": "object", "x-kubernetes-validations": [{"rule": "self.v == oldSelf.v"}]}
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    new, old = [{"k": "b", "v": 1}, {"k": "a", "v": 2}], [{"k": "a", "v": 1}, {"k": "b", "v": 1}]
    assert [each.path for each in judge_change(Node(tree({"type": "array", "items": item, **keyed})), new, old)] == [
        (1,)
    ]
    assert list(judge_change(Node(tree({"type": "array", "items": item})), new, old)) == []


def test_a_change_is_judged_when_the_base_revision_is_known() -> None:
    def manifest(spec: dict[str, str]) -> Manifest:
        body = {"apiVersion": "grafana.integreatly.org/v1beta1", "kind": "GrafanaFolder", "metadata": {"name": "a"}}
        return Manifest(APP, "t.yaml", {**body, "spec": {"instanceSelector": {}, **spec}})

    now, then = manifest({"uid": "new"}), manifest({})
    known = schemas()
    assert list(changes(Scope((now,), known))) == []
    assert list(changes(Scope((now,), known, before={}))) == []
    assert list(changes(Scope((now,), known, before={identity(then): now.body}))) == []
    [finding] = changes(Scope((now,), known, before={identity(then): then.body}))
    assert (finding.rule, finding.unknown) == ("CEL002", False)
    assert counted(Scope((now,), known))["celTransition"] > 0
    assert counted(Scope((now,), known, before={}))["celTransition"] == 0
