"""What a cluster shows at one moment, as data: its Applications, its pods, its engines. No network here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leanrag.core.shapes import mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """The last or running operation of an Application; `finished` is empty while it never ended."""

    phase: str
    revision: str = ""
    message: str = ""
    finished: str = ""
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """An Argo CD Application as its status tells; moments are RFC 3339 in UTC, empty when the status lacks them.

    `revision` is what its sync status was compared with, `queued` an operation that was asked for and has not begun.
    """

    name: str
    path: str
    sync: str
    revision: str
    health: str
    reconciled: str = ""
    operation: Operation | None = None
    queued: bool = False
    deleting: bool = False
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, or of a rendered template; `env` and `resources` are canonical text by name.

    `image_id` is the digest that the node runs, empty in a template and until the image is there.
    """

    name: str
    image: str
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    image_id: str = ""
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod that exists, terminating ones too; `volumes` are raw, by name; `waiting` says why it is not scheduled."""

    namespace: str
    name: str
    uid: str
    labels: Mapping[str, str]
    ready: bool
    terminating: bool
    node: str
    containers: tuple[Container, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    waiting: str = ""


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """A ConfigMap's data and labels."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    data: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Live:
    """What the gate saw: the Applications of the cluster, the pods of its workloads, GPU products, engine versions.

    `pods` are those of the workloads that Git declares, sorted. `gpus` are the products that node labels name for the
    nodes under these pods, None where the gate may not read nodes. `engines` maps a model's name to the version that
    its engine tells, `operators` an operator's name to its version where OLM tells.
    """

    applications: tuple[Application, ...] = ()
    pods: tuple[Pod, ...] = ()
    gpus: tuple[str, ...] | None = None
    engines: Mapping[str, str | None] = field(default_factory=dict)
    operators: Mapping[str, str] = field(default_factory=dict)


def application(body: Mapping[str, Any]) -> Application:
    """Return an Application object (argoproj.io/v1alpha1) as data; a missing status is an empty one."""
    metadata, spec, status = (mapping(body.get(key)) for key in ("metadata", "spec", "status"))
    sync = mapping(status.get("sync"))
    return Application(
        name=str(metadata.get("name", "")),
        path=str(mapping(spec.get("source")).get("path", "")),
        sync=str(sync.get("status") or "Unknown"),
        revision=str(sync.get("revision") or ""),
        health=str(mapping(status.get("health")).get("status") or "Unknown"),
        reconciled=str(status.get("reconciledAt") or ""),
        operation=_operation(mapping(status.get("operationState"))),
        queued=bool(body.get("operation")),
        deleting="deletionTimestamp" in metadata,
        conditions=tuple(
            f"{mapping(each).get('type')}: {mapping(each).get('message')}" for each in status.get("conditions") or ()
        ),
    )


def _operation(state: Mapping[str, Any]) -> Operation | None:
    if not state:
        return None
    asked = mapping(mapping(state.get("operation")).get("sync")).get("revision")
    return Operation(
        phase=str(state.get("phase") or ""),
        revision=str(mapping(state.get("syncResult")).get("revision") or asked or ""),
        message=str(state.get("message") or ""),
        finished=str(state.get("finishedAt") or ""),
        retries=int(state.get("retryCount") or 0),
    )
