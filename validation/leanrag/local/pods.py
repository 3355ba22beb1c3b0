"""Read what a kubelet would run out of rendered objects: pods, services, configuration. Pure, and strict.

Every field of a pod is either taken over or listed in substitutions.py with its reason; any other is an InputError, so
that a chart cannot gain a setting that the local stack silently drops.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leanrag.core.errors import InputError
from leanrag.local.substitutions import IGNORED_CONTAINER_FIELDS, IGNORED_POD_FIELDS
from leanrag.render.manifest import Manifest

WORKLOADS = ("Deployment", "StatefulSet")
# Kinds that only a controller turns into pods: locally there is none.
CONTROLLED = ("InferenceService", "LLMInferenceService", "LlamaStackDistribution", "OGXServer", "Milvus")
_POD_FIELDS = {"containers", "volumes"}
_CONTAINER_FIELDS = {
    *("name", "image", "command", "args", "env", "envFrom", "ports", "volumeMounts"),
    *("startupProbe", "readinessProbe"),
}
Source = Literal["configMap", "secret", "claim", "scratch"]


@dataclass(frozen=True, slots=True)
class Reference:
    """An environment value that comes from elsewhere: `kind` is secret, configMap or field."""

    kind: Literal["secret", "configMap", "field"]
    name: str
    key: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """How a kubelet asks for readiness; `allowance` is how long it keeps asking, in seconds."""

    allowance: float
    port: int = 0
    path: str = ""  # empty: a TCP connection is enough
    headers: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume in a container: its path there, and what is behind it."""

    path: str
    volume: str
    source: Source
    ref: str  # ConfigMap, Secret or claim name
    sub_path: str = ""
    items: tuple[tuple[str, str], ...] = ()  # key → file name, empty: every key


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod, as the chart wrote it; nothing is resolved yet."""

    pod: str
    name: str
    namespace: str
    image: str
    labels: Mapping[str, str]
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[tuple[str, str | Reference], ...]
    ports: Mapping[str, int]
    mounts: tuple[Mount, ...]
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """A Service: the labels it selects and its ports (port → target port, a number or a name)."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: Mapping[int, int | str]


def containers(manifests: Iterable[Manifest]) -> tuple[Container, ...]:
    """Return every container of every workload; all problems at once in one InputError."""
    found: list[Container] = []
    problems: list[str] = []
    for manifest in manifests:
        if manifest.kind in CONTROLLED:
            problems.append(f"{_place(manifest)}: only a controller makes pods of it")
        elif manifest.kind in WORKLOADS:
            problems += _unknown(manifest)
            found += _containers(manifest)
    if problems:
        raise InputError(
            "the local stack cannot run what the charts render: " + "; ".join(problems),
            hint="use runtime: deployment in overlays/local, or list the field in leanrag/local/substitutions.py",
        )
    return tuple(found)


def _place(manifest: Manifest) -> str:
    return f"{manifest.app.name}: {manifest.kind}/{manifest.name}"


def _pod(manifest: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = manifest.body["spec"]["template"]["spec"]
    return spec


def _unknown(manifest: Manifest) -> list[str]:
    pod = _pod(manifest)
    strange = [f"spec.template.spec.{key}" for key in pod if key not in _POD_FIELDS | IGNORED_POD_FIELDS.keys()]
    for each in pod["containers"]:
        known = _CONTAINER_FIELDS | IGNORED_CONTAINER_FIELDS.keys()
        strange += [f"containers[{each['name']}].{key}" for key in each if key not in known]
    return [f"{_place(manifest)}: {key} is neither taken over nor listed" for key in strange]


def _containers(manifest: Manifest) -> list[Container]:
    pod = _pod(manifest)
    volumes = {each["name"]: each for each in pod.get("volumes") or []}
    labels = (manifest.body["spec"]["template"].get("metadata") or {}).get("labels") or {}
    return [_container(manifest, each, volumes, labels) for each in pod["containers"]]


def _container(manifest: Manifest, spec: Mapping[str, Any], volumes: Mapping[str, Any], labels: Any) -> Container:
    declared = spec.get("ports") or []
    ports = {str(port.get("name") or port["containerPort"]): int(port["containerPort"]) for port in declared}
    # startup first: the kubelet asks for readiness only after it
    probes = [spec[key] for key in ("startupProbe", "readinessProbe") if spec.get(key)]
    return Container(
        pod=manifest.name,
        name=spec["name"],
        namespace=manifest.namespace,
        image=spec["image"],
        labels=labels,
        command=tuple(str(part) for part in spec.get("command") or ()),
        args=tuple(str(part) for part in spec.get("args") or ()),
        env=_env(spec),
        ports=ports,
        mounts=tuple(_mount(manifest, each, volumes) for each in spec.get("volumeMounts") or ()),
        probes=tuple(_probe(each, ports) for each in probes),
    )


def _env(spec: Mapping[str, Any]) -> tuple[tuple[str, str | Reference], ...]:
    whole: list[tuple[str, str | Reference]] = []
    for each in spec.get("envFrom") or ():
        if "configMapRef" in each:
            whole.append(("", Reference("configMap", each["configMapRef"]["name"], "")))
        else:
            whole.append(("", Reference("secret", each["secretRef"]["name"], "")))
    return (*whole, *((each["name"], _value(each)) for each in spec.get("env") or ()))


def _value(each: Mapping[str, Any]) -> str | Reference:
    source = each.get("valueFrom")
    if not source:
        return str(each.get("value") or "")
    if "secretKeyRef" in source:
        ref = source["secretKeyRef"]
        return Reference("secret", ref["name"], ref["key"], bool(ref.get("optional")))
    if "configMapKeyRef" in source:
        ref = source["configMapKeyRef"]
        return Reference("configMap", ref["name"], ref["key"], bool(ref.get("optional")))
    return Reference("field", "", source.get("fieldRef", {}).get("fieldPath", ""))


def _mount(manifest: Manifest, each: Mapping[str, Any], volumes: Mapping[str, Any]) -> Mount:
    volume = volumes.get(each["name"])
    if volume is None:
        raise InputError(f"{_place(manifest)}: mounts {each['name']!r}, no volume of it", hint="correct the chart")
    source, ref, items = _source(volume)
    return Mount(
        path=each["mountPath"].rstrip("/"),
        volume=each["name"],
        source=source,
        ref=ref,
        sub_path=each.get("subPath", ""),
        items=items,
    )


def _source(volume: Mapping[str, Any]) -> tuple[Source, str, tuple[tuple[str, str], ...]]:
    if "configMap" in volume:
        return "configMap", volume["configMap"]["name"], _items(volume["configMap"])
    if "secret" in volume:
        return "secret", volume["secret"]["secretName"], _items(volume["secret"])
    if "persistentVolumeClaim" in volume:
        return "claim", volume["persistentVolumeClaim"]["claimName"], ()
    if "emptyDir" in volume or "ephemeral" in volume:
        return "scratch", volume["name"], ()
    kind = ", ".join(key for key in volume if key != "name")
    raise InputError(f"volume {volume['name']!r}: a {kind} volume has no local counterpart", hint="see pods.py")


def _items(source: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((each["key"], each["path"]) for each in source.get("items") or ())


def _probe(spec: Mapping[str, Any], ports: Mapping[str, int]) -> Probe:
    tries = spec.get("periodSeconds", 10) * spec.get("failureThreshold", 3)
    allowance = float(spec.get("initialDelaySeconds", 0) + tries)
    if "exec" in spec:
        return Probe(allowance, command=tuple(spec["exec"]["command"]))
    action = spec.get("httpGet") or spec.get("tcpSocket") or {}
    port = action.get("port", 0)
    number = port if isinstance(port, int) else ports.get(port, 0)
    headers = tuple((each["name"], each["value"]) for each in action.get("httpHeaders") or ())
    return Probe(allowance, port=number, path=action.get("path", "/") if "httpGet" in spec else "", headers=headers)


def services(manifests: Iterable[Manifest]) -> tuple[Service, ...]:
    """Return every Service that selects pods."""
    return tuple(
        Service(
            name=manifest.name,
            namespace=manifest.namespace,
            selector=manifest.body["spec"]["selector"],
            ports={int(port["port"]): port.get("targetPort", port["port"]) for port in manifest.body["spec"]["ports"]},
        )
        for manifest in manifests
        if manifest.kind == "Service" and manifest.body["spec"].get("selector")
    )


def config_data(
    manifests: Iterable[Manifest], kind: Literal["ConfigMap", "Secret"]
) -> dict[tuple[str, str], dict[str, str]]:
    """Return the data of every ConfigMap or Secret as (namespace, name) → key → text."""
    return {(manifest.namespace, manifest.name): _texts(manifest) for manifest in manifests if manifest.kind == kind}


def _texts(manifest: Manifest) -> dict[str, str]:
    plain = {**(manifest.body.get("data") or {}), **(manifest.body.get("stringData") or {})}
    return {str(key): str(value) for key, value in plain.items()}
