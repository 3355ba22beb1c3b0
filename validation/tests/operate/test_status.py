"""`leanrag status` with clusters: verdicts, why a pin waits, syncs that failed, what Git lists no more."""

from datetime import timedelta
from pathlib import Path

from leanrag.core.clock import stamp
from leanrag.evidence.keys import make_key, parse_key

from .conftest import PUBLIC, Repo, Store
from .looking import NOW, settled, status, text, verdict
from .test_applications import body


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


def test_a_long_message_keeps_its_end_where_the_cause_is(repo: Repo, store: Store, kubeconfig: Path) -> None:
    settled(store, repo, "staging")
    raw = store.application("staging-rag-stack")
    raw["status"]["sync"]["status"] = "Unknown"
    message = "helm template " + "--set x=y " * 200 + "Error: no such file"
    raw["status"]["conditions"] = [{"type": "ComparisonError", "message": message}]
    (line,) = [each for each in text(repo, kubeconfig).splitlines() if "no such file" in each]
    assert len(line) < 300 and line.startswith("staging: broken: staging-rag-stack is Unknown")
    _, rows = status(repo, kubeconfig)
    assert message in rows["staging"]["live"]["unsettled"][0]
