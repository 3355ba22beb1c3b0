"""JSON Web Signatures, compact, Ed25519 only, read strictly: one text, one meaning, or a refusal in words."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.utils import base64url_decode, base64url_encode

from leanrag.evidence.keys import Keys, SigningKey, public_keys

ALGORITHM = "EdDSA"
MAX_TOKEN = 16 * 1024
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER = {"alg", "kid", "typ"}
_JWS = jwt.PyJWS(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is no evidence, in one clause."""

    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload whose signature holds, and the id of the key that made it."""

    payload: Mapping[str, Any]
    kid: str


def seal(payload: Mapping[str, Any], key: SigningKey, kind: str) -> str:
    """Return the payload as a compact JWS; `kind` becomes its `typ`, so that one kind cannot stand for another."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return _JWS.encode(text.encode(), key.private, ALGORITHM, headers={"typ": kind, "kid": key.kid})


def open_sealed(token: str, keys: Keys | Iterable[str], kind: str) -> Opened | Refusal:
    """Return the payload if one of the keys signed it as this kind; whatever is not exactly right is a Refusal.

    Accepted are the header keys alg, kid and typ and nothing else, the algorithm EdDSA, the key that `kid` names.
    Key hints inside the token (jwk, x5c, jku) are never followed: a header with one is refused.
    """
    known = keys if isinstance(keys, Keys) else public_keys(keys)
    parts = _parts(token)
    if isinstance(parts, Refusal):
        return parts
    header, payload = parts
    if problem := _header_problem(header, kind):
        return Refusal(problem)
    if (key := known.by_id.get(header["kid"])) is None:
        return Refusal(_unknown_key(header["kid"], known))
    try:
        _JWS.decode(token, key, algorithms=[ALGORITHM])
    except jwt.PyJWTError:
        return Refusal(f"the signature of key {header['kid']} does not hold: edited, or made with another key")
    return Opened(payload, header["kid"])


def kind_of(token: object) -> str:
    """Return the kind that a text says it is, without believing it; "" when it is no JWS of this form."""
    parts = _parts(token)
    return "" if isinstance(parts, Refusal) or set(parts[0]) != _HEADER else str(parts[0]["typ"])


def _parts(token: object) -> tuple[dict[str, Any], dict[str, Any]] | Refusal:
    if not isinstance(token, str) or not token.strip():
        return Refusal("unsigned")
    if len(token) > MAX_TOKEN:
        return Refusal(f"the signature document has {len(token)} characters, more than {MAX_TOKEN}")
    if not _COMPACT.fullmatch(token):
        return Refusal("the signature document is no compact JWS: truncated or edited")
    segments = token.split(".")
    try:
        decoded = [base64url_decode(segment) for segment in segments]
        # The last character of a segment may hold unused bits; with them set it is another text of the same meaning.
        if [base64url_encode(each).decode() for each in decoded] != segments:
            return Refusal("the signature document is not in its canonical form: edited")
        header, payload = (json.loads(each, object_pairs_hook=_unique) for each in decoded[:2])
    except (ValueError, RecursionError):
        return Refusal("the signature document holds no JSON: truncated or edited")
    if not isinstance(header, dict) or not isinstance(payload, dict):
        return Refusal("the signature document holds no JSON objects")
    return header, payload


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object names a key twice")
    return document


def _header_problem(header: Mapping[str, Any], kind: str) -> str:
    if header.get("alg") != ALGORITHM:
        return f"signed with the algorithm {str(header.get('alg'))[:20]!r}; only {ALGORITHM} is accepted"
    if header.get("typ") != kind:
        return f"it is of the kind {str(header.get('typ'))[:40]!r}, not {kind!r}"
    if set(header) != _HEADER or not isinstance(header["kid"], str):
        return "its header does not consist of alg, kid and typ"
    return ""


def _unknown_key(kid: str, known: Keys) -> str:
    if not known.by_id and not known.problems:
        return "the cluster names no public key, so no signature can be believed"
    unreadable = f"; {known.problems[0]}" if known.problems else ""
    return f"signed with the key {kid[:16]!r}, which the cluster does not name{unreadable}"
