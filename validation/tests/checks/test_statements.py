"""A signed statement may lie in Git; a bearer token may not."""

import json

import pytest
from jwt.utils import base64url_encode

from leanrag.checks.rules.security import secret_in
from leanrag.evidence import jws, override, token
from leanrag.evidence.keys import SigningKey, make_key, parse_key


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return parse_key(make_key()[0], "the test")


@pytest.mark.parametrize("kind", [token.TYPE, override.TYPE])
def test_the_evidence_of_a_pin_is_no_secret(key: SigningKey, kind: str) -> None:
    assert secret_in(("release", "history", 0, "evidence"), jws.seal({"cluster": "dev"}, key, kind)) == ""


def test_a_token_of_another_kind_is_a_secret_wherever_it_stands(key: SigningKey) -> None:
    assert secret_in(("release", "history", 0, "evidence"), jws.seal({"sub": "dev"}, key, "JWT")) == "a JSON web token"


def test_a_bearer_token_that_only_borrows_the_name_is_a_secret() -> None:
    parts = ({"alg": "HS256", "typ": token.TYPE}, {"sub": "dev-admin"})
    text = ".".join(base64url_encode(json.dumps(part).encode()).decode() for part in parts) + ".c2lnbmF0dXJl"
    assert secret_in(("release", "history", 0, "evidence"), text) == "a JSON web token"


def test_a_token_beside_the_evidence_of_a_pin_is_found(key: SigningKey) -> None:
    beside = jws.seal({"sub": "someone"}, key, "JWT")
    assert secret_in(("release", "history", 0, "by"), beside) == "a JSON web token"
