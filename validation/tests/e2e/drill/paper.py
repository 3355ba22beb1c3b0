"""A verdict as the gate writes it, so that a fault may change one thing in it: honest, whole, and a PASS."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from leanrag.core.clock import stamp, utc_now
from leanrag.evidence import store
from leanrag.evidence.jws import seal
from leanrag.evidence.keys import SigningKey
from leanrag.evidence.token import TYPE, claims_of, digest, sign

STEPS = ("converge", "check", "smoke", "load", "judge", "verdict")
Document = dict[str, Any]
Change = Callable[[Document], Any]


def document(cluster: str, sha: str, content_hash: str, attempt: int = 1) -> Document:
    """Return a whole PASS of a full run that ended a minute ago."""
    end = utc_now() - timedelta(minutes=1)
    start = end - timedelta(minutes=2)
    return {
        "schema": "leanrag.io/verdict/v1",
        "id": f"{cluster}-{sha[:12]}-{attempt}",
        "scope": "cluster",
        "cluster": cluster,
        "environment": cluster,
        "revision": sha,
        "dirty": False,
        "contentHash": content_hash,
        "fingerprint": digest(f"what runs on {cluster}"),
        "mode": "full",
        "trigger": "postsync",
        "attempt": attempt,
        "carriedFrom": None,
        "measuredAt": stamp(end),
        "outcome": "PASS",
        "reason": "The objective is met with 95 % confidence.",
        "steps": [step(name) for name in STEPS],
        "objectives": [OBJECTIVE],
        "distributions": [],
        "evidence": [],
        "skipped": [],
        "subject": {"api": "ogx", "vectorStore": "faiss", "models": [], "images": []},
        "tools": {},
        "seed": 1,
        "reproduce": [],
        "start": stamp(start),
        "end": stamp(end),
    }


def step(name: str, outcome: str = "PASS") -> Document:
    """Return a step of a verdict."""
    return {"name": name, "outcome": outcome, "reason": f"{name}: {outcome}", "seconds": 1, "items": [], "facts": {}}


OBJECTIVE: Document = {
    "model": "tiny",
    "name": "ttft p95",
    "metric": "ttft",
    "unit": "ms",
    "percentile": 95,
    "limit": 500,
    "confidence": 0.95,
    "n": 200,
    "required": 59,
    "violations": 1,
    "estimate": 250.0,
    "allowed": 0.05,
    "interval": {"lower": 0.0001, "upper": 0.0275},
    "outcome": "PASS",
    "reason": "95 % of requests have TTFT <= 500 ms: 1 of 200 did not",
}


def config_map(document: Document, key: SigningKey, namespace: str) -> Document:
    """Return the ConfigMap of an honest verdict."""
    text = json.dumps(document, indent=2) + "\n"
    claims = claims_of(document, text)
    return store.build(
        claims, text, token=sign(claims, key), sentence=document["reason"], metrics="", namespace=namespace
    )


def forged(document: Document, key: SigningKey, namespace: str, text: str | None = None) -> Document:
    """Return a ConfigMap whose claims are signed as they are, without the care that an honest gate takes."""
    text = json.dumps(document, indent=2) + "\n" if text is None else text
    names = store.RULES
    payload = {name: document.get(name) for name in names} | {
        "schema": "leanrag.io/evidence/v1",
        "verdictDigest": digest(text),
    }
    body = named(document["revision"], int(document["attempt"]), namespace)
    body["data"] = {store.VERDICT: text, store.EVIDENCE: seal(payload, key, TYPE)}
    return body


def named(sha: str, attempt: int, namespace: str, labels: Mapping[str, str] | None = None) -> Document:
    """Return an empty verdict ConfigMap with the right name and labels."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": store.name_of(sha, attempt),
            "namespace": namespace,
            "labels": {
                "leanrag.io/verdict": "true",
                "leanrag.io/cluster": "dev",
                "leanrag.io/revision": sha,
                "leanrag.io/outcome": "PASS",
                **(labels or {}),
            },
        },
        "data": {},
    }
