"""A signature says one thing, in one form, by one algorithm; whatever differs by a byte is refused in words."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.core.errors import InputError
from leanrag.evidence.claims import RULES, parse_claims
from leanrag.evidence.jws import Refusal, seal
from leanrag.evidence.override import Override, sign_override, verify_override
from leanrag.evidence.token import TYPE, Verified, claims_of, sign, verify


def b64(data):
    raw = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def refused(token, gate, *more):
    found = verify(token, [gate.key.public, *more])
    assert isinstance(found, Refusal)
    return found.reason


def forged(gate, header=None, payload=None):
    """A token whose signature holds over whatever header and payload are wanted."""
    head = header if header is not None else {"alg": "EdDSA", "kid": gate.key.kid, "typ": TYPE}
    body = payload if payload is not None else gate.claims()
    signed = f"{b64(head)}.{b64(body)}"
    return f"{signed}.{b64(gate.key.private.sign(signed.encode()))}"


def test_what_was_signed_comes_back_with_the_key_that_signed(gate):
    found = verify(gate.token(), [gate.other.public, gate.key.public])
    assert isinstance(found, Verified)
    assert (found.claims.document(), found.kid) == (gate.claims(), gate.key.kid)


def test_a_generic_jose_library_reads_the_same_claims(gate):
    decoded = jwt.decode(gate.token(), gate.key.private.public_key(), algorithms=["EdDSA"])
    assert decoded == gate.claims()


def test_the_helper_that_forges_is_believed_when_it_forges_nothing(gate):
    assert isinstance(verify(forged(gate), [gate.key.public]), Verified)


@given(data=st.data())
def test_no_changed_byte_of_a_token_is_ever_believed(gate, data):
    token = gate.token().encode()
    at = data.draw(st.integers(0, len(token) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != token[at]))
    changed = token[:at] + bytes([byte]) + token[at + 1 :]
    assert isinstance(verify(changed.decode("latin-1"), [gate.key.public]), Refusal)


def test_another_spelling_of_the_same_signature_is_refused(gate):
    # 64 bytes leave four bits of the last character unused, which a lenient reader ignores.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = gate.token()
    last = alphabet.index(token[-1])
    same = [token[:-1] + alphabet[last | bits] for bits in range(1, 16)]
    assert all(base64.urlsafe_b64decode(t.split(".")[2] + "==")[:64] == b64_bytes(token) for t in same)
    for text in same:
        assert "canonical" in refused(text, gate)


def b64_bytes(token):
    return base64.urlsafe_b64decode(token.split(".")[2] + "==")


@given(end=st.integers(0, 800))
def test_no_truncated_token_is_believed(gate, end):
    token = gate.token()
    assert isinstance(verify(token[: min(end, len(token) - 1)], [gate.key.public]), Refusal)


@given(junk=st.text())
def test_no_text_makes_the_reader_fail(gate, junk):
    assert isinstance(verify(junk, [gate.key.public]), Refusal)
    assert isinstance(verify(f"{b64({'alg': 'EdDSA'})}.{b64(junk.encode('utf-8', 'replace'))}.AA", []), Refusal)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"alg": "none"}, "only EdDSA is accepted"),
        ({"alg": "HS256"}, "only EdDSA is accepted"),
        ({"alg": "Ed448"}, "only EdDSA is accepted"),
        ({"alg": ["EdDSA"]}, "only EdDSA is accepted"),
        ({"typ": "JWT"}, "of the kind 'JWT'"),
        ({"typ": "leanrag-override"}, "of the kind 'leanrag-override'"),
        ({"crit": ["b64"], "b64": False}, "does not consist of alg, kid and typ"),
        ({"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "A"}}, "does not consist of alg, kid and typ"),
        ({"kid": 7}, "does not consist of alg, kid and typ"),
        ({"kid": "0" * 16}, "which the cluster does not name"),
    ],
)
def test_a_header_that_asks_for_something_else_is_refused_though_its_signature_holds(gate, header, told):
    head = {"alg": "EdDSA", "kid": gate.key.kid, "typ": TYPE} | header
    assert told in refused(forged(gate, header=head), gate)


@pytest.mark.parametrize("name", ["alg", "kid", "typ"])
def test_a_header_without_one_of_its_keys_is_refused(gate, name):
    head = {"alg": "EdDSA", "kid": gate.key.kid, "typ": TYPE}
    del head[name]
    assert refused(forged(gate, header=head), gate)


def test_the_public_key_is_no_secret_to_sign_with(gate):
    signed = f"{b64({'alg': 'HS256', 'kid': gate.key.kid, 'typ': TYPE})}.{b64(gate.claims())}"
    mac = hmac.new(base64.b64decode(gate.key.public), signed.encode(), hashlib.sha256).digest()
    assert "only EdDSA" in refused(f"{signed}.{b64(mac)}", gate)


def test_a_token_of_another_key_under_the_id_of_ours_is_refused(gate):
    stolen = {"alg": "EdDSA", "kid": gate.key.kid, "typ": TYPE}
    signed = f"{b64(stolen)}.{b64(gate.claims())}"
    assert "does not hold" in refused(f"{signed}.{b64(gate.other.private.sign(signed.encode()))}", gate)


def test_a_key_that_was_taken_out_of_cluster_yaml_is_no_longer_believed(gate):
    assert "does not name" in verify(gate.token(), [gate.other.public]).reason
    assert "names no public key" in verify(gate.token(), []).reason


def test_one_malformed_line_does_not_take_the_other_keys_away(gate):
    assert isinstance(verify(gate.token(), ["rubbish", gate.key.public]), Verified)
    assert "'rubbish' is not base64" in verify(gate.token(), ["rubbish"]).reason


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_claim_must_be_there_and_be_right(gate, name):
    claims = gate.claims()
    without = {key: value for key, value in claims.items() if key != name}
    assert f"the claim {name} is missing" in refused(forged(gate, payload=without), gate)
    assert f"the claim {name} is" in refused(forged(gate, payload=claims | {name: {"x": 1}}), gate)


@pytest.mark.parametrize("attempt", [0, -1, True, "1", 1.0, 1_000_001])
def test_an_attempt_is_a_whole_number_from_one(gate, attempt):
    assert "the claim attempt is" in refused(forged(gate, payload=gate.claims() | {"attempt": attempt}), gate)


@pytest.mark.parametrize("revision", ["main", "a" * 39, "A" * 40, "a" * 40 + "\n"])
def test_a_revision_is_a_whole_sha(gate, revision):
    assert "the claim revision is" in refused(forged(gate, payload=gate.claims() | {"revision": revision}), gate)


def test_an_unknown_claim_is_refused(gate):
    assert "'note' is unknown" in refused(forged(gate, payload=gate.claims() | {"note": ""}), gate)
    assert "of the schema" in refused(forged(gate, payload=gate.claims() | {"schema": "x"}), gate)


def test_a_claim_said_twice_is_refused(gate):
    text = json.dumps(gate.claims() | {"outcome": "FAIL"})
    twice = text.replace('"outcome": "FAIL"', '"outcome": "FAIL", "outcome": "PASS"')
    assert "holds no JSON" in refused(forged(gate, payload=twice.encode()), gate)


def test_a_payload_that_is_no_object_is_refused(gate):
    assert "no JSON objects" in refused(forged(gate, payload=b"[]"), gate)
    assert "holds no JSON" in refused(forged(gate, payload=b"[" * 9000), gate)


def test_a_huge_token_is_refused_before_it_is_read(gate):
    assert "more than 16384" in refused("A" * 20_000, gate)


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_nothing_at_all_is_unsigned(gate, empty):
    assert refused(empty, gate) == "unsigned"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"end": "2026-11-21T07:00:00Z"}, "times are impossible"),
        ({"measuredAt": "2026-11-21T11:30:00Z"}, "outside its run"),
        ({"measuredAt": "2026-11-20T11:30:00Z"}, "outside its run"),
        ({"carriedFrom": "dev-0", "measuredAt": "2026-11-21T10:00:00Z"}, "later than its own start"),
        ({"carriedFrom": "dev-1", "measuredAt": "2026-11-20T10:00:00Z"}, "carried from itself"),
        ({"contentHash": None}, "content that it cannot name"),
        ({"end": "2026-02-31T09:00:00Z"}, "the claim end is"),
    ],
)
def test_claims_that_contradict_themselves_are_neither_signed_nor_believed(gate, changes, told):
    made = gate.document() | changes
    with pytest.raises(InputError, match=told):
        claims_of(made, "{}")
    assert told in refused(forged(gate, payload=gate.claims() | changes), gate)


def test_a_local_verdict_has_nothing_to_sign(gate):
    with pytest.raises(InputError, match="the claim trigger is 'None'"):
        claims_of(gate.document(trigger=None), "{}")


def test_claims_survive_the_way_there_and_back(gate):
    claims = parse_claims(gate.claims())
    assert verify(sign(claims, gate.key), [gate.key.public]).claims == claims


OVERRIDE = Override("prod", "a" * 40, "the gate's node is gone", "ada", "2026-11-21T11:00:00Z")


def test_an_override_comes_back_as_it_was_signed(gate):
    assert verify_override(sign_override(OVERRIDE, gate.key), [gate.key.public]) == OVERRIDE


def test_evidence_is_no_override_and_an_override_no_evidence(gate):
    assert "of the kind" in verify_override(gate.token(), [gate.key.public]).reason
    assert "of the kind" in refused(sign_override(OVERRIDE, gate.key), gate)


@pytest.mark.parametrize(
    "changes",
    [{"reason": " "}, {"by": ""}, {"by": "a\nb"}, {"revision": "main"}, {"cluster": "X"}, {"at": "now"}, {"x": 1}],
)
def test_an_override_names_a_reason_a_person_and_a_whole_sha(gate, changes):
    said = {"schema": "leanrag.io/override/v1", "cluster": "prod", "revision": "a" * 40, "reason": "r", "by": "b"}
    said |= {"at": "2026-11-21T11:00:00Z"}
    assert isinstance(verify_override(seal(said, gate.key, "leanrag-override"), [gate.key.public]), Override)
    token = seal(said | changes, gate.key, "leanrag-override")
    assert isinstance(verify_override(token, [gate.key.public]), Refusal)
