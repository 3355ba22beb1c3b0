"""What containers ask for and may take: said by all, and kept for engines."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Container, Pod, all_pods
from leanrag.checks.quantity import quantity
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.size.served import runs_vllm, started

# The InferenceService gives its runtime's container its resources.
_RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")


def everything_is_bounded(scope: Scope) -> Iterator[Finding]:
    """RES001: a container without requests is placed blindly; one without a memory limit takes its neighbours'."""
    for pod in all_pods(scope):
        for container in pod.containers() if pod.manifest.kind not in _RUNTIMES else ():
            # An ephemeral container shares what its pod has.
            if "ephemeralContainers" in container.path:
                continue
            asked, allowed = _resources(container)
            lacking = [f"requests.{name}" for name in ("cpu", "memory") if name not in {**asked, **allowed}]
            lacking += [] if "memory" in allowed else ["limits.memory"]
            if lacking:
                message = f"says no {' and no '.join(lacking)}"
                fix = "write what it needs (requests) and how much memory it may take (limits)"
                yield scope.finding("RES001", pod.manifest, container.where("resources"), message, fix)


def engines_have_their_memory(scope: Scope) -> Iterator[Finding]:
    """RES002: what an engine may take beyond its request is not kept for it, and is missing while weights load."""
    for pod in all_pods(scope):
        for container in pod.containers():
            asked, allowed = _resources(container)
            engine = devices(allowed) or runs_vllm(started(pod.manifest.kind, container.body))
            wanted, most = asked.get("memory"), allowed.get("memory")
            if engine and wanted is not None and most is not None and quantity(wanted) != quantity(most):
                where = container.where("resources", "requests", "memory")
                message = f"{wanted} is kept for an engine that may take {most}"
                yield scope.finding("RES002", pod.manifest, where, message, f"write {most}", culprit=str(wanted))


def engines_share_memory(scope: Scope) -> Iterator[Finding]:
    """RES003: engines on several GPUs talk through /dev/shm, of which a container has 64 MiB (vllm #1710, #7466).

    KServe's own templates bring it to an LLMInferenceService.
    """
    runtimes = {manifest.name: manifest for manifest in scope.of_kind(*_RUNTIMES)}
    for pod in all_pods(scope):
        for container in pod.containers() if pod.manifest.kind != "LLMInferenceService" else ():
            if devices(_resources(container)[1]) > 1 and not _has_shm(pod, container, runtimes):
                message = "has 64 MiB of /dev/shm for several GPUs"
                fix = "mount an emptyDir with medium Memory and a sizeLimit at /dev/shm (capacity.sharedMemory)"
                yield scope.finding("RES003", pod.manifest, container.where("volumeMounts"), message, fix)


def _has_shm(pod: Pod, container: Container, runtimes: Mapping[str, Any]) -> bool:
    body, spec = container.body, pod.spec
    runtime = runtimes.get(str(body.get("runtime") or ""))
    if runtime is not None:
        served = items(at(runtime.body, ("spec", "containers")))
        mounts = [mount for each in served for mount in items(mapping(each).get("volumeMounts"))]
        volumes = items(at(runtime.body, ("spec", "volumes"))) + items(spec.get("volumes"))
    else:
        mounts, volumes = items(body.get("volumeMounts")), items(spec.get("volumes"))
    named = {mapping(mount).get("name") for mount in mounts if mapping(mount).get("mountPath") == "/dev/shm"}
    return any(mapping(each).get("name") in named and at(each, ("emptyDir", "medium")) == "Memory" for each in volumes)


def devices(allowed: Mapping[str, Any]) -> int:
    """Return the GPUs, or parts of one, that these limits give."""
    amounts = (value for name, value in allowed.items() if str(name).endswith(".com/gpu") or "/mig-" in str(name))
    return sum(int(found) for amount in amounts if (found := quantity(amount)))


def _resources(container: Container) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    given = mapping(container.body.get("resources"))
    return mapping(given.get("requests")), mapping(given.get("limits"))
