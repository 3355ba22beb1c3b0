"""Ask for the status, and make what it looks at: settled Applications and signed verdicts."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from leanrag.core.clock import stamp
from leanrag.core.git import Git
from leanrag.evidence.claims import Claims
from leanrag.evidence.keys import parse_key
from leanrag.evidence.store import build
from leanrag.evidence.token import digest, sign
from leanrag.operate.commands import show_status
from leanrag.operate.hub import Hub

from .conftest import PRIVATE, Repo, Store
from .test_applications import body

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def status(repo: Repo, kubeconfig: Path | None = None, **spokes: Path) -> tuple[int, dict[str, Any]]:
    hub = Hub(kubeconfig) if kubeconfig else None
    others = {name: Hub(path) for name, path in spokes.items()}
    code, text = show_status(Git(repo.root), None, hub, others, None, "json", NOW)
    document: dict[str, Any] = json.loads(text)
    assert document["exitCode"] == code
    return code, {each["cluster"]: each for each in document["clusters"]}


def text(repo: Repo, kubeconfig: Path | None = None) -> str:
    return show_status(Git(repo.root), None, Hub(kubeconfig) if kubeconfig else None, {}, None, "text", NOW)[1]


def settled(store: Store, repo: Repo, *clusters: str) -> None:
    """Make every Application that Git lists for these clusters, Synced and Healthy at its pin."""
    for cluster in clusters:
        pin = repo.git("show", f"main:clusters/{cluster}/release.yaml").partition("revision: ")[2].split()[0]
        for suffix in ("", "-pin", "-gate", "-rag-stack", "-model-chat"):
            raw = body("synced")
            raw["metadata"].update(name=cluster + suffix, labels={"leanrag.io/cluster": cluster})
            raw["spec"]["source"]["targetRevision"] = pin
            store.add(raw)


def verdict(
    store: Store, repo: Repo, cluster: str, sha: str, outcome: str = "PASS", attempt: int = 1, **more: Any
) -> dict[str, Any]:
    """Store a signed verdict and return its ConfigMap."""
    known: dict[str, Any] = {
        "id": f"{cluster}-{sha[:12]}-{attempt}",
        "cluster": cluster,
        "environment": cluster,
        "scope": "cluster",
        "revision": sha,
        "content_hash": None if outcome != "PASS" else content(repo, cluster, sha),
        "fingerprint": None,
        "outcome": outcome,
        "mode": "full",
        "trigger": "postsync",
        "attempt": attempt,
        "carried_from": None,
        "measured_at": stamp(NOW - timedelta(hours=2)),
        "start": stamp(NOW - timedelta(hours=2, minutes=10)),
        "end": stamp(NOW - timedelta(hours=2)),
        "verdict_digest": "sha256:" + "0" * 64,
        **more,
    }
    document = {**Claims(**known).document(), "reason": f"{outcome} because"}
    del document["verdictDigest"]
    written = json.dumps(document)
    claims = Claims(**{**known, "verdict_digest": digest(written)})
    token = sign(claims, parse_key(PRIVATE, "test"))
    made = build(claims, written, token=token, sentence="x", metrics="", namespace=f"{cluster}-gate")
    store.put(f"/api/v1/namespaces/{cluster}-gate/configmaps/{made['metadata']['name']}", made)
    return made


def content(repo: Repo, cluster: str, sha: str) -> str:
    from leanrag.catalog.commits import Commits
    from leanrag.catalog.content import content_hash

    return content_hash(Commits(Git(repo.root)).at(sha), cluster)
