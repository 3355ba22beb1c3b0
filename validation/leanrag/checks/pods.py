"""Every pod that a repository causes: in workloads, and inside the custom resources that controllers turn into pods."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from leanrag.checks.finding import at, dotted
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

T = TypeVar("T")
_TEMPLATE = ("spec", "template")
_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Grafana": ("spec", "deployment", "spec", "template"),  # merged into the operator's (grafana-operator v5.24.0)
}
_RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")
# Component labels of LLMInferenceService pods (kserve v0.20.0, pkg/constants and pkg/controller/v1alpha2/llmisvc).
_LLM_PODS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("spec", "template"), "llminferenceservice-workload"),
    (("spec", "worker"), "llminferenceservice-workload-worker"),
    (("spec", "prefill", "template"), "llminferenceservice-workload-prefill"),
    (("spec", "prefill", "worker"), "llminferenceservice-workload-worker-prefill"),
    (("spec", "router", "scheduler", "template"), "llminferenceservice-router-scheduler"),
)


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod and its path inside the object."""

    path: tuple[str | int, ...]
    body: Mapping[str, Any]

    def where(self, *more: str | int) -> str:
        """Return the path of a field of this container."""
        return dotted((*self.path, *more))


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod specification, where it is, and the labels its pods carry (None: another object decides)."""

    manifest: Manifest
    path: tuple[str | int, ...]
    spec: Mapping[str, Any]
    labels: Mapping[str, str] | None

    def where(self, *more: str | int) -> str:
        """Return the path of a field of this pod."""
        return dotted((*self.path, *more))

    def containers(self) -> Iterator[Container]:
        """Yield containers, init and ephemeral ones too, and KServe's `model` container."""
        for key in ("initContainers", "containers", "ephemeralContainers"):
            for index, body in enumerate(items(self.spec.get(key))):
                if isinstance(body, Mapping):
                    yield Container((*self.path, key, index), body)
        if self.manifest.kind == "InferenceService" and isinstance(self.spec.get("model"), Mapping):
            yield Container((*self.path, "model"), self.spec["model"])


def pods(manifest: Manifest) -> Iterator[Pod]:
    """Yield every pod specification inside one object."""
    kind, body = manifest.kind, manifest.body
    if kind == "Pod":
        yield Pod(manifest, ("spec",), mapping(body.get("spec")), _labels(body))
    elif kind in _TEMPLATES:
        path = _TEMPLATES[kind]
        template = mapping(at(body, path))
        yield Pod(manifest, (*path, "spec"), mapping(template.get("spec")), _labels(template))
    elif kind == "InferenceService":
        yield from _inference_service(manifest)
    elif kind in _RUNTIMES:
        yield Pod(manifest, ("spec",), mapping(body.get("spec")), None)
        if isinstance(at(body, ("spec", "workerSpec")), Mapping):
            yield Pod(manifest, ("spec", "workerSpec"), body["spec"]["workerSpec"], None)
    elif kind == "LLMInferenceService":
        yield from _llm_inference_service(manifest)


def all_pods(scope: Scope) -> tuple[Pod, ...]:
    """Return every pod of a scope, worked out once for all rules."""
    if "pods" not in scope.kept:
        scope.kept["pods"] = tuple(pod for manifest in scope.manifests for pod in pods(manifest))
    found: tuple[Pod, ...] = scope.kept["pods"]
    return found


class Labelled(Generic[T]):
    """Things with labels, of which a selector finds those it selects without asking every one.

    One of the selector's labels finds the few that may be meant, so thousands of Services and monitors stay quick.
    """

    def __init__(self, things: Iterable[tuple[str, Mapping[str, str], T]]) -> None:
        """Take namespace, labels and thing."""
        self._found: dict[tuple[str, ...], list[tuple[Mapping[str, str], T]]] = {}
        for namespace, labels, thing in things:
            for label in ((), *labels.items()):
                self._found.setdefault((namespace, *map(str, label)), []).append((labels, thing))

    def selected(self, namespace: str, selector: Any) -> list[T]:
        """Return what a selector, or a plain map of labels, selects in a namespace."""
        plain = {} if "matchExpressions" in mapping(selector) else selector
        wanted = mapping(mapping(selector).get("matchLabels", plain))
        keys: list[tuple[str, ...]] = [(namespace, str(key), str(value)) for key, value in wanted.items()]
        candidates = min((self._found.get(key, []) for key in keys or [(namespace,)]), key=len)
        return [thing for labels, thing in candidates if selects(selector, labels)]


def selected(scope: Scope, namespace: str, selector: Any) -> list[Pod]:
    """Return the pods of a namespace that a selector selects; those whose labels another object decides are unknown."""
    if "labelled" not in scope.kept:
        known = ((pod.manifest.namespace, pod.labels, pod) for pod in all_pods(scope) if pod.labels is not None)
        scope.kept["labelled"] = Labelled(known)
    index: Labelled[Pod] = scope.kept["labelled"]
    return index.selected(namespace, selector)


def _labels(body: Mapping[str, Any]) -> Mapping[str, str]:
    return dict(mapping(mapping(body.get("metadata")).get("labels")))


def _inference_service(manifest: Manifest) -> Iterator[Pod]:
    """KServe sets these labels in raw deployments (kserve v0.20.0, predictor.go, GetRawServiceLabel)."""
    for component in ("predictor", "transformer", "explainer"):
        spec = at(manifest.body, ("spec", component))
        if isinstance(spec, Mapping):
            given = {
                "serving.kserve.io/inferenceservice": manifest.name,
                "app": f"isvc.{manifest.name}-{component}",
                "component": component,
            }
            labels = {**_labels(manifest.body), **mapping(spec.get("labels")), **given}
            yield Pod(manifest, ("spec", component), spec, labels)


def _llm_inference_service(manifest: Manifest) -> Iterator[Pod]:
    for path, component in _LLM_PODS:
        spec = at(manifest.body, path)
        if isinstance(spec, Mapping):
            sibling = "worker" if path[-1] == "template" else "template"
            paired = "scheduler" not in path and isinstance(at(manifest.body, (*path[:-1], sibling)), Mapping)
            leads = paired and path[-1] == "template"
            given = {
                "app.kubernetes.io/name": manifest.name,
                "app.kubernetes.io/part-of": "llminferenceservice",
                "app.kubernetes.io/component": component.replace("workload", "workload-leader") if leads else component,
            }
            if "scheduler" not in path and (leads or not paired):  # a worker beside a leader takes no requests
                given["kserve.io/component"] = "workload"
            yield Pod(manifest, path, spec, {**mapping(at(manifest.body, ("spec", "labels"))), **given})


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Say whether a LabelSelector (or a plain map of labels) selects an object with these labels."""
    selector = mapping(selector)
    plain = (
        selector if not {"matchLabels", "matchExpressions"} & set(selector) else mapping(selector.get("matchLabels"))
    )
    if any(labels.get(key) != value for key, value in plain.items()):
        return False
    return all(_expression(each, labels) for each in items(selector.get("matchExpressions")))


def _expression(expression: Any, labels: Mapping[str, str]) -> bool:
    key, values = mapping(expression).get("key"), items(mapping(expression).get("values"))
    present = key in labels
    match mapping(expression).get("operator"):
        case "In":
            return present and labels[str(key)] in values
        case "NotIn":
            return not present or labels[str(key)] not in values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
    return False
