"""Remove what Git at a cluster's pin no longer lists. Protected clusters keep it until somebody asks, name by name.

Deleting an Application of a protected cluster deletes nothing that it deployed: its ApplicationSet left the finalizer
out. Here the finalizer is set first, so Argo CD deletes the objects, but nothing that holds data or other objects.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.operate.application import KEPT, Application, Resource
from leanrag.operate.hub import ConflictError, Hub

FINALIZER = "resources-finalizer.argocd.argoproj.io"
OPTIONS = "argocd.argoproj.io/sync-options"
HELM_KEEP = "helm.sh/resource-policy"
WAIT = 120.0  # seconds
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Removal:
    """What would happen to one Application that Git does not list: objects that go, that stay, and what forbids it."""

    app: str
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    refused: tuple[str, ...]


def unlisted(apps: Iterable[Application], listed: Iterable[str]) -> tuple[Application, ...]:
    """Return the live Applications of a cluster that Git does not list."""
    names = frozenset(listed)
    return tuple(app for app in apps if app.name not in names)


def keeps(body: Mapping[str, Any]) -> bool:
    """Whether Argo CD spares an object when its Application is deleted (argo-cd v3.2.11 shouldBeDeleted)."""
    annotations = body.get("metadata", {}).get("annotations") or {}
    options = {each.strip() for each in annotations.get(OPTIONS, "").split(",")}
    return "Delete=false" in options or annotations.get(HELM_KEEP) == "keep"


def removal(app: Application, find: Callable[[Resource], Mapping[str, Any] | None]) -> Removal:
    """Decide about one Application from its live objects; `find` returns one, or None when it is gone."""
    goes, stays, refused = [], [], []
    for each in app.resources:
        body = find(each)
        if body is None:
            continue
        if keeps(body) or each.kind == "CustomResourceDefinition":
            stays.append(str(each))
        elif each.kind in KEPT:
            refused.append(f"{each} would go with it: annotate it {OPTIONS}: Delete=false first")
        elif _takes_volumes(body):
            refused.append(f"{each} would take its volumes along (persistentVolumeClaimRetentionPolicy.whenDeleted)")
        else:
            goes.append(str(each))
    return Removal(app.name, tuple(goes), tuple(stays), tuple(refused))


def _takes_volumes(body: Mapping[str, Any]) -> bool:
    policy = (body.get("spec") or {}).get("persistentVolumeClaimRetentionPolicy") or {}
    return body.get("kind") == "StatefulSet" and policy.get("whenDeleted") == "Delete"


def remove(hub: Hub, app: Application, wait: float = WAIT) -> tuple[str, ...]:
    """Delete an Application with its objects; return what was still there after `wait` seconds, () when all is gone."""
    try:
        hub.patch_application(app, {"metadata": {"finalizers": sorted({*app.finalizers, FINALIZER})}})
        hub.delete_application(app.name)
    except ConflictError:
        return (f"{app.name}: it changed meanwhile; look again",)
    end = time.monotonic() + wait
    while time.monotonic() < end:
        if hub.application(app.name) is None:
            return ()
        time.sleep(PAUSE)
    return (f"{app.name}: Argo CD is still deleting its objects after {wait:.0f} s",)
