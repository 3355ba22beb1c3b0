"""A signed override: a person takes the responsibility for one pin that no verdict grants."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from leanrag.core.errors import InputError
from leanrag.evidence.claims import RULES, moment
from leanrag.evidence.jws import Opened, Refusal, open_sealed, seal
from leanrag.evidence.keys import Keys, SigningKey

SCHEMA = "leanrag.io/override/v1"
TYPE = "leanrag-override"
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,400}")


@dataclass(frozen=True, slots=True)
class Override:
    """Put `revision` (40 hex) on `cluster`, because of `reason`, by a person, `at` a moment (RFC 3339 in UTC)."""

    cluster: str
    revision: str
    reason: str
    by: str
    at: str

    @property
    def made(self) -> datetime:
        """When it was signed."""
        found = moment(self.at)
        assert found is not None  # sign_override and verify_override let nothing else in
        return found


def sign_override(override: Override, key: SigningKey) -> str:
    """Return an override as a compact JWS; InputError when it lacks a reason, a person or a whole SHA."""
    if problem := _problem(asdict(override)):
        raise InputError(f"this override cannot be signed: {problem}", hint="give all of it")
    return seal({"schema": SCHEMA} | asdict(override), key, TYPE)


def verify_override(token: str, keys: Keys | Iterable[str]) -> Override | Refusal:
    """Return an override if one of the public keys (base64) signed exactly it; anything else is a Refusal."""
    opened = open_sealed(token, keys, TYPE)
    if not isinstance(opened, Opened):
        return opened
    said = dict(opened.payload)
    if said.pop("schema", None) != SCHEMA:
        return Refusal(f"not of the schema {SCHEMA!r}")
    if set(said) != {"cluster", "revision", "reason", "by", "at"}:
        return Refusal("an override says cluster, revision, reason, by and at, and nothing else")
    problem = _problem(said)
    return Refusal(problem) if problem else Override(**said)


def _problem(said: Mapping[str, Any]) -> str:
    if wrong := next((name for name in ("cluster", "revision") if not RULES[name](said[name])), None):
        return f"its {wrong} is {str(said[wrong])[:80]!r}"
    for name in ("reason", "by"):
        if not isinstance(said[name], str) or not _LINE.fullmatch(said[name]) or not said[name].strip():
            return f"its {name} is not one line of text"
    return "" if moment(said["at"]) else f"its moment is {str(said['at'])[:80]!r}"
