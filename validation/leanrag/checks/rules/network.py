"""Services find their pods, monitors find their Services, and every pod has a network policy."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Labelled, Pod, all_pods, selected
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping, scalar
from leanrag.render.manifest import Manifest

# The API server sets this label on every namespace.
_NAME = "kubernetes.io/metadata.name"


def services_reach_pods(scope: Scope) -> Iterator[Finding]:
    """SVC001: the selector of a Service matches a pod, and its target ports are ports of that pod."""
    for service in scope.of_kind("Service"):
        spec = mapping(service.body.get("spec"))
        selector = mapping(spec.get("selector"))
        if not selector:
            continue
        found = selected(scope, service.namespace, selector)
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
    labelled = Labelled(
        (each.namespace, mapping(at(each.body, ("metadata", "labels"))), each) for each in scope.of_kind("Service")
    )
    for monitor in scope.of_kind("ServiceMonitor"):
        services = labelled.selected(monitor.namespace, mapping(monitor.body.get("spec")).get("selector"))
        names = {
            scalar(mapping(port).get("name")) for each in services for port in items(at(each.body, ("spec", "ports")))
        }
        yield from _endpoints(scope, monitor, "endpoints", "Service", bool(services), names)
    for monitor in scope.of_kind("PodMonitor"):
        selector = mapping(monitor.body.get("spec")).get("selector")
        found = selected(scope, monitor.namespace, selector)
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
    covered = {
        id(pod)
        for policy in scope.of_kind("NetworkPolicy")
        for pod in selected(scope, policy.namespace, at(policy.body, ("spec", "podSelector")))
    }
    for pod in all_pods(scope):
        if pod.labels is not None and id(pod) not in covered:
            message = f"no NetworkPolicy in {pod.manifest.namespace} selects this pod"
            fix = "add one with the pod's labels (common.networkPolicy)"
            yield scope.finding("NET001", pod.manifest, pod.where(), message, fix)


def calls_are_let_in(scope: Scope) -> Iterator[Finding]:
    """NET002: an edge out is met by an edge in: to one of the pods meant, from those selected, on one of the ports.

    Within a namespace, too, where both sides are named by their labels.
    """
    # RND001 tells of an Application that did not render, and nobody knows its policies.
    unsure = {app.namespace for app in scope.apps if app.name in scope.missing}
    layers = {name: layer for layer, name in scope.namespaces.items() if name not in unsure}
    policies: dict[str, list[Mapping[str, Any]]] = {}
    for policy in scope.of_kind("NetworkPolicy"):
        policies.setdefault(policy.namespace, []).append(mapping(policy.body.get("spec")))
    for policy in scope.of_kind("NetworkPolicy"):
        spec = mapping(policy.body.get("spec"))
        source = (policy.namespace, mapping(at(spec, ("podSelector", "matchLabels"))))
        for index, rule in enumerate(map(mapping, items(spec.get("egress")))):
            for peer in map(mapping, items(rule.get("to"))):
                target = _space(peer, policy.namespace)
                there = policies.get(target, [])
                # All of its own namespace may be pods that another repository brings.
                judged = target in layers and (target != policy.namespace or "podSelector" in peer)
                if judged and not any(_lets_in(each, target, source, peer, rule) for each in there):
                    ports = ", ".join(map(str, sorted(_ports_of(rule)))) or "any port"
                    message = f"no pod in {target} lets {policy.namespace} in on {ports}"
                    fix = f"drop the edge, or let the layer {layers[target]!r} serve it (common.networkPolicy, serves)"
                    yield scope.finding("NET002", policy, f"spec.egress[{index}]", message, fix)


def _space(peer: Mapping[str, Any], own: str) -> str:
    """Return the namespace whose pods a peer means; "" for many, or none."""
    if "ipBlock" in peer:
        return ""
    return str(at(peer, ("namespaceSelector", "matchLabels", _NAME)) or "") if "namespaceSelector" in peer else own


def _lets_in(
    spec: Mapping[str, Any],
    own: str,
    source: tuple[str, Mapping[str, Any]],
    peer: Mapping[str, Any],
    call: Mapping[str, Any],
) -> bool:
    """Say whether a policy of the called side has an edge in for a call; `peer` may name the pods that are called."""
    namespace, labels = source
    if not _agree(mapping(at(peer, ("podSelector", "matchLabels"))), at(spec, ("podSelector", "matchLabels"))):
        return False
    called = _ports_of(call)
    for rule in map(mapping, items(spec.get("ingress"))):
        froms = [mapping(each) for each in items(rule.get("from"))]
        meant = [each for each in froms if _space(each, own) == namespace]
        meant = [each for each in meant if _agree(labels, at(each, ("podSelector", "matchLabels")))]
        ports = _ports_of(rule)
        if (meant or not froms) and (not ports or not called or ports & called):
            return True
    return False


def _agree(one: Mapping[str, Any], other: Any) -> bool:
    """Say whether a pod may carry the labels of both selectors."""
    return all(mapping(other).get(key, value) == value for key, value in one.items())


def _ports_of(rule: Mapping[str, Any]) -> set[str]:
    return {str(mapping(port).get("port")) for port in items(rule.get("ports"))}


def _shown(selector: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
