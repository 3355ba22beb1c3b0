"""Addresses in a pod's configuration: a Service with that port, and policies that let the call out and in."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.catalog.nearest import nearest
from leanrag.checks.finding import Finding, at
from leanrag.checks.pods import Pod, all_pods, selected, selects
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping, scalar
from leanrag.render.manifest import Manifest

# http://milvus.lr-data.svc.cluster.local:19530; without a port there is nothing to compare.
_ADDRESS = re.compile(r"(?<![\w.-])([a-z][a-z0-9-]*)\.([a-z0-9-]+)\.svc(?:\.cluster\.local)?:(\d+)")
_NAME = "kubernetes.io/metadata.name"


def addresses_can_be_called(scope: Scope) -> Iterator[Finding]:
    """NET003: a pod reaches the addresses in its environment, arguments and ConfigMaps, as policies are enforced."""
    unsure = {app.namespace for app in scope.apps if app.name in scope.missing}
    ours = set(scope.namespaces.values()) - unsure
    services = {(each.namespace, each.name): each for each in scope.of_kind("Service")}
    texts = {(each.namespace, each.name): mapping(each.body.get("data")) for each in scope.of_kind("ConfigMap")}
    for pod in all_pods(scope):
        written = ((where, text) for where, text in _texts(pod, texts) if ".svc" in text)
        called = {address: where for where, text in written for address in _ADDRESS.findall(text)}
        for (name, space, port), where in sorted(called.items()):
            problem = _problem(scope, pod, services, (space, name), int(port)) if space in ours else None
            if problem:
                yield scope.finding("NET003", pod.manifest, where, *problem, culprit=f"{name}.{space}")


def _texts(pod: Pod, texts: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield what a pod is configured with, each text with its place."""
    named: dict[str, str] = {}
    for index, volume in enumerate(items(pod.spec.get("volumes"))):
        named.setdefault(str(at(volume, ("configMap", "name"))), pod.where("volumes", index))
    for container in pod.containers():
        for index, each in enumerate(items(container.body.get("env"))):
            yield container.where("env", index), str(mapping(each).get("value") or "")
            named.setdefault(str(at(each, ("valueFrom", "configMapKeyRef", "name"))), container.where("env", index))
        for key in ("command", "args"):
            yield container.where(key), " ".join(map(str, items(container.body.get(key))))
    for name, where in named.items():
        for text in texts.get((pod.manifest.namespace, name), {}).values():
            yield where, str(text)


def _problem(
    scope: Scope, caller: Pod, services: Mapping[tuple[str, str], Manifest], target: tuple[str, str], port: int
) -> tuple[str, str] | None:
    space, name = target
    service = services.get(target)
    if service is None:
        # Others may bring one: the neighbours of a RAG stack are RAG004's and RAG005's, a slip of the pen is told here.
        near = nearest(name, [each for there, each in services if there == space])
        return (
            (f"calls {name}.{space}:{port}, and no such Service is there", f"did you mean {near!r}?") if near else None
        )
    ports = [mapping(each) for each in items(at(service.body, ("spec", "ports")))]
    found = next((each for each in ports if each.get("port") == port), None)
    if found is None:
        known = ", ".join(str(each.get("port")) for each in ports)
        return f"calls {name}.{space} on {port}, which is no port of that Service", f"its ports are: {known}"
    for callee in selected(scope, space, at(service.body, ("spec", "selector")) or {"": ""}):
        inner = _number(callee, scalar(found.get("targetPort", port)))
        way = _closed(scope, caller, callee, inner) if inner else ""
        if way:
            fix = f"open port {inner} there (common.networkPolicy, {'calls' if way == 'out' else 'serves'})"
            return f"calls {name}.{space}:{port}, and no NetworkPolicy lets it {way} to port {inner}", fix
    return None


def _number(pod: Pod, port: str | int | None) -> int:
    """Return the number that policies are about: the pod's own port; 0 when its name says nothing."""
    if isinstance(port, int):
        return port
    ports = (mapping(each) for container in pod.containers() for each in items(container.body.get("ports")))
    return next((each["containerPort"] for each in ports if each.get("name") == port and "containerPort" in each), 0)


def _closed(scope: Scope, caller: Pod, callee: Pod, port: int) -> str:
    """Say which side is closed for a call ("out", "in"), or nothing: policies that select a pod are added up."""
    for pod, other, way, key, peers in (
        (caller, callee, "Egress", "egress", "to"),
        (callee, caller, "Ingress", "ingress", "from"),
    ):
        space = pod.manifest.namespace
        specs = [mapping(each.body.get("spec")) for each in scope.of_kind("NetworkPolicy") if each.namespace == space]
        own = [each for each in specs if selects(each.get("podSelector"), pod.labels or {}) and way in _types(each)]
        rules = [mapping(rule) for each in own for rule in items(each.get(key))]
        if own and pod.labels is not None and not any(_allows(rule, peers, space, other, port) for rule in rules):
            return "out" if way == "Egress" else "in"
    return ""


def _types(spec: Mapping[str, Any]) -> list[Any]:
    return items(spec.get("policyTypes")) or ["Ingress", *(["Egress"] if "egress" in spec else [])]


def _allows(rule: Mapping[str, Any], peers: str, space: str, other: Pod, port: int) -> bool:
    """Say whether one rule is about this port and pod; named ports and blocks of addresses may be."""
    ports = [mapping(each) for each in items(rule.get("ports"))]
    spans = [(each.get("port"), each.get("endPort", each.get("port"))) for each in ports]
    if ports and not any(not isinstance(low, int) or low <= port <= int(high) for low, high in spans):
        return False
    meant = [mapping(each) for each in items(rule.get(peers))]
    return not meant or any(_means(each, space, other) for each in meant)


def _means(peer: Mapping[str, Any], space: str, pod: Pod) -> bool:
    if "ipBlock" in peer:
        return True
    there = pod.manifest.namespace
    if "namespaceSelector" in peer:
        named = mapping(peer["namespaceSelector"])
        # Only the name of a namespace is known here; a selector of other labels may select it.
        known = at(named, ("matchLabels", _NAME))
        if known is not None and known != there:
            return False
    elif there != space:
        return False
    return "podSelector" not in peer or pod.labels is None or selects(peer["podSelector"], pod.labels)
