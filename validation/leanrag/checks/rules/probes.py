"""Probes: a server says when it is ready, asks the ports it has, and has the time to start."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Container, Pod, all_pods
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping, scalar

# Controllers bring probes of their own to the containers of other kinds (Grafana, LLMInferenceService).
_OWN_PROBES = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ServingRuntime", "ClusterServingRuntime"}
_HANDLERS = (
    *((probe,) for probe in ("startupProbe", "readinessProbe", "livenessProbe")),
    *(("lifecycle", moment) for moment in ("postStart", "preStop")),
)
# Below it the kubelet's own liveness defaults (3 x 10 s) end a process that a busy node starts slowly.
_LEAST_SECONDS = 60
_PROGRESS_SECONDS = 600  # progressDeadlineSeconds of a Deployment that sets none


def servers_say_when_ready(scope: Scope) -> Iterator[Finding]:
    """PRB001: without a readiness probe a Service sends requests to what has only just been started."""
    for pod in all_pods(scope):
        for container in pod.containers() if pod.manifest.kind in _OWN_PROBES else ():
            if items(container.body.get("ports")) and not container.body.get("readinessProbe"):
                where = container.where("readinessProbe")
                message = "is missing: requests come as soon as the process is there"
                yield scope.finding("PRB001", pod.manifest, where, message, "ask what only a ready server answers")


def probes_ask_own_ports(scope: Scope) -> Iterator[Finding]:
    """PRB002: a probe by the name of a port that its container lacks fails for ever, and with it the pod."""
    for pod in all_pods(scope):
        for container in pod.containers():
            known = sorted({str(mapping(port).get("name")) for port in items(container.body.get("ports"))} - {"None"})
            for where, port in _asked(container):
                if isinstance(port, str) and not port.isdigit() and port not in known:
                    message = f"{port!r} is no port of this container"
                    fix = f"its ports are: {', '.join(known)}" if known else "write the number, or name the port"
                    yield scope.finding("PRB002", pod.manifest, where, message, fix, culprit=port)


def _asked(container: Container) -> Iterator[tuple[str, str | int | None]]:
    for path in _HANDLERS:
        for how in ("httpGet", "tcpSocket"):
            port = at(container.body, (*path, how, "port"))
            if port is not None:
                yield container.where(*path, how, "port"), scalar(port)


def nothing_gives_up_early(scope: Scope) -> Iterator[Finding]:
    """PRB003: a liveness probe or a rollout's deadline that is over before a start may be ends what would have come."""
    for pod in all_pods(scope):
        for container in pod.containers() if pod.manifest.kind in _OWN_PROBES else ():
            yield from _killed_early(scope, pod, container)
        if pod.manifest.kind == "Deployment":
            yield from _reported_early(scope, pod)


def _killed_early(scope: Scope, pod: Pod, container: Container) -> Iterator[Finding]:
    liveness = container.body.get("livenessProbe")
    if not isinstance(liveness, Mapping) or container.body.get("startupProbe"):
        return
    if (seconds := allowance(liveness)) < _LEAST_SECONDS:
        message = f"ends the container {seconds} s after its start, however far it is"
        fix = f"add a startupProbe that allows what a start may take, {_LEAST_SECONDS} s at least"
        yield scope.finding("PRB003", pod.manifest, container.where("livenessProbe"), message, fix)


def _reported_early(scope: Scope, pod: Pod) -> Iterator[Finding]:
    starts = [allowance(mapping(each.body.get("startupProbe"))) for each in pod.containers()]
    deadline = mapping(pod.manifest.body.get("spec")).get("progressDeadlineSeconds", _PROGRESS_SECONDS)
    if isinstance(deadline, int) and (longest := max(starts, default=0)) >= deadline:
        message = f"calls the rollout failed after {deadline} s, and a start may take {longest} s"
        fix = f"set it above {longest}, with room for pulling the image"
        yield scope.finding("PRB003", pod.manifest, "spec.progressDeadlineSeconds", message, fix)


def allowance(probe: Mapping[str, Any]) -> int:
    """Return the seconds until a probe that never succeeds ends its container; 0 for no probe."""
    if not probe:
        return 0
    delay, period, failures = (probe.get(key) for key in ("initialDelaySeconds", "periodSeconds", "failureThreshold"))
    given = [value if isinstance(value, int) and value > 0 else None for value in (period, failures)]
    return (delay if isinstance(delay, int) else 0) + (given[0] or 10) * (given[1] or 3)
