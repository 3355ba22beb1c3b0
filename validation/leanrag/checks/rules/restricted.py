"""Pods under Pod Security "restricted" (pod-security-admission v0.34.4, all checks) and OpenShift's restricted-v2."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Container, Pod, all_pods
from leanrag.checks.scope import Scope
from leanrag.checks.worlds import OPENSHIFT
from leanrag.core.shapes import items, mapping

_SHARED = ("hostNetwork", "hostPID", "hostIPC")
_PROFILES = {"RuntimeDefault", "Localhost"}
_IDS = ("runAsUser", "runAsGroup")
_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
_SELINUX = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_ASKS = (
    *(("livenessProbe", how) for how in ("httpGet", "tcpSocket")),
    *(("readinessProbe", how) for how in ("httpGet", "tcpSocket")),
    *(("startupProbe", how) for how in ("httpGet", "tcpSocket")),
    *(("lifecycle", moment, how) for moment in ("postStart", "preStop") for how in ("httpGet", "tcpSocket")),
)
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"

# Where in the pod, what is wrong, the way out.
Problem = tuple[str, str, str]


def restricted(scope: Scope) -> Iterator[Finding]:
    """POD001: every pod, also one inside a custom resource, keeps to the restricted profile."""
    # Plain Kubernetes gives no UID of its own, so an image that starts as root may be given one there.
    given = scope.schemas.world.platform in ("", OPENSHIFT)
    for pod in all_pods(scope):
        for where, message, fix in (*_pod(pod, given), *_containers(pod, given)):
            yield scope.finding("POD001", pod.manifest, where, message, fix)


def _pod(pod: Pod, given: bool) -> Iterator[Problem]:
    for key in _SHARED:
        if pod.spec.get(key):
            yield pod.where(key), "shares the node's namespace", "remove it"
    for index, volume in enumerate(items(pod.spec.get("volumes"))):
        for kind in sorted(set(mapping(volume)) - _VOLUMES - {"name"}):
            message = "mounts the node's disk" if kind == "hostPath" else "is no volume that restricted pods may have"
            yield pod.where("volumes", index, kind), message, "use a PVC, emptyDir or ConfigMap"
    context = mapping(pod.spec.get("securityContext"))
    for index, each in enumerate(items(context.get("sysctls"))):
        name = str(mapping(each).get("name"))
        if name not in _SYSCTLS:
            yield pod.where("securityContext", "sysctls", index), f"sets {name!r}, which reaches the node", "remove it"
    annotations = mapping(at(pod.manifest.body, (*pod.path[:-1], "metadata", "annotations")))
    for key, value in annotations.items():
        if str(key).startswith(_APPARMOR) and not re.match(r"($|runtime/default$|localhost/)", str(value or "")):
            yield f"metadata.annotations.{key}", f"is {value!r}", "write runtime/default, or remove it"
    yield from _confined(context, pod.where("securityContext"))
    yield from _fixed_ids(context, pod.where("securityContext"), given)


def _containers(pod: Pod, given: bool) -> Iterator[Problem]:
    outer = mapping(pod.spec.get("securityContext"))
    windows = at(pod.spec, ("os", "name")) == "windows"
    for container in pod.containers():
        own = mapping(container.body.get("securityContext"))
        place = container.where("securityContext")
        if not (container.path[-1] == "model" and container.body.get("runtime") and not own):
            # Otherwise KServe takes all of it from the runtime's container, which is judged where it is written.
            yield from _required({**outer, **own}, own, place, windows)
        yield from _confined(own, place)
        yield from _fixed_ids(own, place, given)
        yield from _reaches_the_node(container)


def _reaches_the_node(container: Container) -> Iterator[Problem]:
    for index, port in enumerate(items(container.body.get("ports"))):
        if mapping(port).get("hostPort"):
            yield container.where("ports", index, "hostPort"), "opens a port of the node", "use a Service"
    for path in _ASKS:
        if at(container.body, (*path, "host")):
            yield container.where(*path, "host"), "lets the kubelet ask any address", "remove it: the pod is meant"


def _required(merged: Mapping[str, Any], own: Mapping[str, Any], place: str, windows: bool) -> Iterator[Problem]:
    if merged.get("runAsNonRoot") is not True:
        yield f"{place}.runAsNonRoot", "may run as root", "set runAsNonRoot: true"
    if own.get("privileged"):
        yield f"{place}.privileged", "is privileged", "remove it"
    if windows:  # the API server refuses the rest there
        return
    if own.get("allowPrivilegeEscalation") is not False:
        fix = "set allowPrivilegeEscalation: false"
        yield f"{place}.allowPrivilegeEscalation", "may gain privileges", fix
    if "ALL" not in items(at(own, ("capabilities", "drop"))):
        yield f"{place}.capabilities.drop", "keeps capabilities", "set drop: [ALL]"
    if set(map(str, items(at(own, ("capabilities", "add"))))) - {"NET_BIND_SERVICE"}:
        yield f"{place}.capabilities.add", "adds capabilities", "only NET_BIND_SERVICE is allowed"
    if str(mapping(merged.get("seccompProfile")).get("type")) not in _PROFILES:
        yield f"{place}.seccompProfile", "has no seccomp profile", "set type: RuntimeDefault"


def _confined(context: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """What pods and containers may set alike: AppArmor, SELinux, /proc, Windows."""
    apparmor = at(context, ("appArmorProfile", "type"))
    if apparmor is not None and apparmor not in _PROFILES:
        yield f"{place}.appArmorProfile", f"is {apparmor!r}", "set type: RuntimeDefault, or remove it"
    selinux = mapping(context.get("seLinuxOptions"))
    if str(selinux.get("type") or "") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield f"{place}.seLinuxOptions", "leaves the confinement of containers", "remove it"
    if context.get("procMount") not in (None, "Default"):
        yield f"{place}.procMount", "shows the node's /proc", "remove it"
    if at(context, ("windowsOptions", "hostProcess")):
        yield f"{place}.windowsOptions.hostProcess", "runs on the node itself", "remove it"


def _fixed_ids(context: Mapping[str, Any], place: str, given: bool) -> Iterator[Problem]:
    if context.get("runAsUser") == 0:
        yield f"{place}.runAsUser", "is root", "remove it"
        return
    for key in _IDS if given else ():
        if key in context:
            fix = "remove it: OpenShift gives each namespace a range of its own"
            yield f"{place}.{key}", f"fixes {context[key]}", fix
