"""What Git lists no more is named first and deleted on request; volumes never go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.operate.application import Resource, read_application
from leanrag.operate.commands import remove_unlisted
from leanrag.operate.hub import Hub
from leanrag.operate.prune import FINALIZER, removal

from .conftest import Repo, Store
from .test_applications import body, recorded

KEPT = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}


def live(kind: str, annotations: Mapping[str, str] | None = None, spec: Mapping[str, Any] | None = None) -> Any:
    return {"kind": kind, "metadata": {"annotations": dict(annotations or {})}, "spec": dict(spec or {})}


def test_volumes_that_are_marked_stay_and_the_rest_goes() -> None:
    found = removal(recorded("no-longer-in-git"), lambda each: live(each.kind, KEPT if "Claim" in each.kind else {}))
    assert found.goes == ("ConfigMap c0002-rag/note",)
    assert found.stays == ("PersistentVolumeClaim c0002-rag/data",)
    assert not found.refused


@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "PersistentVolume", "Namespace", "Subscription"])
def test_what_holds_data_and_is_not_marked_refuses_the_whole_application(kind: str) -> None:
    raw = body("no-longer-in-git")
    raw["status"]["resources"] = [{"kind": kind, "version": "v1", "name": "data", "namespace": "c0002-rag"}]
    found = removal(read_application(raw), lambda each: live(each.kind))
    assert found.refused and "Delete=false" in found.refused[0] and not found.goes


def test_a_statefulset_that_takes_its_volumes_along_is_refused() -> None:
    raw = body("no-longer-in-git")
    raw["status"]["resources"] = [{"group": "apps", "kind": "StatefulSet", "version": "v1", "name": "db"}]
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    assert removal(read_application(raw), lambda each: live(each.kind, spec=policy)).refused
    assert removal(read_application(raw), lambda each: live(each.kind)).goes


def test_objects_that_are_gone_already_are_not_named() -> None:
    found = removal(recorded("no-longer-in-git"), lambda each: None)
    assert not (found.goes or found.stays or found.refused)


def unlisted(store: Store, claim: Mapping[str, str]) -> None:
    """An Application `staging-note` that Git does not list, with a ConfigMap and a volume."""
    raw = body("no-longer-in-git")
    raw["metadata"].update(name="staging-note", labels={"leanrag.io/cluster": "staging"})
    store.add(raw)
    kinds = [
        {"name": "configmaps", "kind": "ConfigMap"},
        {"name": "persistentvolumeclaims", "kind": "PersistentVolumeClaim"},
    ]
    store.put("/api/v1", {"resources": kinds})
    store.put("/api/v1/namespaces/c0002-rag/configmaps/note", live("ConfigMap"))
    store.put("/api/v1/namespaces/c0002-rag/persistentvolumeclaims/data", live("PersistentVolumeClaim", claim))


def prune(repo: Repo, kubeconfig: Path, yes: bool, cluster: str = "staging") -> tuple[int, str]:
    hub = Hub(kubeconfig)
    return remove_unlisted(Git(repo.root), None, hub, hub, cluster, yes)


def test_without_yes_everything_is_named_and_nothing_touched(repo: Repo, store: Store, kubeconfig: Path) -> None:
    unlisted(store, KEPT)
    code, text = prune(repo, kubeconfig, yes=False)
    assert code == 1 and "goes: ConfigMap c0002-rag/note" in text and "stays: PersistentVolumeClaim" in text
    assert not [each for each in store.requests if not each.startswith("GET")]


def test_with_yes_argo_cd_is_told_to_take_the_objects_along(repo: Repo, store: Store, kubeconfig: Path) -> None:
    unlisted(store, KEPT)
    raw = store.application("staging-note")
    code, text = prune(repo, kubeconfig, yes=True)
    assert code == 0 and "deleted" in text
    assert raw["metadata"]["finalizers"] == [FINALIZER]
    changes = [each.split()[0] for each in store.requests if not each.startswith("GET")]
    assert changes == ["PATCH", "DELETE"]


def test_a_refused_one_stays_whole(repo: Repo, store: Store, kubeconfig: Path) -> None:
    unlisted(store, {})
    code, text = prune(repo, kubeconfig, yes=True)
    assert code == 1 and "left alone" in text
    assert "finalizers" not in store.application("staging-note")["metadata"]


def test_what_git_lists_at_the_pin_is_never_named(repo: Repo, store: Store, kubeconfig: Path) -> None:
    """The overlay is gone on main, but staging is pinned to a commit that has it."""
    repo.commit({"overlays/staging/rag/rag-stack.yaml": None})
    for name in ("staging", "staging-pin", "staging-gate", "staging-rag-stack", "staging-model-chat"):
        raw = body("synced")
        raw["metadata"].update(name=name, labels={"leanrag.io/cluster": "staging"})
        store.add(raw)
    assert prune(repo, kubeconfig, yes=True)[0] == 0
    assert len(store.objects) == 5


def test_no_guess_is_made_where_git_does_not_say(repo: Repo, kubeconfig: Path) -> None:
    with pytest.raises(InputError, match="pinned to nothing"):
        prune(repo, kubeconfig, yes=True, cluster="prod")
    with pytest.raises(InputError, match="not in Git"):
        prune(repo, kubeconfig, yes=True, cluster="berlin")
    repo.commit({"clusters/staging/release.yaml": "release: {revision: 1}\n"})
    with pytest.raises(InputError, match="revision"):
        prune(repo, kubeconfig, yes=True)


def test_a_kind_that_the_server_does_not_know_has_no_objects(store: Store, kubeconfig: Path) -> None:
    assert Hub(kubeconfig).find(Resource("example.com", "v1", "Thing", "x", "y")) is None
