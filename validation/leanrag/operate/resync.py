"""Start failed syncs again. Argo CD tries a failed revision no more, and a pinned cluster gets no newer one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from leanrag.core.errors import InputError
from leanrag.operate.application import Application
from leanrag.operate.hub import ConflictError, Hub

RUNS = "an operation runs already; end it with: leanrag resync {cluster} --app {app} --terminate"
VERDICT = "its gate has spoken, and only `leanrag gate rerun {cluster}` measures again"
FINE = "its last sync did not fail"


@dataclass(frozen=True, slots=True)
class Resync:
    """What is done about one Application: a sync is started, or `reason` says why not."""

    app: str
    starts: bool
    reason: str


def plan(apps: Iterable[Application], only: str | None = None) -> tuple[Resync, ...]:
    """Decide what to start again. One that is asked for by name is started also when its last sync was good."""
    return tuple(_one(app, app.name == only) for app in apps if only in (None, app.name))


def _one(app: Application, asked: bool) -> Resync:
    operation = app.operation
    if app.deleting:
        return Resync(app.name, False, "it is being deleted")
    if operation and operation.running:
        return Resync(app.name, False, RUNS.format(cluster=app.cluster, app=app.name))
    if app.layer == "gate" and app.verdict_hook == "Failed":
        # A sync runs the hook again: that would be a second throw of the dice.
        return Resync(app.name, False, VERDICT.format(cluster=app.cluster))
    if operation and operation.failed:
        return Resync(app.name, True, f"failed: {operation.message}")
    return Resync(app.name, asked, "asked for" if asked else FINE)


def request(app: Application, by: str) -> dict[str, Any]:
    """Return the change that starts a sync, as argo-cd v3.2.11 util/argo SetAppOperation makes it.

    No revision: the controller takes the newest of the Application's target. Options, pruning and retries are those of
    its own automated syncs, so that this one does neither more nor less.
    """
    policy = app.raw.get("spec", {}).get("syncPolicy") or {}
    sync: dict[str, Any] = {"prune": bool((policy.get("automated") or {}).get("prune"))}
    if policy.get("syncOptions"):
        sync["syncOptions"] = list(policy["syncOptions"])
    operation: dict[str, Any] = {"sync": sync, "initiatedBy": {"username": by}}
    if policy.get("retry"):
        operation["retry"] = policy["retry"]
    return {"operation": operation, "status": {"operationState": None}}


def resync(hub: Hub, cluster: str, only: str | None, by: str) -> tuple[Resync, ...]:
    """Start again what failed on a cluster, or one Application by name; return what was done about each."""
    apps = {app.name: app for app in hub.applications(cluster)}
    if only and only not in apps:
        raise InputError(
            f"no Application {only!r} of cluster {cluster}", hint=f"there are: {', '.join(apps) or 'none'}"
        )
    return tuple(_start(hub, apps[step.app], step, by) for step in plan(apps.values(), only))


def _start(hub: Hub, app: Application, step: Resync, by: str) -> Resync:
    if not step.starts:
        return step
    try:
        hub.patch_application(app, request(app, by))
    except ConflictError:
        return Resync(app.name, False, "it changed meanwhile; look again")
    return step
