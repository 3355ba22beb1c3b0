"""Argo CD's Applications as data. Reading is total: whatever an object holds or lacks, no exception.

Fields as in argo-cd v3.2.11 pkg/apis/application/v1alpha1/types.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CLUSTER_LABEL = "leanrag.io/cluster"
LAYER_LABEL = "leanrag.io/layer"
# What holds data or other people's objects. It is never deleted by us, whatever Argo CD thinks.
KEPT = frozenset({"PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition", "Subscription"})
_DONE = frozenset({"Succeeded", "Failed", "Error"})


@dataclass(frozen=True, slots=True)
class Operation:
    """A sync: running, or the last that ran; it was tried again `retries` times of at most `limit`."""

    phase: str
    message: str
    revision: str
    started: datetime | None
    finished: datetime | None
    retries: int
    limit: int

    @property
    def running(self) -> bool:
        """Whether Argo CD still works on it or waits for its next attempt (isOperationInProgress)."""
        return self.phase not in _DONE

    @property
    def failed(self) -> bool:
        """Whether it ended badly; Argo CD does not start it again for the same revision."""
        return self.phase in ("Failed", "Error")


@dataclass(frozen=True, slots=True)
class Resource:
    """One object of an Application. `extra`: live, but no longer in Git. `hook_phase`: of a hook in the last sync."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str
    extra: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, slots=True)
class Application:
    """One Application. `wanted` is what its spec names, `revision` what it was last compared with."""

    name: str
    namespace: str
    cluster: str
    layer: str
    server: str
    wanted: str
    revision: str
    sync: str
    health: str
    message: str
    operation: Operation | None
    resources: tuple[Resource, ...]
    finalizers: tuple[str, ...]
    deleting: bool
    verdict_hook: str  # phase of the PostSync hook in the last sync: "", Running, Succeeded, Failed
    raw: Mapping[str, Any]

    @property
    def settled(self) -> bool:
        """Whether it is as Git says and healthy."""
        return self.sync == "Synced" and self.health == "Healthy" and not self.deleting


def read_application(body: Mapping[str, Any]) -> Application:
    """Return one Application object, as the API server lists it, as data."""
    metadata, spec, status = (_map(body, key) for key in ("metadata", "spec", "status"))
    sync, health = _map(status, "sync"), _map(status, "health")
    labels = _map(metadata, "labels")
    return Application(
        name=_text(metadata, "name"),
        namespace=_text(metadata, "namespace"),
        cluster=_text(labels, CLUSTER_LABEL),
        layer=_text(labels, LAYER_LABEL),
        server=_text(_map(spec, "destination"), "server"),
        wanted=_text(_map(spec, "source"), "targetRevision"),
        revision=_text(sync, "revision"),
        sync=_text(sync, "status") or "Unknown",
        health=_text(health, "status") or "Unknown",
        message=_conditions(status) or _text(health, "message"),
        operation=_operation(body, status),
        resources=tuple(_resource(each, sync) for each in _list(status, "resources") if not each.get("hook")),
        finalizers=tuple(str(each) for each in _items(metadata, "finalizers")),
        deleting=bool(metadata.get("deletionTimestamp")),
        verdict_hook=_hook(_map(_map(status, "operationState"), "syncResult")),
        raw=body,
    )


def moment(value: object) -> datetime | None:
    """Return a Kubernetes time as an aware moment; anything else is None."""
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _operation(body: Mapping[str, Any], status: Mapping[str, Any]) -> Operation | None:
    state = _map(status, "operationState")
    asked = _map(body, "operation")
    if not state and not asked:
        return None
    original = _map(state, "operation") or asked
    result = _map(state, "syncResult")
    return Operation(
        # Asked for, not begun: the controller has not seen it yet, or it does not run.
        phase=_text(state, "phase") or "Pending",
        message=_text(state, "message"),
        revision=_text(result, "revision") or _text(_map(original, "sync"), "revision"),
        started=moment(state.get("startedAt")),
        finished=moment(state.get("finishedAt")),
        retries=_number(state, "retryCount"),
        limit=_number(_map(original, "retry"), "limit"),
    )


def _resource(body: Mapping[str, Any], sync: Mapping[str, Any]) -> Resource:
    # Without manifests Argo CD calls every object extra and its state Unknown (controller/state.go): that is no orphan.
    known = "Unknown" not in (_text(sync, "status"), _text(body, "status"))
    return Resource(
        group=_text(body, "group"),
        version=_text(body, "version"),
        kind=_text(body, "kind"),
        namespace=_text(body, "namespace"),
        name=_text(body, "name"),
        extra=known and bool(body.get("requiresPruning")),
    )


def _hook(result: Mapping[str, Any]) -> str:
    phases = [_text(each, "hookPhase") for each in _list(result, "resources") if each.get("hookType") == "PostSync"]
    return next((phase for phase in phases if phase != "Succeeded"), phases[0] if phases else "")


def _conditions(status: Mapping[str, Any]) -> str:
    """Return what Argo CD complains about; warnings are none of it."""
    found = [_text(each, "message") for each in _list(status, "conditions") if "Error" in _text(each, "type")]
    return "; ".join(each for each in found if each)


def _map(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def _items(body: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    value = body.get(key)
    return tuple(value) if isinstance(value, list) else ()


def _list(body: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(each for each in _items(body, key) if isinstance(each, Mapping))


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


def _number(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
