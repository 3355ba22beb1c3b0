"""A key is one thing in one form; what is none is named by its place, never quoted."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from leanrag.core.errors import InputError
from leanrag.evidence.jws import Refusal
from leanrag.evidence.keys import key_id, make_key, parse_key, public_keys, read_key
from leanrag.evidence.token import verify


def pem_of(private, encryption=None):
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def test_a_new_pair_fits_together(tmp_path):
    pem, public = make_key()
    (tmp_path / "key.pem").write_text(pem)
    key = read_key(tmp_path / "key.pem")
    assert (key.public, key.kid) == (public, key_id(public))
    assert len(base64.b64decode(public)) == 32
    assert public_keys([public]).problems == ()


def test_two_pairs_differ():
    assert make_key() != make_key()


def test_a_key_in_a_message_shows_its_public_half_only():
    pem, public = make_key()
    key = parse_key(pem, "x")
    assert public in repr(key)
    assert "private" not in repr(key)


@pytest.mark.parametrize(
    ("pem", "told"),
    [
        (b"", "no private key in PEM form"),
        (b"secret rubbish", "no private key in PEM form"),
        (b"\xff\xfe", "no private key in PEM form"),
        (pem_of(Ed448PrivateKey.generate()), "not an Ed25519 one"),
        (pem_of(generate_private_key(SECP256R1())), "not an Ed25519 one"),
        (pem_of(load_pem_private_key(make_key()[0].encode(), None), BestAvailableEncryption(b"x")), "encrypted"),
    ],
    ids=["empty", "rubbish", "bytes", "ed448", "p256", "encrypted"],
)
def test_what_is_no_usable_key_is_named_by_its_place_and_never_quoted(tmp_path, pem, told):
    path = tmp_path / "key.pem"
    path.write_bytes(pem)
    with pytest.raises(InputError, match=told) as caught:
        read_key(path)
    assert str(path) in caught.value.message
    assert "secret" not in caught.value.message


def test_a_missing_key_file_is_an_error_with_a_way_out(tmp_path):
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_key(tmp_path / "none.pem")
    assert "leanrag gate keygen" in caught.value.hint


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "has 0 bytes, not 32"),
        ("AAAA", "has 3 bytes, not 32"),
        ("not base64!", "is not base64"),
        (None, "is not base64"),
        (base64.b64encode(bytes(32)).decode(), "a placeholder"),
    ],
)
def test_a_line_that_is_no_public_key_is_a_problem(line, told):
    found = public_keys([line])
    assert found.by_id == {}
    assert told in found.problems[0]


SMALL_ORDER = (
    "00" * 32,
    "00" * 31 + "80",
    "01" + "00" * 31,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)


@pytest.mark.parametrize("raw", SMALL_ORDER)
def test_nobody_can_sign_for_a_point_of_small_order(gate, raw):
    # With such a key, R = the point itself or the neutral one and S = 0 is a signature of many texts.
    weak = base64.b64encode(bytes.fromhex(raw)).decode()
    signed = gate.token().rsplit(".", 1)[0]
    for point in (raw, "01" + "00" * 31):
        signature = base64.urlsafe_b64encode(bytes.fromhex(point) + bytes(32)).rstrip(b"=").decode()
        assert isinstance(verify(f"{signed}.{signature}", [weak]), Refusal)
    assert public_keys([weak]).by_id == {}
