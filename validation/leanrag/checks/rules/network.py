"""Services find their pods, monitors find their Services, and every pod has a network policy."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Pod, pods, selects
from leanrag.checks.scope import Scope, items, mapping, scalar
from leanrag.render.manifest import Manifest

# The API server sets this label on every namespace.
_NAME = "kubernetes.io/metadata.name"


def _pods_of(scope: Scope, namespace: str) -> list[Pod]:
    return [
        pod
        for manifest in scope.manifests
        if manifest.namespace == namespace
        for pod in pods(manifest)
        if pod.labels is not None
    ]


def services_reach_pods(scope: Scope) -> Iterator[Finding]:
    """SVC001: the selector of a Service matches a pod, and its target ports are ports of that pod."""
    for service in scope.of_kind("Service"):
        spec = mapping(service.body.get("spec"))
        selector = mapping(spec.get("selector"))
        if not selector:
            continue
        found = [pod for pod in _pods_of(scope, service.namespace) if selects(selector, pod.labels or {})]
        if not found:
            message = f"no pod in {service.namespace} carries {_shown(selector)}"
            yield scope.finding("SVC001", service, "spec.selector", message, "write the labels of the pod template")
        elif all(pod.manifest.kind not in {"InferenceService", "LLMInferenceService"} for pod in found):
            yield from _ports(scope, service, spec, found)


def _ports(scope: Scope, service: Manifest, spec: Mapping[str, Any], found: list[Pod]) -> Iterator[Finding]:
    names, numbers = _container_ports(found)
    for index, port in enumerate(items(spec.get("ports"))):
        target = scalar(mapping(port).get("targetPort", mapping(port).get("port")))
        if target is not None and target not in names | numbers:
            message = f"{target!r} is no port of the pod"
            known = ", ".join(map(str, sorted(names) + sorted(numbers)))
            where = f"spec.ports[{index}].targetPort"
            yield scope.finding("SVC001", service, where, message, f"its ports are: {known or 'none declared'}")


def _container_ports(found: list[Pod]) -> tuple[set[Any], set[Any]]:
    ports = [
        mapping(port) for pod in found for container in pod.containers() for port in items(container.body.get("ports"))
    ]
    names, numbers = ({scalar(port.get(key)) for port in ports} - {None} for key in ("name", "containerPort"))
    return names, numbers


def monitors_reach_targets(scope: Scope) -> Iterator[Finding]:
    """MON001: a ServiceMonitor selects a Service with its port, a PodMonitor a pod with its port."""
    for monitor in scope.of_kind("ServiceMonitor"):
        spec = mapping(monitor.body.get("spec"))
        services = [
            service
            for service in scope.of_kind("Service")
            if service.namespace == monitor.namespace
            and selects(spec.get("selector"), mapping(at(service.body, ("metadata", "labels"))))
        ]
        names = {
            scalar(mapping(port).get("name")) for each in services for port in items(at(each.body, ("spec", "ports")))
        }
        yield from _endpoints(scope, monitor, "endpoints", "Service", bool(services), names)
    for monitor in scope.of_kind("PodMonitor"):
        selector = mapping(monitor.body.get("spec")).get("selector")
        found = [pod for pod in _pods_of(scope, monitor.namespace) if selects(selector, pod.labels or {})]
        names, numbers = _container_ports(found)
        own = all(pod.manifest.kind not in {"InferenceService", "LLMInferenceService"} for pod in found)
        yield from _endpoints(
            scope, monitor, "podMetricsEndpoints", "pod", bool(found), names | numbers if own else None
        )


def _endpoints(
    scope: Scope, monitor: Manifest, key: str, what: str, found: bool, names: set[Any] | None
) -> Iterator[Finding]:
    if not found:
        message = f"selects no {what} in {monitor.namespace}, so nothing is measured"
        yield scope.finding("MON001", monitor, "spec.selector", message, f"write the labels of the {what}")
        return
    for index, endpoint in enumerate(items(at(monitor.body, ("spec", key)))):
        port = scalar(mapping(endpoint).get("port") or mapping(endpoint).get("portNumber"))
        if names is not None and port is not None and port not in names:
            known = ", ".join(sorted(str(name) for name in names if name))
            where = f"spec.{key}[{index}].port"
            yield scope.finding(
                "MON001", monitor, where, f"{port!r} is no port of the {what}", f"its ports are: {known}"
            )


def pods_have_policies(scope: Scope) -> Iterator[Finding]:
    """NET001: a pod that no NetworkPolicy selects accepts and opens every connection."""
    for manifest in scope.manifests:
        policies = [each for each in scope.of_kind("NetworkPolicy") if each.namespace == manifest.namespace]
        for pod in pods(manifest):
            if pod.labels is None or any(
                selects(at(each.body, ("spec", "podSelector")), pod.labels) for each in policies
            ):
                continue
            message = f"no NetworkPolicy in {manifest.namespace} selects this pod"
            yield scope.finding(
                "NET001", manifest, pod.where(), message, "add one with the pod's labels (common.networkPolicy)"
            )


def calls_are_let_in(scope: Scope) -> Iterator[Finding]:
    """NET002: an edge out to another layer is met by an edge in: to one of its pods, from here, on one of its ports."""
    # RND001 tells of an Application that did not render, and nobody knows its policies.
    unsure = {app.namespace for app in scope.apps if app.name in scope.missing}
    layers = {name: layer for layer, name in scope.namespaces.items() if name not in unsure}
    policies = [(each, mapping(each.body.get("spec"))) for each in scope.of_kind("NetworkPolicy")]
    for policy, spec in policies:
        for index, rule in enumerate(map(mapping, items(spec.get("egress")))):
            for peer in map(mapping, items(rule.get("to"))):
                target = str(at(peer, ("namespaceSelector", "matchLabels", _NAME)) or "")
                if target not in layers or target == policy.namespace:
                    continue
                there = [other for each, other in policies if each.namespace == target]
                if not any(_lets_in(other, policy.namespace, peer, rule) for other in there):
                    ports = ", ".join(map(str, sorted(_ports_of(rule)))) or "any port"
                    message = f"no pod in {target} lets {policy.namespace} in on {ports}"
                    fix = f"drop the edge, or let the layer {layers[target]!r} serve it (common.networkPolicy, serves)"
                    yield scope.finding("NET002", policy, f"spec.egress[{index}]", message, fix)


def _lets_in(spec: Mapping[str, Any], source: str, peer: Mapping[str, Any], call: Mapping[str, Any]) -> bool:
    """Say whether a policy of the called side has an edge in for a call; `peer` may name the pods that are called."""
    wanted = mapping(at(peer, ("podSelector", "matchLabels")))
    selected = mapping(at(spec, ("podSelector", "matchLabels")))
    if any(selected.get(key, value) != value for key, value in wanted.items()):
        return False
    for rule in map(mapping, items(spec.get("ingress"))):
        sources = [at(mapping(each), ("namespaceSelector", "matchLabels", _NAME)) for each in items(rule.get("from"))]
        ports, called = _ports_of(rule), _ports_of(call)
        if (source in sources or not rule.get("from")) and (not ports or not called or ports & called):
            return True
    return False


def _ports_of(rule: Mapping[str, Any]) -> set[str]:
    return {str(mapping(port).get("port")) for port in items(rule.get("ports"))}


def _shown(selector: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
