"""The workloads that rendered manifests declare, in the form in which live pods are compared with them. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from leanrag.core.shapes import mapping
from leanrag.gate.observed import Container
from leanrag.render.manifest import Manifest

# kserve v0.20.0, pkg/constants: label and annotation of an InferenceService's pods, and what it adds to their env.
KSERVE_LABEL = "serving.kserve.io/inferenceservice"
KSERVE_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
KSERVE_ENV = frozenset({"INFERENCE_SERVICE_NAME"})
KSERVE_CONTAINER = "kserve-container"
_SUFFIXES = {"m": Decimal("0.001"), **{letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}}
_SUFFIXES |= {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}


@dataclass(frozen=True, slots=True)
class Workload:
    """Something of Git that makes pods: which pods are its own, how many must be ready, and what they must run.

    `added` are environment variables that its controller sets beside those of Git; None: it may set any. `labels`,
    `annotations` and `volumes` are those of the template; a pod may have more. `not_compared` is empty, or says why the
    pods' containers cannot be compared with Git.
    """

    app: str
    kind: str
    namespace: str
    name: str
    selector: Mapping[str, str]
    replicas: int
    containers: tuple[Container, ...]
    added: frozenset[str] | None = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    not_compared: str = ""

    @property
    def label(self) -> str:
        """What messages call it."""
        return f"{self.kind}/{self.name}"


def workloads(manifests: Iterable[Manifest]) -> tuple[Workload, ...]:
    """Return every workload whose pods stay: Jobs and CronJobs come and go, so they are left out."""
    found = tuple(manifests)
    runtimes = {(m.namespace, m.name): m for m in found if m.kind == "ServingRuntime"}
    made = (_workload(manifest, runtimes) for manifest in found)
    return tuple(each for each in made if each)


def _workload(manifest: Manifest, runtimes: Mapping[tuple[str, str], Manifest]) -> Workload | None:
    spec = mapping(manifest.body.get("spec"))
    if manifest.kind in ("Deployment", "StatefulSet"):
        return _plain(manifest, spec)
    if manifest.kind == "InferenceService":
        return _inference_service(manifest, mapping(spec.get("predictor")), runtimes)
    if manifest.kind == "LLMInferenceService":
        return _llm(manifest, spec)
    if manifest.kind == "OGXServer":
        return _ogx(manifest, spec)
    if manifest.kind == "LlamaStackDistribution":
        return _llama_stack(manifest, spec)
    return None


def _plain(manifest: Manifest, spec: Mapping[str, Any]) -> Workload:
    template = mapping(spec.get("template"))
    pod, metadata = mapping(template.get("spec")), mapping(template.get("metadata"))
    selector = mapping(mapping(spec.get("selector")).get("matchLabels"))
    made = _of(manifest, selector, spec.get("replicas"), containers(pod))
    labels, annotations = texts(metadata.get("labels")), texts(metadata.get("annotations"))
    return replace(made, labels=labels, annotations=annotations, volumes=volumes(pod))


def _inference_service(
    manifest: Manifest, predictor: Mapping[str, Any], runtimes: Mapping[tuple[str, str], Manifest]
) -> Workload:
    model = mapping(predictor.get("model"))
    made = _of(manifest, {KSERVE_LABEL: manifest.name}, predictor.get("minReplicas"), (), KSERVE_ENV)
    # The source reaches the pod through a webhook that reads this annotation; the engine's own arguments never name it.
    source = {KSERVE_SOURCE: str(model["storageUri"])} if model.get("storageUri") else {}
    made = replace(made, labels=texts(predictor.get("labels")), annotations=source)
    runtime = runtimes.get((manifest.namespace, str(model.get("runtime"))))
    if runtime is None:
        return replace(made, not_compared=f"its runtime {model.get('runtime')!r} is not in Git")
    rendered = [_merged(each, model) for each in mapping(runtime.body.get("spec")).get("containers") or ()]
    return replace(made, containers=tuple(container(each) for each in rendered))


def _merged(runtime: Mapping[str, Any], model: Mapping[str, Any]) -> Mapping[str, Any]:
    """Merge as kserve v0.20.0 does (utils.MergeRuntimeContainers): the model's fields win, its args are appended."""
    if runtime.get("name") != KSERVE_CONTAINER:
        return runtime
    env = {each["name"]: each for part in (runtime, model) for each in part.get("env") or ()}
    resources = {
        part: {
            **mapping(mapping(runtime.get("resources")).get(part)),
            **mapping(mapping(model.get("resources")).get(part)),
        }
        for part in ("requests", "limits")
    }
    args = [*(runtime.get("args") or ()), *(model.get("args") or ())]
    own = {key: model[key] for key in ("image", "command") if model.get(key)}
    return {**runtime, **own, "args": args, "env": list(env.values()), "resources": resources}


def _llm(manifest: Manifest, spec: Mapping[str, Any]) -> Workload:
    # kserve v0.20.0, pkg/controller/v1alpha2/llmisvc: our template wins over the well-known configurations by name.
    labels = {
        "app.kubernetes.io/name": manifest.name,
        "app.kubernetes.io/part-of": "llminferenceservice",
        "kserve.io/component": "workload",
    }
    return _of(manifest, labels, spec.get("replicas"), containers(mapping(spec.get("template"))), None)


def _ogx(manifest: Manifest, spec: Mapping[str, Any]) -> Workload:
    # ogx-k8s-operator v0.14.0, controllers/resource_helper.go: the container is called `ogx`.
    work = mapping(spec.get("workload"))
    overrides = mapping(work.get("overrides"))
    image = mapping(spec.get("distribution")).get("image")
    body = {"name": "ogx", "image": image, **_some(overrides, "command", "args", "env"), **_some(work, "resources")}
    return _operated(manifest, "ogx", work.get("replicas"), body)


def _llama_stack(manifest: Manifest, spec: Mapping[str, Any]) -> Workload:
    server = mapping(spec.get("server"))
    given = mapping(server.get("containerSpec"))
    image = mapping(server.get("distribution")).get("image")
    name = given.get("name") or "llama-stack"
    body = {"name": name, "image": image, **_some(given, "command", "args", "env", "resources")}
    return _operated(manifest, "llama-stack", spec.get("replicas"), body)


def _operated(manifest: Manifest, app: str, replicas: Any, body: Mapping[str, Any]) -> Workload:
    selector = {"app": app, "app.kubernetes.io/instance": manifest.name}
    return _of(manifest, selector, replicas, (container(body),), None)


def _of(
    manifest: Manifest,
    selector: Mapping[str, Any],
    replicas: Any,
    found: tuple[Container, ...],
    added: frozenset[str] | None = frozenset(),
) -> Workload:
    count = 1 if replicas is None else int(replicas)
    place = (manifest.app.name, manifest.kind, manifest.namespace, manifest.name)
    return Workload(*place, texts(selector), count, found, added)


def containers(spec: Mapping[str, Any]) -> tuple[Container, ...]:
    """Return the containers of a pod spec, the ones that run before the others too."""
    return tuple(container(each) for key in ("initContainers", "containers") for each in spec.get(key) or ())


def container(body: Mapping[str, Any]) -> Container:
    """Return one container of a pod spec as data that compares equal when it means the same."""
    return Container(
        name=str(body.get("name") or ""),
        image=str(body.get("image") or ""),
        command=_words(body.get("command")),
        args=_words(body.get("args")),
        env={str(each.get("name")): _value(each) for each in body.get("env") or ()},
        resources={
            f"{part} {name}": quantity(amount)
            for part in ("requests", "limits")
            for name, amount in mapping(mapping(body.get("resources")).get(part)).items()
        },
    )


def volumes(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the volumes of a pod spec by name, raw."""
    return {str(each.get("name")): each for each in spec.get("volumes") or ()}


def texts(value: Any) -> Mapping[str, str]:
    """Return a map of labels or annotations with text on both sides."""
    return {str(key): str(entry) for key, entry in mapping(value).items()}


def _words(value: Any) -> tuple[str, ...] | None:
    return tuple(str(word) for word in value) if isinstance(value, list | tuple) and value else None


def _value(entry: Mapping[str, Any]) -> str:
    source = entry.get("valueFrom")
    if not isinstance(source, Mapping):
        return str(entry.get("value") or "")
    # The API server adds the version of a field reference, which nobody writes.
    field = {key: value for key, value in mapping(source.get("fieldRef")).items() if key != "apiVersion"}
    return json.dumps({**source, **({"fieldRef": field} if field else {})}, sort_keys=True)


def quantity(amount: Any) -> str:
    """Return an amount of Kubernetes as a plain number: "1Gi" and "1024Mi" are the same."""
    text = str(amount)
    suffix = next((each for each in sorted(_SUFFIXES, key=len, reverse=True) if text.endswith(each)), "")
    try:
        number = Decimal(text.removesuffix(suffix)) * _SUFFIXES.get(suffix, 1)
    except InvalidOperation:
        return text
    return format(number.normalize(), "f")


def _some(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: source[key] for key in keys if source.get(key)}
