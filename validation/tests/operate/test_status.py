"""`leanrag status` says where every cluster is and why it is not at main; one broken file is one line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.clock import stamp
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.evidence.claims import Claims
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import build
from leanrag.evidence.token import digest, sign
from leanrag.operate.commands import show_status
from leanrag.operate.hub import Hub

from .conftest import PRIVATE, PUBLIC, Repo, Store, facts
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


# Git alone


def test_git_alone_tells_pins_and_how_much_of_main_matters(repo: Repo) -> None:
    repo.commit({"README.md": "# new\n"}, "docs: a word")
    repo.commit({"overlays/staging/rag/rag-stack.yaml": "replicas: 2\n"}, "feat: two")
    repo.commit({"overlays/prod/rag/rag-stack.yaml": "replicas: 4\n"}, "feat: four")
    code, rows = status(repo)
    assert code == 1
    assert rows["dev"]["state"] == "ok" and rows["prod"]["state"] == "empty"
    assert rows["staging"]["state"] == "behind"
    # Three pins, a word, staging's change and prod's: one of them changes what staging renders.
    assert rows["staging"]["ahead"] == {"commits": 6, "relevant": 1, "same": False, "more": False}
    assert rows["staging"]["verdict"] is None and "clusters were not asked" in text(repo)


def test_commits_that_change_nothing_here_leave_a_cluster_where_it_should_be(repo: Repo) -> None:
    repo.pin("prod", repo.git("rev-parse", "HEAD"), follows="staging")
    repo.commit({"README.md": "# new\n", "charts/rag/rag-stack/README.md": "# x\n"}, "docs: a word")
    code, rows = status(repo)
    assert code == 0
    assert {row["state"] for row in rows.values()} == {"ok"}
    assert rows["staging"]["ahead"]["relevant"] == 0 and rows["staging"]["ahead"]["commits"] > 0


@pytest.mark.parametrize("name", ["release.yaml", "cluster.yaml"])
def test_a_malformed_file_is_one_line_and_the_others_are_told(repo: Repo, name: str) -> None:
    repo.commit({f"clusters/staging/{name}": "release: [\n"})
    code, rows = status(repo)
    assert code == 1 and rows["staging"]["state"] == "broken" and rows["dev"]["state"] == "ok"
    assert any(name in problem for problem in rows["staging"]["problems"])
    assert "staging: broken: " in text(repo)


def test_a_pin_that_main_does_not_contain_is_told(repo: Repo) -> None:
    repo.pin("staging", "d" * 40, follows="dev")
    _, rows = status(repo)
    assert "no commit of main" in rows["staging"]["problems"][0]


def test_a_circle_of_followers_is_told_without_asking_any_cluster(repo: Repo) -> None:
    repo.pin("staging", repo.git("rev-parse", "HEAD"), follows="prod")
    _, rows = status(repo)
    assert "follows itself" in rows["staging"]["problems"][0]


def test_holds_and_freezes_are_told(repo: Repo) -> None:
    pin = repo.git("rev-parse", "HEAD")
    hold = {"revisions": ["e" * 40], "reason": "slow", "by": "op", "since": "2026-11-20T00:00:00Z"}
    repo.pin("staging", pin, follows="dev", hold=hold)
    window = {"schedule": "0 0 * * *", "duration": "23h", "reason": "the fair"}
    repo.commit({"clusters/prod/cluster.yaml": facts("prod", freeze=[window])})
    _, rows = status(repo)
    assert rows["staging"]["state"] == "held" and "leanrag release staging" in rows["staging"]["holds"][0]
    assert rows["prod"]["state"] == "frozen" and "the fair" in rows["prod"]["freeze"][0]


def test_one_cluster_can_be_asked_for_and_an_unknown_one_is_an_error(repo: Repo) -> None:
    _, told = show_status(Git(repo.root), None, None, {}, "staging", "text", NOW)
    assert "staging" in told and "dev  " not in told
    with pytest.raises(InputError):
        show_status(Git(repo.root), None, None, {}, "berlin", "text", NOW)


def test_origin_counts_before_a_branch_of_ones_own(repo: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    repo.git("clone", "-q", str(repo.root), str(clone))
    behind = Repo(clone)
    behind.git("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-q", "--allow-empty", "-m", "mine, not pushed")
    _, told = show_status(Git(clone), None, None, {}, None, "text", NOW)
    assert "(origin/main)" in told and "mine" not in told


# With clusters


def test_everything_where_it_should_be_is_exit_0(repo: Repo, store: Store, kubeconfig: Path) -> None:
    head = repo.git("rev-parse", "HEAD")
    repo.commit({"clusters/prod/release.yaml": None, "clusters/prod/cluster.yaml": None})
    repo.pin("staging", head, follows="dev")
    settled(store, repo, "dev", "staging")
    verdict(store, repo, "dev", repo.git("rev-parse", "HEAD"))
    verdict(store, repo, "staging", head, carried_from="staging-older-1", measured_at=stamp(NOW - timedelta(days=1)))
    code, rows = status(repo, kubeconfig)
    assert {name: row["state"] for name, row in rows.items()} == {"dev": "ok", "staging": "ok"}
    assert code == 0
    assert rows["staging"]["verdict"]["carried"] == "staging-older-1"
    assert "PASS full 2 h ago, carried" in text(repo, kubeconfig)


def test_why_a_pin_waits_is_told_in_the_words_of_promotion(repo: Repo, store: Store, kubeconfig: Path) -> None:
    sha = repo.commit({"overlays/staging/rag/rag-stack.yaml": "replicas: 2\n"}, "feat: two")
    settled(store, repo, "dev", "staging")
    verdict(store, repo, "dev", sha, "FAIL")
    _, rows = status(repo, kubeconfig)
    assert rows["staging"]["waits"] == [f"{sha[:12]} on dev is FAIL: FAIL because"]
    assert rows["dev"]["state"] == "broken" and rows["dev"]["verdict"]["outcome"] == "FAIL"


def test_a_verdict_that_nobody_signed_is_shown_as_refused(repo: Repo, store: Store, kubeconfig: Path) -> None:
    head = repo.git("rev-parse", "HEAD")
    settled(store, repo, "dev")
    made = verdict(store, repo, "dev", head)
    made["data"]["verdict.json"] = made["data"]["verdict.json"].replace("because", "for sure")
    _, rows = status(repo, kubeconfig)
    assert rows["dev"]["state"] == "unknown" and rows["dev"]["verdict"]["outcome"] == "NOT_RUN"
    assert "dev: refused: verdict-" in text(repo, kubeconfig)


def test_a_pin_without_a_verdict_is_unknown_and_the_last_one_is_named(
    repo: Repo, store: Store, kubeconfig: Path
) -> None:
    old = repo.git("rev-parse", "HEAD")
    verdict(store, repo, "dev", old)
    new = repo.commit({"overlays/dev/rag/rag-stack.yaml": "replicas: 2\n"})
    settled(store, repo, "dev")
    code, rows = status(repo, kubeconfig)
    assert rows["dev"]["unknown"] == [f"no verdict about {new[:12]} yet; the last one is PASS about {old[:12]}"]
    assert code == 1  # staging and prod have nothing running


def test_what_nobody_knows_yet_is_exit_2(repo: Repo, store: Store, kubeconfig: Path) -> None:
    repo.commit(
        {f"clusters/{name}/{file}.yaml": None for name in ("staging", "prod") for file in ("cluster", "release")}
    )
    settled(store, repo, "dev")
    code, rows = status(repo, kubeconfig)
    assert (code, rows["dev"]["state"]) == (2, "unknown")


def test_a_cluster_that_lost_its_sync_names_the_verb_that_helps(repo: Repo, store: Store, kubeconfig: Path) -> None:
    settled(store, repo, "dev", "staging")
    raw = store.application("staging-rag-stack")
    state = {"phase": "Failed", "message": "no such kind", "retryCount": 64, "syncResult": {"revision": "a" * 40}}
    raw["status"].update(operationState={**state, "operation": {"retry": {"limit": 64}}})
    raw["status"]["sync"].update(status="OutOfSync")
    long = store.application("staging-model-chat")
    began = stamp(NOW - timedelta(hours=3))
    long["status"].update(operationState={"phase": "Running", "message": "waiting", "startedAt": began})
    _, rows = status(repo, kubeconfig)
    (failed,) = rows["staging"]["live"]["failed"]
    assert "after 64 retries: no such kind" in failed and "leanrag resync staging --app staging-rag-stack" in failed
    (running,) = rows["staging"]["live"]["long"]
    assert "has run for 3 h" in running and "--terminate" in running


def test_what_git_lists_no_more_is_told_on_protected_clusters_only(repo: Repo, store: Store, kubeconfig: Path) -> None:
    settled(store, repo, "dev", "staging")
    for cluster in ("dev", "staging"):
        raw = body("synced")
        raw["metadata"].update(name=f"{cluster}-milvus", labels={"leanrag.io/cluster": cluster})
        store.add(raw)
    held = store.application("staging-rag-stack")["status"]["resources"]
    held.append({"kind": "PersistentVolumeClaim", "name": "old", "namespace": "x", "requiresPruning": True})
    _, rows = status(repo, kubeconfig)
    assert rows["dev"]["live"]["orphans"] == []
    assert len(rows["staging"]["live"]["orphans"]) == 2
    assert "leanrag prune staging" in " ".join(rows["staging"]["live"]["orphans"])


def test_a_cluster_whose_folder_is_gone_is_still_seen(repo: Repo, store: Store, kubeconfig: Path) -> None:
    settled(store, repo, "staging")
    repo.commit({"clusters/staging/release.yaml": None, "clusters/staging/cluster.yaml": None})
    _, rows = status(repo, kubeconfig)
    assert rows["staging"]["state"] == "broken" and "no longer in Git" in rows["staging"]["problems"][0]


def test_a_spoke_that_cannot_be_asked_is_unknown_and_the_others_are_told(
    repo: Repo, store: Store, kubeconfig: Path
) -> None:
    repo.pin("staging", repo.git("rev-parse", "HEAD~3"), follows="dev", server="https://10.0.0.1:6443")
    settled(store, repo, "dev", "staging")
    verdict(store, repo, "dev", repo.git("rev-parse", "HEAD"))
    _, rows = status(repo, kubeconfig)
    assert any("10.0.0.1" in each for each in rows["staging"]["unknown"])
    assert rows["dev"]["state"] == "ok"
    verdict(store, repo, "staging", repo.git("rev-parse", "HEAD~4"), "FAIL")
    _, rows = status(repo, kubeconfig, staging=kubeconfig)
    assert not any("10.0.0.1" in each for each in rows["staging"]["unknown"])


def test_the_evidence_of_a_pin_is_read_from_git_and_checked(repo: Repo, store: Store) -> None:
    pin = repo.git("rev-parse", "HEAD~3")
    token = verdict(store, repo, "dev", pin)["data"]["evidence.jws"]
    entry = {"revision": pin, "at": stamp(NOW), "kind": "promote", "from": "dev", "evidence": token, "by": "promoter"}
    repo.pin("staging", pin, follows="dev", history=[entry])
    assert "PASS of dev full 2 h ago" in text(repo)
    stranger, _ = make_key()
    claims = {"schema": "x"}
    from leanrag.evidence.jws import seal

    forged = seal(claims, parse_key(stranger, "x"), "leanrag-evidence")
    repo.pin("staging", pin, follows="dev", history=[{**entry, "evidence": forged}])
    assert "NOT_RUN of dev" in text(repo)
    assert PUBLIC not in text(repo)
