"""References inside a cluster: what a pod names is rendered, or something that is rendered makes it."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.pods import Container, Pod, all_pods
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

# Kind, namespace ("" where there is none), name.
Target = tuple[str, str, str]
# Where it is written, what it names, the key that is read there ("" for all of it).
Reference = tuple[str, Target, str]

_SECRET, _CONFIG, _CLAIM, _ACCOUNT = "Secret", "ConfigMap", "PersistentVolumeClaim", "ServiceAccount"
# What every namespace, or every cluster, has (Kubernetes; OpenShift's service CA operator).
_GIVEN = {(_CONFIG, "kube-root-ca.crt"), (_CONFIG, "openshift-service-ca.crt"), (_ACCOUNT, "default")}
_SERVING_CERT = "service.beta.openshift.io/serving-cert-secret-name"
_TOKEN = "kubernetes.io/service-account.name"
# Secrets of a cluster come from somewhere: without one of these they are made by hand, and nobody knows which.
_MAKERS = ("ExternalSecret", "SealedSecret")
_ELSEWHERE = "add it, or write who brings it in the annotation leanrag.io/allow"
_NAMED: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]] = {
    "InferenceService": ((("spec", "predictor", "model", "runtime"), "ServingRuntime"),),
    "ExternalSecret": ((("spec", "secretStoreRef", "name"), "SecretStore"),),
    "StatefulSet": ((("spec", "serviceName"), "Service"),),
    "OGXServer": ((("spec", "overrideConfig", "name"), _CONFIG),),
    "LlamaStackDistribution": ((("spec", "server", "userConfig", "configMapName"), _CONFIG),),
}
# Parts of pods that an operator lays over its own.
_PARTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "OGXServer": (("spec", "workload", "overrides"),),
    "LlamaStackDistribution": (("spec", "server", "containerSpec"), ("spec", "server", "podOverrides")),
}


def references_are_there(scope: Scope) -> Iterator[Finding]:
    """REF001: a pod that names a ConfigMap, Secret, volume or account that nobody makes never starts.

    Not judged: what is optional, a claim that is only read (others fill it), a Secret where all are made by hand,
    namespaces that others write to, too, and those with an Application that did not render.
    """
    made = _made(scope)
    names: dict[tuple[str, str], set[str]] = {}
    for kind, space, name in made:
        names.setdefault((kind, space), set()).add(name)
    by_hand = not any(scope.of_kind(*_MAKERS))
    sure = {"", *scope.namespaces.values()} - {app.namespace for app in scope.apps if app.name in scope.missing}
    for manifest, (where, target, key) in _references(scope):
        kind, space, name = target
        if (kind, name) in _GIVEN or space not in sure or (kind == _SECRET and by_hand):
            continue
        if target not in made:
            near = names.get((kind, space))
            fix = suggestion(name, near, kind) if near else _ELSEWHERE
            message = f"no {kind} {name!r}" + (f" in {space}" if space else "")
            yield scope.finding("REF001", manifest, where, message, fix, culprit=name)
        elif key and (keys := made[target]) is not None and key not in keys:
            message = f"{kind} {name!r} has no key {key!r}"
            yield scope.finding("REF001", manifest, where, message, suggestion(key, keys), culprit=key)


def _made(scope: Scope) -> dict[Target, frozenset[str] | None]:
    """Return everything that can be named, with its keys; None: nobody knows them."""
    found: dict[Target, frozenset[str] | None] = {}
    for manifest in scope.manifests:
        spaced = "" if manifest.kind in ("PriorityClass", "RuntimeClass") else manifest.namespace
        keys = None
        if manifest.kind in (_CONFIG, _SECRET):
            parts = (mapping(manifest.body.get(part)) for part in ("data", "binaryData", "stringData"))
            keys = frozenset(str(key) for part in parts for key in part)
        found[manifest.kind, spaced, manifest.name] = keys or None
        for kind, name, given in _by_controllers(manifest):
            found.setdefault((kind, manifest.namespace, name), given)
    return found


def _by_controllers(manifest: Manifest) -> Iterator[tuple[str, str, frozenset[str] | None]]:
    """Yield what a controller makes of an object, beside it."""
    spec = mapping(manifest.body.get("spec"))
    written = mapping(at(manifest.body, ("metadata", "annotations")))
    match manifest.kind:
        case "ExternalSecret":
            whole = spec.get("dataFrom") or at(spec, ("target", "template"))
            keys = frozenset(str(mapping(each).get("secretKey")) for each in items(spec.get("data")))
            yield _SECRET, str(at(spec, ("target", "name")) or manifest.name), None if whole else keys
        case "SealedSecret" | "ClusterExternalSecret":
            yield _SECRET, manifest.name, None
        case "Certificate":
            yield _SECRET, str(spec.get("secretName")), None
        case "ObjectBucketClaim":
            yield _SECRET, manifest.name, None
            yield _CONFIG, manifest.name, None
        case "Service" if _SERVING_CERT in written:
            yield _SECRET, str(written[_SERVING_CERT]), None
        case "InferenceService" | "LLMInferenceService" | "OGXServer" | "LlamaStackDistribution":
            yield _ACCOUNT, manifest.name, None


def _references(scope: Scope) -> Iterator[tuple[Manifest, Reference]]:
    for pod in all_pods(scope):
        for each in _of_pod(pod):
            yield pod.manifest, each
    for manifest in scope.of_kind(*_PARTS):
        for path in _PARTS[manifest.kind]:
            part = mapping(at(manifest.body, path))
            for each in (
                *_of_pod(Pod(manifest, path, part, None)),
                *_of_container(Container(path, part), manifest.namespace),
            ):
                yield manifest, each
    for kind, named in _NAMED.items():
        for manifest in scope.of_kind(kind):
            for path, target in named:
                name = at(manifest.body, path)
                shared = at(manifest.body, (*path[:-1], "kind")) not in (None, target)
                if isinstance(name, str) and name and not shared:
                    yield manifest, (dotted(path), (target, manifest.namespace, name), "")


def _of_pod(pod: Pod) -> Iterator[Reference]:
    space, spec = pod.manifest.namespace, pod.spec
    for key, kind, where in (
        ("serviceAccountName", _ACCOUNT, space),
        ("runtimeClassName", "RuntimeClass", ""),
        ("priorityClassName", "PriorityClass", ""),
    ):
        name = spec.get(key)
        # The two system-… classes are Kubernetes' own.
        if isinstance(name, str) and name and not (key == "priorityClassName" and name.startswith("system-")):
            yield pod.where(key), (kind, where, name), ""
    for index, secret in enumerate(items(spec.get("imagePullSecrets"))):
        yield pod.where("imagePullSecrets", index), (_SECRET, space, str(mapping(secret).get("name"))), ""
    for index, volume in enumerate(items(spec.get("volumes"))):
        yield from _of_volume(mapping(volume), pod.where("volumes", index), space)
    for container in pod.containers():
        yield from _of_container(container, space)


def _of_volume(volume: Mapping[str, Any], where: str, space: str) -> Iterator[Reference]:
    claim = mapping(volume.get("persistentVolumeClaim"))
    if claim and claim.get("readOnly") is not True:
        yield f"{where}.persistentVolumeClaim", (_CLAIM, space, str(claim.get("claimName"))), ""
    sources = [volume, *map(mapping, items(at(volume, ("projected", "sources"))))]
    for source in sources:
        for part, kind, key in (("configMap", _CONFIG, "name"), ("secret", _SECRET, "secretName")):
            body = mapping(source.get(part))
            name = body.get(key) or body.get("name")
            if not name or body.get("optional"):
                continue
            target = (kind, space, str(name))
            yield f"{where}.{part}", target, ""
            for index, item in enumerate(items(body.get("items"))):
                yield f"{where}.{part}.items[{index}].key", target, str(mapping(item).get("key") or "")


def _of_container(container: Container, space: str) -> Iterator[Reference]:
    for index, each in enumerate(items(container.body.get("env"))):
        for part, kind in (("configMapKeyRef", _CONFIG), ("secretKeyRef", _SECRET)):
            body = mapping(at(each, ("valueFrom", part)))
            if body and not body.get("optional"):
                where = container.where("env", index, "valueFrom", part)
                yield where, (kind, space, str(body.get("name"))), str(body.get("key") or "")
    for index, each in enumerate(items(container.body.get("envFrom"))):
        for part, kind in (("configMapRef", _CONFIG), ("secretRef", _SECRET)):
            body = mapping(mapping(each).get(part))
            if body and not body.get("optional"):
                yield container.where("envFrom", index, part), (kind, space, str(body.get("name"))), ""
