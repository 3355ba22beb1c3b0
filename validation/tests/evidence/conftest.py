"""A gate that signs, and the ConfigMaps it would write, with any part changed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leanrag.evidence.effective import Effective, effective
from leanrag.evidence.keys import SigningKey, make_key, parse_key
from leanrag.evidence.store import Record, build, read
from leanrag.evidence.token import claims_of, sign


class Gate:
    """The gate of the cluster dev, on one day."""

    sha = "a" * 40
    content = "sha256:" + "b" * 64
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __init__(self) -> None:
        self.key: SigningKey = parse_key(make_key()[0], "a test")
        self.other: SigningKey = parse_key(make_key()[0], "a test")

    def document(self, **changes: Any) -> dict[str, Any]:
        """A verdict; `ended` ("11:00") moves its end and the measurement together."""
        moment = f"2026-11-21T{changes.pop('ended', '11:00')}:00Z"
        return {
            "schema": "leanrag.io/verdict/v1",
            "id": "dev-1",
            "cluster": "dev",
            "environment": "dev",
            "scope": "cluster",
            "revision": self.sha,
            "contentHash": self.content,
            "fingerprint": "sha256:" + "c" * 64,
            "outcome": "PASS",
            "reason": "All 5 objectives are met.",
            "mode": "full",
            "trigger": "postsync",
            "attempt": 1,
            "carriedFrom": None,
            "measuredAt": moment,
            "start": "2026-11-21T08:00:00Z",
            "end": moment,
        } | changes

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a verdict as they are signed."""
        made = self.document(**changes)
        return claims_of(made, json.dumps(made)).document()

    def token(self, **changes: Any) -> str:
        made = self.document(**changes)
        return sign(claims_of(made, json.dumps(made)), self.key)

    def body(self, key: SigningKey | None = None, *, signed: bool = True, **changes: Any) -> dict[str, Any]:
        """The ConfigMap of a verdict."""
        made = self.document(**changes)
        text = json.dumps(made, indent=2)
        claims = claims_of(made, text)
        token = sign(claims, key or self.key) if signed else ""
        return build(claims, text, token=token, sentence="a sentence", metrics="", namespace="dev-gate")

    def record(self, *arguments: Any, **changes: Any) -> Record:
        return self.read(self.body(*arguments, **changes))

    def read(self, body: dict[str, Any]) -> Record:
        return read(body, [self.key.public])

    def judge(self, *records: Record, content: str | None = "", now: datetime | None = None) -> Effective:
        wanted = self.content if content == "" else content
        return effective(records, "dev", self.sha, wanted, now=now or self.now, max_age=timedelta(days=7))


@pytest.fixture(scope="session")
def gate() -> Gate:
    return Gate()
