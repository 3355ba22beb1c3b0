"""Of a ConfigMap only what is signed is believed: not its name, not its labels, not a byte of an edited document."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.core.errors import InputError
from leanrag.evidence import store
from leanrag.evidence.token import claims_of, sign


def test_what_was_built_reads_back_verified(gate):
    found = gate.record()
    assert found.problem == ""
    assert (found.sha12, found.attempt, found.claims.outcome) == ("a" * 12, 1, "PASS")
    assert found.verdict["reason"] == "All 5 objectives are met."


def test_the_config_map_has_the_documented_form(gate):
    body = gate.body(attempt=3)
    assert body["metadata"] == {
        "name": "verdict-aaaaaaaaaaaa-3",
        "namespace": "dev-gate",
        "labels": {
            "leanrag.io/verdict": "true",
            "leanrag.io/cluster": "dev",
            "leanrag.io/revision": "a" * 40,
            "leanrag.io/outcome": "PASS",
        },
        "annotations": {"leanrag.io/sentence": "a sentence"},
    }
    assert body["immutable"] is True
    assert set(body["data"]) == {"verdict.json", "evidence.jws"}


@given(data=st.data(), key=st.sampled_from(["verdict.json", "evidence.jws"]))
def test_no_changed_byte_of_document_or_signature_is_ever_believed(gate, data, key):
    body = gate.body()
    text = body["data"][key]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters().filter(lambda value: value != text[at]))
    body["data"][key] = text[:at] + letter + text[at + 1 :]
    assert gate.read(body).claims is None


@given(data=st.data())
def test_no_truncated_document_is_believed(gate, data):
    body = gate.body()
    text = body["data"]["verdict.json"]
    body["data"]["verdict.json"] = text[: data.draw(st.integers(0, len(text) - 1))]
    assert gate.read(body).claims is None


def test_labels_and_annotations_are_not_believed(gate):
    body = gate.body(outcome="FAIL", reason="too slow")
    body["metadata"]["labels"] = {"leanrag.io/outcome": "PASS", "leanrag.io/revision": "e" * 40}
    body["metadata"]["annotations"] = {"leanrag.io/sentence": "PASS"}
    assert gate.read(body).claims.outcome == "FAIL"


def test_a_verdict_whose_label_was_taken_off_is_still_found(gate):
    body = gate.body()
    del body["metadata"]["labels"]
    assert store.is_verdict(body)
    assert not store.is_verdict({"metadata": {"name": "gate-revision", "labels": {"leanrag.io/verdict": "true"}}})


@pytest.mark.parametrize("name", ["verdict-aaaaaaaaaaaa-2", "verdict-bbbbbbbbbbbb-1", "verdict-aaaaaaaaaaaa-01", "x"])
def test_a_signed_verdict_under_another_name_is_a_copy(gate, name):
    body = gate.body()
    body["metadata"]["name"] = name
    assert "copied or renamed" in gate.read(body).problem


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"evidence.jws": ""}, "unsigned"),
        ({"verdict.json": ""}, "verdict.json is missing"),
        ({"verdict.json": "{}"}, "edited or truncated"),
        ({"verdict.json": "x" * 2_000_000}, "more than a ConfigMap may hold"),
        ({"verdict.json": 7}, "verdict.json is missing"),
        ({"evidence.jws": "\ud800"}, "no compact JWS"),
    ],
)
def test_what_is_missing_huge_or_replaced_is_named(gate, data, told):
    body = gate.body()
    body["data"] |= data
    assert told in gate.read(body).problem


@pytest.mark.parametrize("body", [{}, {"metadata": None, "data": None}, {"metadata": {"name": 3}, "data": [1]}])
def test_a_body_of_any_shape_is_read_without_an_error(gate, body):
    found = gate.read(body)
    assert (found.claims, found.sha12, found.problem) == (None, "", "unsigned")


def signed_text(gate, text, **changes):
    """A ConfigMap whose signature covers `text`, whatever it says."""
    claims = claims_of(gate.document(**changes), text)
    return store.build(claims, text, token=sign(claims, gate.key), sentence="", metrics="", namespace="n")


def test_a_document_that_says_something_else_than_its_signature_is_refused(gate):
    text = json.dumps(gate.document(outcome="FAIL"))
    assert "differ in outcome" in gate.read(signed_text(gate, text)).problem


def test_a_document_with_a_key_twice_is_refused_though_it_is_signed(gate):
    text = json.dumps(gate.document()).replace('"outcome": "PASS"', '"outcome": "FAIL", "outcome": "PASS"')
    assert "names a key twice" in gate.read(signed_text(gate, text)).problem


def test_a_number_that_satisfies_no_limit_is_refused_though_it_is_signed(gate):
    text = json.dumps(gate.document())[:-1] + ', "p95": NaN}'
    assert "not a number that can be judged" in gate.read(signed_text(gate, text)).problem


def named(*names):
    return [{"metadata": {"name": name}} for name in names]


def test_attempts_are_numbered_per_commit_after_the_highest():
    existing = named("verdict-aaaaaaaaaaaa-2", "verdict-aaaaaaaaaaaa-10", "verdict-bbbbbbbbbbbb-99", "other")
    assert store.next_attempt(existing, "a" * 40) == 11
    assert store.next_attempt(existing, "c" * 40) == 1


def test_a_name_that_uses_up_all_numbers_is_an_error():
    with pytest.raises(InputError, match="leaves no number"):
        store.next_attempt(named("verdict-aaaaaaaaaaaa-1000000"), "a" * 40)


def aged(gate, day, attempt, outcome="PASS", sha="a"):
    body = gate.body(revision=sha * 40, attempt=attempt, outcome=outcome)
    body["metadata"]["creationTimestamp"] = f"2026-11-{day:02}T00:00:00Z"
    return body


def test_nothing_is_deleted_up_to_the_limit(gate):
    assert store.to_delete([aged(gate, day, day) for day in range(1, 21)]) == ()


def test_the_oldest_go_first_by_the_api_servers_clock(gate):
    existing = [aged(gate, day, 30 - day) for day in range(1, 24)]
    assert store.to_delete(reversed(existing)) == tuple(f"verdict-aaaaaaaaaaaa-{n}" for n in (29, 28, 27))


def test_the_newest_answer_about_the_newest_commit_is_never_deleted(gate):
    answers = [aged(gate, 1, 1, "PASS"), aged(gate, 2, 2, "FAIL")]
    silent = [aged(gate, day, day, "INCONCLUSIVE") for day in range(3, 28)]
    gone = store.to_delete([*answers, *silent])
    assert "verdict-aaaaaaaaaaaa-1" in gone
    assert "verdict-aaaaaaaaaaaa-2" not in gone


def test_an_answer_about_an_older_commit_may_go(gate):
    old = aged(gate, 1, 1, "PASS", sha="b")
    assert store.to_delete([old, *(aged(gate, day, day) for day in range(2, 23))])[0] == "verdict-bbbbbbbbbbbb-1"


def test_other_config_maps_are_never_deleted(gate):
    others = [{"metadata": {"name": f"other-{n}", "creationTimestamp": ""}} for n in range(50)]
    assert store.to_delete([*others, aged(gate, 1, 1)]) == ()


def test_reading_changes_nothing(gate):
    body = gate.body()
    before = copy.deepcopy(body)
    gate.read(body)
    assert body == before
