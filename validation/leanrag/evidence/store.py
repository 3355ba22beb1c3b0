"""A verdict as a ConfigMap: built by the gate, read back without trust. No network here.

Only the signature counts. Name, labels and annotations say the same for people and selectors, and whoever may write
there can change labels (`immutable` protects `data` alone); so verdicts are found by name and judged by their claims.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from leanrag.core.errors import InputError
from leanrag.evidence.claims import DECISIVE, MAX_ATTEMPT, RULES, Claims
from leanrag.evidence.jws import Refusal
from leanrag.evidence.keys import Keys
from leanrag.evidence.token import Verified, digest, verify

VERDICT, EVIDENCE, METRICS = "verdict.json", "evidence.jws", "metrics.prom"
LABEL = "leanrag.io/verdict"
SENTENCE = "leanrag.io/sentence"
KEEP = 20
# An object in etcd ends near 1 MiB (the API server refuses more in `data`); metrics, signature and metadata need room.
MAX_VERDICT = 700 * 1024
MAX_DATA = 1024 * 1024
_NAME = re.compile(r"verdict-([0-9a-f]{12})-([1-9][0-9]{0,6})")


@dataclass(frozen=True, slots=True)
class Record:
    """One ConfigMap, judged: `verified` is None exactly when `problem` says why it is no evidence.

    `sha12` and `attempt` are what its name says. `verdict` is the document behind a good signature; of a bad one
    nothing is passed on but its text.
    """

    name: str
    sha12: str
    attempt: int
    verified: Verified | None
    problem: str
    verdict: Mapping[str, Any] | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    metrics: str = field(default="", repr=False)

    @property
    def claims(self) -> Claims | None:
        """The signed claims, or None."""
        return self.verified.claims if self.verified else None


def name_of(revision: str, attempt: int) -> str:
    """Return the name of the ConfigMap for an attempt on a commit."""
    return f"verdict-{revision[:12]}-{attempt}"


def is_verdict(body: Mapping[str, Any]) -> bool:
    """Whether a ConfigMap holds a verdict, by its name; the label could have been taken off to hide a FAIL."""
    return _NAME.fullmatch(_meta(body, "name")) is not None


def next_attempt(existing: Iterable[Mapping[str, Any]], revision: str) -> int:
    """Return the number after the highest of a commit among ConfigMaps, judged by their names."""
    named = (_NAME.fullmatch(_meta(body, "name")) for body in existing)
    used = max((int(found[2]) for found in named if found and found[1] == revision[:12]), default=0)
    if used >= MAX_ATTEMPT:
        raise InputError(
            f"{name_of(revision, used)} leaves no number for another attempt", hint="look who made it, and delete it"
        )
    return used + 1


def build(claims: Claims, verdict: str, *, token: str, sentence: str, metrics: str, namespace: str) -> dict[str, Any]:
    """Return the ConfigMap of a verdict document as a JSON object; `token` is empty for an unsigned one."""
    data = {VERDICT: verdict, EVIDENCE: token, METRICS: metrics}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name_of(claims.revision, claims.attempt),
            "namespace": namespace,
            "labels": {
                LABEL: "true",
                "leanrag.io/cluster": claims.cluster,
                "leanrag.io/revision": claims.revision,
                "leanrag.io/outcome": claims.outcome,
            },
            "annotations": {SENTENCE: sentence},
        },
        "immutable": True,
        "data": {key: value for key, value in data.items() if value},
    }


def read(body: Mapping[str, Any], keys: Keys | Iterable[str]) -> Record:
    """Return a ConfigMap as a record; one that cannot be believed has a `problem`, never an exception.

    The signature must hold, name the exact bytes of verdict.json, and say what the document and the name say.
    """
    found = _NAME.fullmatch(name := _meta(body, "name"))
    sha12, attempt = (found[1], int(found[2])) if found else ("", 0)
    texts = [_text(body, key) for key in (VERDICT, EVIDENCE, METRICS)]
    if isinstance(judged := _judge(name, texts[0], texts[1], keys), str):
        return Record(name, sha12, attempt, None, judged, None, *texts)
    verified, document = judged
    return Record(name, sha12, attempt, verified, "", document, *texts)


def _judge(name: str, text: str, token: str, keys: Keys | Iterable[str]) -> tuple[Verified, Mapping[str, Any]] | str:
    if len(text) > MAX_DATA:
        return f"{VERDICT} has {len(text):,} characters, more than a ConfigMap may hold"
    if isinstance(verified := verify(token, keys), Refusal):
        return verified.reason
    claims = verified.claims
    if not text:
        return f"{VERDICT} is missing"
    if digest(text.encode("utf-8", "surrogatepass")) != claims.verdict_digest:
        return f"{VERDICT} is not the document that was signed: edited or truncated"
    if isinstance(document := parse_document(text), str):
        return document
    if differing := next(
        (key for key in RULES if key != "verdictDigest" and document.get(key) != _said(claims, key)), ""
    ):
        return f"{VERDICT} and its signature differ in {differing}"
    if name != name_of(claims.revision, claims.attempt):
        return f"its name is not that of attempt {claims.attempt} on {claims.revision[:12]}: copied or renamed"
    return verified, document


def _said(claims: Claims, key: str) -> str | int | None:
    return claims.document()[key]


def parse_document(text: str, source: str = VERDICT) -> Mapping[str, Any] | str:
    """Return a verdict text as a JSON object, or why it is none; what JSON parsers disagree about is refused.

    A number beyond all bounds would satisfy no limit, and of two keys `outcome` each reader might see another.
    """
    try:
        document = json.loads(text, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        return f"{source}: not a whole JSON document: {str(error)[:120]}"
    return document if isinstance(document, dict) else f"{source}: not a JSON object"


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is not a number that can be judged")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object names a key twice")
    return document


def to_delete(existing: Iterable[Mapping[str, Any]], keep: int = KEEP) -> tuple[str, ...]:
    """Return the names of the verdicts to delete, oldest first, so that `keep` stay.

    The newest answer (PASS or FAIL) about the newest commit stays however old it is: twenty runs without an answer
    must not take away the one that counts. Age is `creationTimestamp`, which only the API server writes.
    """
    verdicts = sorted((body for body in existing if is_verdict(body)), key=_age)
    if len(verdicts) <= keep:
        return ()
    newest = _NAME.fullmatch(_meta(verdicts[-1], "name"))
    assert newest is not None  # is_verdict let nothing else in
    answers = [
        _meta(b, "name") for b in verdicts if _meta(b, "name").startswith(f"verdict-{newest[1]}-") and _answers(b)
    ]
    old = [_meta(body, "name") for body in verdicts[: len(verdicts) - keep]]
    return tuple(name for name in old if name not in answers[-1:])


def _age(body: Mapping[str, Any]) -> tuple[str, int]:
    found = _NAME.fullmatch(_meta(body, "name"))
    return _meta(body, "creationTimestamp"), int(found[2]) if found else 0


def _answers(body: Mapping[str, Any]) -> bool:
    document = parse_document(_text(body, VERDICT))
    return isinstance(document, Mapping) and document.get("outcome") in DECISIVE


def _meta(body: Mapping[str, Any], key: str) -> str:
    metadata = body.get("metadata")
    value = metadata.get(key) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else ""


def _text(body: Mapping[str, Any], key: str) -> str:
    data = body.get("data")
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""
