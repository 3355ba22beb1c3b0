"""What the API server demands of a pod beyond its schema (k8s.io/kubernetes v1.34.4, pkg/apis/core/validation)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leanrag.checks.quantity import quantity
from leanrag.core.shapes import items, mapping

Path = tuple[str | int, ...]
Problem = tuple[Path, str, str]  # where, what is wrong there, the way out
Body = Mapping[str, Any]

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")
_STANDARD = re.compile(r"cpu|memory|ephemeral-storage|hugepages-.+|[^/]+/.+")
_WHOLE = re.compile(r"hugepages-.+|[^/]+/.+")


def pod(spec: Body, path: Path, claims: Iterable[str] = ()) -> Iterator[Problem]:
    """Yield the problems of a whole pod; `claims` are the volumes that its workload adds."""
    yield from _container_names(spec, path)
    yield from _volumes(spec, (*path, "volumes"))
    yield from _tolerations(spec, (*path, "tolerations"))
    yield from _seccomp(spec, path)
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


def container(body: Body, path: Path, ends: bool = False) -> Iterator[Problem]:
    """Yield the problems of a container, whichever pod it is in; `ends`: one that runs before the others."""
    yield from _env(body, path)
    yield from _probes(body, path, ends)
    yield from _ports(body, (*path, "ports"))
    yield from resources(mapping(body.get("resources")), (*path, "resources"))
    yield from _privileges(body, path)
    yield from _seccomp(body, path)
    for key in ("postStart", "preStop"):
        handler = mapping(body.get("lifecycle")).get(key)
        if handler is not None:
            yield from one_of(handler, ("exec", "httpGet", "tcpSocket", "sleep"), (*path, "lifecycle", key))
            if mapping(mapping(handler).get("sleep")).get("seconds", 0) < 0:
                yield (*path, "lifecycle", key, "sleep", "seconds"), "is less than 0", "correct it"
    yield from repeated(body, "volumeMounts", "mountPath", path)
    yield from repeated(body, "resizePolicy", "resourceName", path)


def one_of(holder: Any, names: tuple[str, ...], path: Path) -> Iterator[Problem]:
    """Yield a problem unless exactly one of some fields is set."""
    found = [name for name in names if mapping(holder).get(name) is not None]
    if len(found) != 1:
        said = f"has {' and '.join(found)}" if found else f"has none of {', '.join(names)}"
        yield path, said, "keep one" if found else "write one"


def repeated(holder: Body, key: str, name: str, path: Path) -> Iterator[Problem]:
    """Yield every item of a list that has a name which an earlier one has."""
    seen: set[str] = set()
    for index, each in enumerate(items(holder.get(key))):
        held = mapping(each).get(name)
        if held and str(held) in seen:
            yield (*path, key, index, name), f"{held!r} is there twice", "give each its own"
        seen.add(str(held))


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


def _env(body: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(body.get("env"))):
        source = each.get("valueFrom")
        if source is not None and each.get("value"):
            yield (*path, "env", index), "has a value and valueFrom", "keep one"
        if source is not None:
            yield from one_of(source, _ENV_SOURCES, (*path, "env", index, "valueFrom"))
    for index, each in enumerate(items(body.get("envFrom"))):
        yield from one_of(each, ("configMapRef", "secretRef"), (*path, "envFrom", index))


def _probes(body: Body, path: Path, ends: bool) -> Iterator[Problem]:
    for key in _PROBES:
        probe = body.get(key)
        if probe is None:
            continue
        yield from one_of(probe, _HANDLERS, (*path, key))
        if ends:
            yield (*path, key), "a container that runs before the others has no probes", "remove it"
        if key != "readinessProbe" and probe.get("successThreshold", 1) not in (0, 1):
            yield (*path, key, "successThreshold"), "must be 1 here", "remove it"
        if key == "readinessProbe" and probe.get("terminationGracePeriodSeconds") is not None:
            yield (*path, key, "terminationGracePeriodSeconds"), "is not for readiness probes", "remove it"
    if ends and body.get("lifecycle") is not None:
        yield (*path, "lifecycle"), "a container that runs before the others has no lifecycle", "remove it"


def _ports(body: Body, path: Path) -> Iterator[Problem]:
    yield from repeated(body, "ports", "name", path[:-1])
    hosts = [
        (each.get("hostPort"), each.get("protocol") or "TCP", each.get("hostIP")) for each in items(body.get("ports"))
    ]
    for index, each in enumerate(hosts):
        if each[0] and each in hosts[:index]:
            yield (*path, index, "hostPort"), f"{each[0]} is there twice", "give each its own"


def _host_ports(body: Body, path: Path) -> Iterator[Problem]:
    for index, each in enumerate(items(body.get("ports"))):
        if each.get("hostPort") and each["hostPort"] != each.get("containerPort"):
            yield (*path, index, "hostPort"), "differs from containerPort under hostNetwork", "write the same number"


def resources(body: Body, path: Path) -> Iterator[Problem]:
    """Yield amounts that cannot be, and requests beyond their limits."""
    limits, requests = mapping(body.get("limits")), mapping(body.get("requests"))
    for key, held in (("limits", limits), ("requests", requests)):
        for name, amount in held.items():
            yield from amount_problems(name, amount, (*path, key, name))
    for name, amount in requests.items():
        asked, most = quantity(amount), quantity(limits.get(name))
        whole = bool(_WHOLE.fullmatch(name))
        if asked is not None and most is not None and (asked > most or (whole and asked != most)):
            wanted = "equal to" if whole else "at most"
            yield (
                (*path, "requests", name),
                f"{amount} must be {wanted} the limit {limits[name]}",
                "correct one of them",
            )
        if whole and name not in limits:
            yield (*path, "requests", name), "needs a limit of the same amount", "write it"


def amount_problems(name: str, amount: Any, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with an amount of one resource of a container."""
    number = quantity(amount)
    if number is None or number < 0:
        yield path, f"{amount!r} is no amount", "write a number of 0 or more, such as 8Gi"
    elif _WHOLE.fullmatch(name) and number.denominator != 1:
        yield path, f"{amount!r} is no whole number", "write an integer"
    if not _STANDARD.fullmatch(name):
        yield path, f"{name!r} is no resource of a container", "write cpu, memory, or a name with its domain"


def _privileges(body: Body, path: Path) -> Iterator[Problem]:
    context = mapping(body.get("securityContext"))
    added = items(mapping(context.get("capabilities")).get("add"))
    if context.get("allowPrivilegeEscalation") is False and (
        context.get("privileged") or {"SYS_ADMIN", "CAP_SYS_ADMIN"} & set(added)
    ):
        place = (*path, "securityContext", "allowPrivilegeEscalation")
        yield place, "is false beside privileged or SYS_ADMIN", "remove these"


def _seccomp(body: Body, path: Path) -> Iterator[Problem]:
    context = mapping(body.get("securityContext"))
    for key in ("seccompProfile", "appArmorProfile"):
        profile = context.get(key)
        if profile is not None and (profile.get("type") == "Localhost") != bool(profile.get("localhostProfile")):
            place = (*path, "securityContext", key, "localhostProfile")
            yield place, "goes with the type Localhost, and only with it", "write both, or neither"
