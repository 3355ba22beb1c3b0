"""A difference names its path and both values; what only moved, or reads otherwise, is told apart from what changed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.changes.paths import ABSENT, differences, shown


def found(before, after):
    return [(shown(each.path), each.before, each.after) for each in differences(before, after)]


def containers(*pairs):
    return {"containers": [{"name": name, "image": image} for name, image in pairs]}


def test_named_items_are_compared_by_name_wherever_they_stand():
    before, after = containers(("a", "1"), ("b", "1")), containers(("new", "1"), ("a", "1"), ("b", "2"))
    assert found(before, after) == [
        ("containers[name=new]", ABSENT, {"name": "new", "image": "1"}),
        ("containers[name=b].image", "1", "2"),
    ]


def test_an_order_that_changed_is_said_once():
    before, after = containers(("a", "1"), ("b", "1")), containers(("b", "1"), ("a", "1"))
    assert found(before, after) == [("containers.order", ["name=a", "name=b"], ["name=b", "name=a"])]


def test_a_nameless_item_put_first_moves_nothing_else():
    before, after = {"rules": [{"to": ["x"]}, {"to": ["y"]}]}, {"rules": [{"to": ["z"]}, {"to": ["x"]}, {"to": ["y"]}]}
    assert found(before, after) == [("rules[0]", ABSENT, {"to": ["z"]})]


def test_names_that_are_not_unique_do_not_hide_an_item():
    before = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    after = {"ports": [{"port": 53, "protocol": "UDP"}]}
    assert found(before, after) == [("ports[1]", {"port": 53, "protocol": "TCP"}, ABSENT)]


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), ("1", 1), (None, ""), ({}, []), (1, 1.5)])
def test_what_only_python_holds_equal_is_a_difference(before, after):
    assert len(found({"k": before}, {"k": after})) == 1


def test_null_is_not_absence():
    assert found({"k": None}, {}) == [("k", None, ABSENT)]


def test_documents_in_json_are_compared_inside():
    before, after = ({"data": {"m.json": json.dumps({"a": {"b": b}, "c": 1})}} for b in (1, 2))
    assert found(before, after) == [("data[m.json].a.b", 1, 2)]


def test_json_that_is_only_written_otherwise_is_a_difference_all_the_same():
    assert found({"m": '{"a":1}'}, {"m": '{"a": 1}'}) == [("m", '{"a":1}', '{"a": 1}')]


def test_keys_with_dots_and_slashes_stay_readable():
    assert (
        found({"labels": {"helm.sh/chart": "a"}}, {"labels": {"helm.sh/chart": "b"}})[0][0] == "labels[helm.sh/chart]"
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["name", "a", "b"]), inner, max_size=3),
    max_leaves=12,
)


@given(values, values)
def test_nothing_differs_only_between_equal_documents(before, after):
    same = json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert bool(found(before, after)) is not same
