"""A verdict about a cluster shows what asked for it, whether it was measured, what ran, and who signed it."""

import pytest

from leanrag.gate.reading import schema_problems
from leanrag.report import html, text, view

SUBJECT = {
    "running": [{"image": "reg/rag:1", "id": "reg/rag@sha256:" + "1" * 64}],
    "operators": {"kserve": "0.20.0"},
    "gpu": ["NVIDIA-L4"],
}
CLUSTER = {
    "scope": "cluster",
    "cluster": "dev",
    "trigger": "nightly",
    "attempt": 3,
    "carriedFrom": None,
    "measuredAt": "2026-11-21T04:00:00Z",
    "fingerprint": "sha256:" + "f" * 64,
    "signedBy": "0123456789abcdef",
}


@pytest.fixture
def document(verdict):
    def make(**changes):
        base = verdict("pass")
        subject = base["subject"] | SUBJECT | {"images": ["reg/rag:1", "reg/other:2"]}
        return base | CLUSTER | {"subject": subject} | changes

    return make


def rows(document):
    return dict(view.subject_rows(document))


def test_the_sample_is_a_verdict(document):
    assert schema_problems(document()) == ()


def test_trigger_attempt_digests_and_surroundings_are_shown(document):
    found = rows(document())
    assert found["Run"][1] == "by the nightly schedule, attempt 3 on this commit"
    assert found["Images"] == (f"reg/rag:1 running as reg/rag@sha256:{'1' * 64}", "reg/other:2")
    assert (found["Operators"], found["GPUs"]) == (("kserve 0.20.0",), ("NVIDIA-L4",))
    assert "attempt 3" in text.render(document()).splitlines()[0]


def test_who_signed_is_shown_as_a_claim_and_not_as_proof(document):
    assert rows(document())["Signature"][0].startswith("key 0123456789abcdef; this page does not prove it")
    assert rows(document(signedBy=None))["Signature"] == ("none: promotion refuses this verdict",)


def test_a_carried_verdict_says_so_before_anything_else(document):
    shown = document(carriedFrom="dev-0", measuredAt="2026-11-20T04:00:00Z")
    assert "those of the verdict dev-0" in view.meaning(shown)
    assert "those of the verdict dev-0" in " ".join(text.render(shown).split())
    assert "those of the verdict dev-0" in html.render(shown)
    assert rows(shown)["Measured"] == ("at 2026-11-20T04:00:00Z, carried from the verdict dev-0",)


def test_a_measured_verdict_does_not_speak_of_carrying(document):
    assert "Measured" not in rows(document())
    assert "verdict dev-0" not in html.render(document())


def test_a_local_verdict_written_before_these_keys_is_still_read(verdict):
    old = verdict("pass")
    assert not set(CLUSTER) - {"scope", "cluster"} & set(old)
    assert schema_problems(old) == ()
    assert {"Signature", "Measured", "Operators"}.isdisjoint(rows(old))
    assert html.render(old)


@pytest.mark.parametrize("key", ["trigger", "attempt", "carriedFrom", "measuredAt", "fingerprint"])
def test_evidence_about_a_cluster_must_say_all_of_it(document, key):
    made = document()
    del made[key]
    assert f"'{key}' is a required property" in schema_problems(made)[0]


def test_a_trigger_of_nobody_is_no_evidence_about_a_cluster(document):
    assert schema_problems(document(trigger=None))
