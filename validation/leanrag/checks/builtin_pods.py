"""What the API server demands of a pod beyond its schema (k8s.io/kubernetes v1.34.4, pkg/apis/core/validation)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leanrag.checks.builtin_containers import Body, Path, Problem, container, one_of, seccomp
from leanrag.core.shapes import items, mapping

_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def pod(spec: Body, path: Path, claims: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield the problems of a whole pod; `claims` are the volumes that its workload adds."""
    yield from _container_names(spec, path)
    yield from _volumes(spec, (*path, "volumes"))
    yield from _tolerations(spec, (*path, "tolerations"))
    yield from seccomp(spec, path)
    if mapping(spec.get("resources")).get("claims"):
        yield (*path, "resources", "claims"), "are not for a whole pod", "write them at a container"
    for index, each in enumerate(items(mapping(spec.get("securityContext")).get("sysctls"))):
        if spec.get("hostNetwork") is True and str(each.get("name")).startswith("net."):
            yield (*path, "securityContext", "sysctls", index), "is the node's under hostNetwork", "remove it"
    for index, each in enumerate(items(spec.get("topologySpreadConstraints"))):
        if each.get("matchLabelKeys") and each.get("labelSelector") is None:
            place = (*path, "topologySpreadConstraints", index, "matchLabelKeys")
            yield place, "needs a labelSelector", "write it"
    for index, each in enumerate(items(spec.get("resourceClaims"))):
        yield from one_of(each, ("resourceClaimName", "resourceClaimTemplateName"), (*path, "resourceClaims", index))
    names = {str(each.get("name")) for each in items(spec.get("volumes"))} | set(claims)
    for key, index, each in containers(spec):
        yield from container(
            each, (*path, key, index), key == "initContainers" and each.get("restartPolicy") != "Always"
        )
        yield from _mounts(each, (*path, key, index), names)
        restarts = {str(held.get("restartPolicy")) for held in items(each.get("resizePolicy"))}
        if spec.get("restartPolicy") == "Never" and "RestartContainer" in restarts:
            yield (
                (*path, key, index, "resizePolicy"),
                "RestartContainer is not for restartPolicy Never",
                "write NotRequired",
            )
        if spec.get("hostNetwork") is True:
            yield from _host_ports(each, (*path, key, index, "ports"))


def containers(spec: Body) -> Iterator[tuple[str, int, Body]]:
    """Yield list, index and body of every container and init container."""
    for key in ("initContainers", "containers"):
        for index, each in enumerate(items(spec.get(key))):
            if isinstance(each, Mapping):
                yield key, index, each


def _container_names(spec: Body, path: Path) -> Iterator[Problem]:
    named = [(str(each.get("name")), key, index) for key, index, each in containers(spec)]
    often = Counter(name for name, _, _ in named)
    for name, key, index in named:
        if often[name] > 1 and key == "initContainers":
            yield (*path, key, index, "name"), f"{name!r} is the name of another container, too", "give it its own"


def _volumes(spec: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(spec.get("volumes"))):
        held = [key for key, value in mapping(each).items() if key != "name" and value is not None]
        if len(held) > 1:
            yield (*path, index), f"is {' and '.join(sorted(held))} at once", "keep one"
        for place, file in enumerate(items(mapping(mapping(each).get("downwardAPI")).get("items"))):
            yield from one_of(file, ("fieldRef", "resourceFieldRef"), (*path, index, "downwardAPI", "items", place))
            seen = mapping(mapping(file).get("fieldRef")).get("fieldPath", "metadata.")
            if not str(seen).startswith("metadata."):
                here = (*path, index, "downwardAPI", "items", place, "fieldRef", "fieldPath")
                yield here, f"{seen!r} cannot be a file", "write one of metadata, or an env"
        sources = items(mapping(mapping(each).get("projected")).get("sources"))
        for place, source in enumerate(sources):
            yield from one_of(source, _PROJECTIONS, (*path, index, "projected", "sources", place))
        yield from _same_files(sources, (*path, index, "projected", "sources"))


def _same_files(sources: list[Any], path: Path) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, source in enumerate(sources):
        for kind, held in mapping(source).items():
            for file in [
                mapping(held).get("path"),
                *(mapping(each).get("path") for each in items(mapping(held).get("items"))),
            ]:
                if file and file in seen:
                    yield (*path, place, kind), f"{file!r} is there twice", "give each its own path"
                seen.add(str(file))


def _mounts(body: Body, path: Path, volumes: set[str]) -> Iterator[Problem]:
    for key in ("volumeMounts", "volumeDevices"):
        for index, each in enumerate(items(body.get(key))):
            if str(each.get("name")) not in volumes:
                message = f"the pod has no volume {each.get('name')!r}"
                yield (*path, key, index, "name"), message, "name one of its volumes, or add it"
    for index, each in enumerate(items(body.get("volumeMounts"))):
        place = (*path, "volumeMounts", index)
        if each.get("subPath") and each.get("subPathExpr"):
            yield (*place, "subPath"), "subPath and subPathExpr are both set", "keep one"
        if each.get("recursiveReadOnly") not in (None, "Disabled") and each.get("readOnly") is not True:
            yield (*place, "recursiveReadOnly"), "needs readOnly: true", "write it"
        if each.get("mountPropagation") == "Bidirectional" and not mapping(body.get("securityContext")).get(
            "privileged"
        ):
            yield (*place, "mountPropagation"), "Bidirectional needs a privileged container", "write HostToContainer"


def _tolerations(spec: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(spec.get("tolerations"))):
        exists = each.get("operator") == "Exists"
        if not each.get("key") and not exists:
            yield (*path, index), "has no key, which only the operator Exists may lack", "write a key, or Exists"
        if exists and each.get("value"):
            yield (*path, index, "value"), "the operator Exists takes no value", "remove it, or write Equal"
        if each.get("tolerationSeconds") is not None and each.get("effect") != "NoExecute":
            yield (*path, index, "effect"), "tolerationSeconds needs the effect NoExecute", "write it"


def _host_ports(body: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(body.get("ports"))):
        if each.get("hostPort") and each["hostPort"] != each.get("containerPort"):
            yield (*path, index, "hostPort"), "differs from containerPort under hostNetwork", "write the same number"
