"""Pods on GPUs and the pools that have them: resource, count, node and taint agree with cluster.yaml."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.catalog.model import GpuPool
from leanrag.checks.finding import Finding, at, suggestion
from leanrag.checks.pods import Pod, pods
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_WHOLE, _SLICE, _PRODUCT = "nvidia.com/gpu", "nvidia.com/mig-", "nvidia.com/gpu.product"
_PROFILE = "opendatahub.io/hardware-profile-name"
# The compute slices of one GPU; a profile's first figure is how many of them it takes (MIG).
_SLICES = 7


def pods_reach_a_pool(scope: Scope) -> Iterator[Finding]:
    """GPU001: a pod on GPUs or nodes that no pool has, or without a toleration of its taint, is Pending for ever."""
    if scope.cluster is None:
        return
    pools = scope.cluster.facts.gpus
    for pod in _pods(scope):
        for resource, count, where in _asked(pod):
            message, fix = _unreached(pod, resource, count, pools)
            if message:
                yield scope.finding("GPU001", pod.manifest, where, message, fix, culprit=resource)


def profiles_are_of_a_pool(scope: Scope) -> Iterator[Finding]:
    """GPU002: a HardwareProfile gives what a pool of its cluster has; a workload has its placement from one place."""
    if scope.cluster is None:
        return
    pools = scope.cluster.facts.gpus
    profiles = {each.name: each for each in scope.of_kind("HardwareProfile")}
    for profile in profiles.values():
        yield from _of_profile(scope, profile, pools)
    for manifest in scope.manifests:
        named = mapping(at(manifest.body, ("metadata", "annotations"))).get(_PROFILE)
        if named is not None:
            yield from _of_workload(scope, manifest, str(named), profiles)


def _pods(scope: Scope) -> Iterator[Pod]:
    return (pod for manifest in scope.manifests for pod in pods(manifest))


def _asked(pod: Pod) -> Iterator[tuple[str, int, str]]:
    """Yield the GPUs that a pod asks for: resource, count and place."""
    for container in pod.containers():
        limits = mapping(at(container.body, ("resources", "limits")))
        for resource, count in limits.items():
            if (resource == _WHOLE or str(resource).startswith(_SLICE)) and str(count).isdecimal() and int(str(count)):
                yield str(resource), int(str(count)), container.where("resources", "limits", resource)


def _unreached(pod: Pod, resource: str, count: int, pools: Mapping[str, GpuPool]) -> tuple[str, str]:
    """Return message and way out, empty when a pool takes the pod."""
    having = {name: pool for name, pool in pools.items() if _resource(pool) == resource}
    if not having:
        known = {_resource(pool) for pool in pools.values()}
        return f"no pool of this cluster has {resource}", suggestion(resource, known, "resource")
    chosen = mapping(pod.spec.get("nodeSelector")).get(_PRODUCT)
    there = {name: pool for name, pool in having.items() if chosen in (None, _label(pool))}
    if not there:
        products = sorted(_label(pool) for pool in having.values())
        return f"selects nodes with {chosen}, and no pool with {resource} has it", suggestion(
            str(chosen), products, "product"
        )
    name, pool = next(iter(there.items()))
    if not any(_tolerated(pod.spec.get("tolerations"), pool) for pool in there.values()):
        return f"does not tolerate the taint {pool.taint} of pool {name!r}", "add its toleration (capacity.gpu does)"
    most = max(_per_node(pool) for pool in there.values())
    if count > most:
        return (
            f"asks for {count}, and a node of pool {name!r} has {most}",
            f"ask for {most} at most, or use several nodes",
        )
    if count > 1 and not any(_alone(pool) for pool in there.values()):
        return f"asks for {count} parts of GPUs, which do not add up to a larger one", "ask for one, or for whole GPUs"
    return "", ""


def _resource(pool: GpuPool) -> str:
    return f"{_SLICE}{pool.mig.replace('+', '.')}" if pool.mig else _WHOLE


def _label(pool: GpuPool) -> str:
    """Feature discovery appends -SHARED to the product of a whole GPU in time slices (k8s-device-plugin)."""
    product = pool.product.removesuffix("-SHARED")
    return f"{product}-SHARED" if pool.timeSlices > 1 and not pool.mig else product


def _per_node(pool: GpuPool) -> int:
    cut = _SLICES // int(pool.mig[0]) if pool.mig else 1
    return pool.perNode * cut * pool.timeSlices


def _alone(pool: GpuPool) -> bool:
    return not pool.mig and pool.timeSlices == 1


def _tolerated(tolerations: Any, pool: GpuPool) -> bool:
    """Say whether a taint `key[=value][:effect]` is tolerated; without an effect every effect has to be."""
    if not pool.taint:
        return True
    pair, _, effect = pool.taint.partition(":")
    key, _, value = pair.partition("=")
    return any(_tolerates(mapping(each), key, value, effect) for each in items(tolerations))


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    exists = toleration.get("operator", "Equal") == "Exists"
    named = toleration.get("key") == key or (exists and not toleration.get("key"))
    equal = exists or str(toleration.get("value") or "") == value
    return named and equal and toleration.get("effect") in (None, "", effect)


def _of_profile(scope: Scope, profile: Manifest, pools: Mapping[str, GpuPool]) -> Iterator[Finding]:
    node = mapping(at(profile.body, ("spec", "scheduling", "node")))
    for index, identifier in enumerate(items(at(profile.body, ("spec", "identifiers")))):
        resource = str(mapping(identifier).get("identifier"))
        if mapping(identifier).get("resourceType") != "Accelerator" and not resource.startswith("nvidia.com/"):
            continue
        count = mapping(identifier).get("minCount")
        pod = Pod(profile, ("spec",), node, None)
        queued = at(profile.body, ("spec", "scheduling", "type")) == "Queue"
        message, fix = _unreached(pod, resource, count if isinstance(count, int) else 1, pools)
        if message and not (queued and resource in {_resource(pool) for pool in pools.values()}):
            where = f"spec.identifiers[{index}].identifier"
            yield scope.finding("GPU002", profile, where, message, fix, culprit=resource)


def _of_workload(scope: Scope, manifest: Manifest, named: str, profiles: Mapping[str, Manifest]) -> Iterator[Finding]:
    where = f"metadata.annotations.{_PROFILE}"
    if named not in profiles:
        message = f"no HardwareProfile {named!r} is deployed on this cluster"
        yield scope.finding("GPU002", manifest, where, message, suggestion(named, profiles, "profile"), culprit=named)
        return
    for pod in pods(manifest):
        if pod.spec.get("tolerations") or mapping(pod.spec.get("nodeSelector")).get(_PRODUCT):
            message = f"takes its placement from the profile {named!r} and says one of its own, too"
            yield scope.finding(
                "GPU002", manifest, where, message, "take out the annotation, or tolerations and nodeSelector"
            )
            return
