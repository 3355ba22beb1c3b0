"""Changes that the API server or a webhook refuses, so that the sync of the Application fails. Pure.

Kubernetes v1.34.4 (pkg/apis/*/validation), kserve v0.20.0 (inference_service_validation.go,
llm_inference_service_validation.go). Transition rules of CRDs are judged by `leanrag check`, not here. Our Applications
are compared by server-side dry run, which such a change fails, too (gitops-engine of argo-cd v3.2.11, pkg/diff): the
Application is then Unknown and nothing of it is synced, so the sync options Replace and Force do not help.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.changes.paths import Difference, Path, shown
from leanrag.checks.finding import at
from leanrag.checks.quantity import quantity

_STORAGE = ("spec", "resources", "requests", "storage")
# A StatefulSet may change these keys of its spec and no other.
_STATEFUL = frozenset(
    (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    )
)
_JOB = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy", "completions")
_DATA = (("data",), ("binaryData",), ("stringData",), ("immutable",))
# What no update may change, by API group and kind.
_FIXED: Mapping[tuple[str, str], tuple[Path, ...]] = {
    **{("apps", kind): (("spec", "selector"),) for kind in ("Deployment", "DaemonSet", "ReplicaSet")},
    ("batch", "Job"): (("spec", "selector"), ("spec", "template"), *(("spec", key) for key in _JOB)),
    ("rbac.authorization.k8s.io", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (("roleRef",),),
    ("", "Secret"): (("type",),),
    ("storage.k8s.io", "StorageClass"): (
        ("provisioner",),
        ("parameters",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("node.k8s.io", "RuntimeClass"): (("handler",),),
    ("resource.k8s.io", "ResourceClaim"): (("spec",),),
    ("resource.k8s.io", "ResourceClaimTemplate"): (("spec",),),
    # The webhook compares with what runs, so a first value is refused only where another mode runs.
    ("serving.kserve.io", "InferenceService"): (("metadata", "annotations", "serving.kserve.io/deploymentMode"),),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One path that cannot be changed (so), and the way out."""

    path: str
    fix: str
    why: str = "cannot be changed"


def refusals(
    group: str, kind: str, before: Mapping[str, Any], after: Mapping[str, Any], found: tuple[Difference, ...]
) -> Iterator[Refusal]:
    """Yield the differences of an object that its sync will fail on; none of a hook."""
    if _hook(after):
        return
    for difference in found:
        if _fixed(group, kind, before, after, difference):
            shrinks = difference.path == _STORAGE
            yield Refusal(shown(difference.path), _fix(kind), "cannot shrink" if shrinks else "cannot be changed")
    if kind == "LLMInferenceService":
        yield from _parallelism(before, after)


def _hook(after: Mapping[str, Any]) -> bool:
    """A hook is not compared, and is deleted before it is created again unless its policy says otherwise."""
    annotations = at(after, ("metadata", "annotations")) or {}
    policy = str(annotations.get("argocd.argoproj.io/hook-delete-policy", "BeforeHookCreation"))
    return "argocd.argoproj.io/hook" in annotations and "BeforeHookCreation" in policy


def _fixed(group: str, kind: str, before: Mapping[str, Any], after: Mapping[str, Any], difference: Difference) -> bool:
    path = difference.path
    if any(path[: len(fixed)] == fixed for fixed in _FIXED.get((group, kind), ())):
        return True
    if at(before, ("immutable",)) is True and any(path[: len(data)] == data for data in _DATA):
        return True
    special = _SPECIAL.get((group, kind))
    return special is not None and special(before, after, path)


def _stateful_set(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> bool:
    return path[:1] == ("spec",) and (len(path) == 1 or path[1] not in _STATEFUL)


def _claim(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> bool:
    if path[: len(_STORAGE)] == _STORAGE:
        old, new = quantity(at(before, _STORAGE)), quantity(at(after, _STORAGE))
        return old is not None and new is not None and new < old
    return path[:1] == ("spec",) and path[1:2] != ("volumeAttributesClassName",)


def _service(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> bool:
    # An address that is taken out is kept (registry/core/service: patchAllocatedValues), so that one does not fail.
    types = (at(before, ("spec", "type")), at(after, ("spec", "type")))
    return path[:2] == ("spec", "clusterIP") and bool(at(after, ("spec", "clusterIP"))) and "ExternalName" not in types


_SPECIAL: Mapping[tuple[str, str], Callable[[Mapping[str, Any], Mapping[str, Any], Path], bool]] = {
    ("apps", "StatefulSet"): _stateful_set,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Service"): _service,
}


def _parallelism(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Refusal]:
    for path in (("spec", "parallelism"), ("spec", "prefill", "parallelism")):
        # A part that one side does not have is not compared, but an absent `parallelism` counts as 1.
        has_both = path[1] == "parallelism" or all(at(side, path[:2]) for side in (before, after))
        if has_both and nodes(at(before, path)) != nodes(at(after, path)):
            yield Refusal(shown(path), _fix("LLMInferenceService"))


def nodes(parallelism: Any) -> int:
    """Return how many pods make one replica of an LLMInferenceService (kserve v0.20.0, ParallelismSpec.GetSize)."""
    given = parallelism if isinstance(parallelism, Mapping) else {}
    data, local, pipeline = (_count(given.get(key)) for key in ("data", "dataLocal", "pipeline"))
    return max(max(data, 1) // max(local, 1), 1) if data or local else max(pipeline, 1)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _fix(kind: str) -> str:
    fixes = {
        "StatefulSet": "kubectl delete statefulset --cascade=orphan just before the sync (pods and volumes stay)",
        "PersistentVolumeClaim": "make a claim of another name and move the data",
        "RoleBinding": "delete the binding just before the sync, or give it another name",
    }
    return fixes.get(kind, f"give the {kind} another name, or delete it just before the sync")
