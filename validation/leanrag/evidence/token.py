"""The evidence of a verdict: signed claims that name the exact bytes of its document.

The claims alone suffice to decide (a pin's history keeps only them); the document explains.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.core.errors import InputError
from leanrag.evidence.claims import RULES, SCHEMA, Claims, parse_claims
from leanrag.evidence.jws import Opened, Refusal, open_sealed, seal
from leanrag.evidence.keys import Keys, SigningKey

TYPE = "leanrag-evidence"


@dataclass(frozen=True, slots=True)
class Verified:
    """Claims whose signature holds, and the id of the key that made it."""

    claims: Claims
    kid: str


def digest(text: str | bytes) -> str:
    """Return `sha256:…` of a document's bytes."""
    data = text.encode() if isinstance(text, str) else text
    return "sha256:" + hashlib.sha256(data).hexdigest()


def claims_of(verdict: Mapping[str, Any], text: str | bytes) -> Claims:
    """Return what can be signed about a verdict document whose exact bytes are `text`.

    InputError when the document lacks what a signature must name: a commit, an attempt, a trigger, its times.
    """
    said: dict[str, Any] = {"schema": SCHEMA, "verdictDigest": digest(text)}
    said |= {name: verdict.get(name) for name in RULES if name != "verdictDigest"}
    claims = parse_claims(said)
    if isinstance(claims, str):
        raise InputError(f"this verdict cannot be signed: {claims}", hint="look at its verdict.json")
    return claims


def sign(claims: Claims, key: SigningKey) -> str:
    """Return the claims as a compact JWS."""
    return seal(claims.document(), key, TYPE)


def verify(token: str, keys: Keys | Iterable[str]) -> Verified | Refusal:
    """Return the claims if one of the public keys (base64) signed exactly them; anything else is a Refusal."""
    opened = open_sealed(token, keys, TYPE)
    if not isinstance(opened, Opened):
        return opened
    claims = parse_claims(opened.payload)
    return Refusal(claims) if isinstance(claims, str) else Verified(claims, opened.kid)
