"""What a signature says about a verdict, as data; a document that says more, less or something else is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

SCHEMA = "leanrag.io/evidence/v1"
OUTCOMES = ("PASS", "FAIL", "INCONCLUSIVE", "NOT_RUN")
DECISIVE = ("PASS", "FAIL")
TRIGGERS = ("postsync", "nightly", "manual")
MODES = ("full", "smoke", "observe")
SCOPES = ("cluster", "local")
MAX_ATTEMPT = 1_000_000

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT_FORM = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """The signed facts of one verdict; moments are RFC 3339 in UTC, `verdict_digest` covers verdict.json's bytes.

    `attempt` counts from 1 for each commit on each cluster. `carried_from` is the id of the verdict whose measurement
    this one repeats, `measured_at` the end of the run that really measured.
    """

    id: str
    cluster: str
    environment: str
    scope: str
    revision: str
    content_hash: str | None
    fingerprint: str | None
    outcome: str
    mode: str
    trigger: str
    attempt: int
    carried_from: str | None
    measured_at: str
    verdict_digest: str
    start: str
    end: str

    def document(self) -> dict[str, str | int | None]:
        """Return the claims as they are signed."""
        return {"schema": SCHEMA} | {_camel(each.name): getattr(self, each.name) for each in fields(self)}

    @property
    def decisive(self) -> bool:
        """Whether the outcome is an answer."""
        return self.outcome in DECISIVE

    @property
    def measured(self) -> datetime:
        """When the run that measured ended."""
        return _read(self.measured_at)

    @property
    def ended(self) -> datetime:
        """When this run ended."""
        return _read(self.end)

    @property
    def began(self) -> datetime:
        """When this run started."""
        return _read(self.start)


def parse_claims(document: object) -> Claims | str:
    """Return a signed document as claims, or what is wrong with it in one clause."""
    if not isinstance(document, Mapping):
        return "the claims are no JSON object"
    if document.get("schema") != SCHEMA:
        return f"claims of the schema {str(document.get('schema'))[:60]!r}, not {SCHEMA!r}"
    if missing := [name for name in RULES if name not in document]:
        return f"the claim {missing[0]} is missing"
    if extra := sorted(str(name) for name in document if name not in RULES and name != "schema"):
        return f"the claim {extra[0][:40]!r} is unknown"
    if wrong := [name for name, holds in RULES.items() if not holds(document[name])]:
        return f"the claim {wrong[0]} is {str(document[wrong[0]])[:80]!r}"
    claims = Claims(**{name: document[_camel(name)] for name in NAMES})
    return _contradiction(claims) or claims


def _contradiction(claims: Claims) -> str:
    if claims.ended < claims.began:
        return f"its times are impossible: {claims.start} to {claims.end}"
    if claims.carried_from is None and not claims.began <= claims.measured <= claims.ended:
        return f"it says it measured at {claims.measured_at}, outside its run"
    if claims.carried_from is not None and claims.measured > claims.began:
        return f"it carries a measurement of {claims.measured_at}, later than its own start"
    if claims.carried_from == claims.id:
        return "it says that it is carried from itself"
    if claims.outcome == "PASS" and claims.content_hash is None:
        return "it says PASS about content that it cannot name"
    return ""


def moment(text: object) -> datetime | None:
    """Return an RFC 3339 moment in UTC as written by `core.clock.stamp`, or None; 2026-02-31 is none."""
    if not isinstance(text, str) or not _MOMENT_FORM.fullmatch(text):
        return None
    try:
        return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def _read(text: str) -> datetime:
    found = moment(text)
    assert found is not None  # parse_claims and claims_of let nothing else in
    return found


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _form(expression: str) -> Callable[[object], bool]:
    pattern = re.compile(expression, re.ASCII)
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _among(*words: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and value in words


def _or_none(holds: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or holds(value)


def _attempt(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ATTEMPT


def _is_moment(value: object) -> bool:
    return moment(value) is not None


_ID = _form(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NAME = _form(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")
_SHA256 = _form(r"sha256:[0-9a-f]{64}")
RULES: Mapping[str, Callable[[Any], bool]] = {
    "id": _ID,
    "cluster": _NAME,
    "environment": _NAME,
    "scope": _among(*SCOPES),
    "revision": _form(r"[0-9a-f]{40}"),
    "contentHash": _or_none(_SHA256),
    "fingerprint": _or_none(_SHA256),
    "outcome": _among(*OUTCOMES),
    "mode": _among(*MODES),
    "trigger": _among(*TRIGGERS),
    "attempt": _attempt,
    "carriedFrom": _or_none(_ID),
    "measuredAt": _is_moment,
    "verdictDigest": _SHA256,
    "start": _is_moment,
    "end": _is_moment,
}
NAMES: tuple[str, ...] = tuple(each.name for each in fields(Claims))
