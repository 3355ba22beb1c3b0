"""What a rendered object takes of a cluster: pods, GPUs, CPU and memory that it requests. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from leanrag.changes.immutable import nodes
from leanrag.checks.finding import at
from leanrag.checks.pods import Pod, pods
from leanrag.checks.quantity import quantity
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_LASTING = frozenset(
    (
        "Deployment",
        "StatefulSet",
        "InferenceService",
        "LLMInferenceService",
        "OGXServer",
        "LlamaStackDistribution",
    )
)
# Kinds whose pods an operator makes from one part of the object: pods, and where the resources stand.
_OPERATED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "OGXServer": (("spec", "workload", "replicas"), ("spec", "workload", "resources")),
    "LlamaStackDistribution": (("spec", "replicas"), ("spec", "server", "containerSpec", "resources")),
}


@dataclass(frozen=True, slots=True)
class Weight:
    """What one workload takes: pods that stay, whole GPUs or slices, CPU in cores and memory in bytes, all its pods."""

    replicas: int
    gpus: Fraction = Fraction(0)
    cpu: Fraction = Fraction(0)
    memory: Fraction = Fraction(0)


def weights(manifests: Iterable[Manifest]) -> Mapping[tuple[str, str, str], Weight]:
    """Return the weight of every workload by (kind, namespace, name); Jobs come and go and are left out.

    What an autoscaler decides counts with its lowest number; a DaemonSet is left out, for nobody here knows the nodes.
    """
    found = tuple(manifests)
    floors = dict(_floors(found))
    return {
        (each.kind, each.namespace, each.name): _weight(each, found, floors) for each in found if each.kind in _LASTING
    }


def _floors(manifests: Iterable[Manifest]) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Yield the lowest number of replicas that an autoscaler may choose, by its target."""
    for each in manifests:
        spec = mapping(each.body.get("spec"))
        target = mapping(spec.get("scaleTargetRef"))
        lowest = {"ScaledObject": ("minReplicaCount", 0), "HorizontalPodAutoscaler": ("minReplicas", 1)}.get(each.kind)
        if lowest:
            kind = str(target.get("kind") or "Deployment")
            yield (kind, each.namespace, str(target.get("name"))), _number(spec.get(lowest[0]), lowest[1])


def _weight(manifest: Manifest, others: tuple[Manifest, ...], floors: Mapping[tuple[str, str, str], int]) -> Weight:
    floor = floors.get((manifest.kind, manifest.namespace, manifest.name))
    parts = [(floor if floor is not None else count, taken) for count, taken in _parts(manifest, others)]
    totals = [sum((count * taken[at] for count, taken in parts), Fraction(0)) for at in range(3)]
    return Weight(sum(count for count, _ in parts), *totals)


_Taken = tuple[Fraction, Fraction, Fraction]


def _parts(manifest: Manifest, others: tuple[Manifest, ...]) -> Iterator[tuple[int, _Taken]]:
    """Yield how many pods a workload has of each kind, and what one of them takes."""
    body, spec = manifest.body, mapping(manifest.body.get("spec"))
    if manifest.kind in _OPERATED:
        replicas, resources = _OPERATED[manifest.kind]
        yield _number(at(body, replicas), 1), _resources(at(body, resources))
    elif manifest.kind == "InferenceService":
        for pod in pods(manifest):
            yield _number(pod.spec.get("minReplicas"), 1), _served(pod, others)
    elif manifest.kind == "LLMInferenceService":
        yield from ((_llm_pods(spec, pod), _pod(pod)) for pod in pods(manifest))
    else:
        yield from ((_number(spec.get("replicas"), 1), _pod(pod)) for pod in pods(manifest))


def _llm_pods(spec: Mapping[str, Any], pod: Pod) -> int:
    """A replica over several nodes is a leader and its workers; the scheduler is one pod beside them."""
    if "scheduler" in pod.path:
        return _number(at(spec, ("router", "scheduler", "replicas")), 1)
    part = mapping(spec.get("prefill")) if "prefill" in pod.path else spec
    size = nodes(part.get("parallelism"))
    return _number(part.get("replicas"), 1) * (size - 1 if pod.path[-1] == "worker" else 1)


def _served(pod: Pod, others: tuple[Manifest, ...]) -> _Taken:
    """The model's own resources win over those of its runtime, name by name (kserve v0.20.0)."""
    own = mapping(at(pod.spec, ("model", "resources")))
    name = at(pod.spec, ("model", "runtime"))
    runtimes = (each for each in others if each.kind == "ServingRuntime" and each.name == name)
    runtime = next((each for each in runtimes if each.namespace == pod.manifest.namespace), None)
    containers = items(at(runtime.body, ("spec", "containers"))) if runtime else []
    base = next((mapping(each.get("resources")) for each in containers if each.get("name") == "kserve-container"), {})
    merged = {part: {**mapping(base.get(part)), **mapping(own.get(part))} for part in ("requests", "limits")}
    beside = [_resources(each.get("resources")) for each in containers if each.get("name") != "kserve-container"]
    return _sum((_resources(merged), *beside, *([_pod(pod)] if pod.spec.get("containers") else [])))


def _pod(pod: Pod) -> _Taken:
    """A pod takes the sum of its containers, or what its hungriest init container needs, where that is more."""
    starters = [mapping(each) for each in items(pod.spec.get("initContainers"))]
    lasting = [each for each in starters if each.get("restartPolicy") == "Always"]
    runs = [mapping(each) for each in items(pod.spec.get("containers"))] + lasting
    total = _sum(_resources(each.get("resources")) for each in runs)
    starts = [_resources(each.get("resources")) for each in starters if each not in lasting]
    peak = [max((one[at] for one in starts), default=Fraction(0)) for at in range(3)]
    return (max(total[0], peak[0]), max(total[1], peak[1]), max(total[2], peak[2]))


def _sum(parts: Iterable[_Taken]) -> _Taken:
    found = list(parts)
    gpus, cpu, memory = (sum((one[at] for one in found), Fraction(0)) for at in range(3))
    return gpus, cpu, memory


def _resources(resources: Any) -> _Taken:
    """Return GPUs, CPU and memory of one container; a limit without a request is its request."""
    given = mapping(resources)
    asked = {**mapping(given.get("limits")), **mapping(given.get("requests"))}
    gpus = sum((_amount(amount) for name, amount in asked.items() if is_gpu(name)), Fraction(0))
    return gpus, _amount(asked.get("cpu")), _amount(asked.get("memory"))


def is_gpu(name: str) -> bool:
    """Say whether a resource is a GPU or a slice of one: nvidia.com/gpu, nvidia.com/mig-1g.10gb, amd.com/gpu."""
    return name.endswith(("/gpu", "/gpu.shared")) or "/mig-" in name


def _amount(amount: Any) -> Fraction:
    return quantity(amount) or Fraction(0)


def _number(value: Any, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
