"""What names pods or a Service finds them: budgets and routes."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.pods import selected
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping, scalar
from leanrag.render.manifest import Manifest

# Their pods, and the Services in front of them, are made by controllers that we do not read.
_OPERATED = ("OGXServer", "LlamaStackDistribution", "Grafana")
_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")


def targets_are_there(scope: Scope) -> Iterator[Finding]:
    """SVC002: a budget or route whose target is not there does nothing, and says so nowhere.

    Judged where this repository brings all there is: in its own namespaces, without what operators make.
    """
    unsure = {app.namespace for app in scope.apps if app.name in scope.missing}
    unsure |= {manifest.namespace for manifest in scope.of_kind(*_OPERATED)}
    sure = set(scope.namespaces.values()) - unsure
    for manifest in scope.of_kind("PodDisruptionBudget"):
        if manifest.namespace in sure:
            yield from _budget(scope, manifest)
    services = dict(_services(scope))
    for manifest, where, space, name, port in _backends(scope):
        if space in sure and (problem := _missing(services, space, name, port)):
            yield scope.finding("SVC002", manifest, where, *problem, culprit=name)


def _budget(scope: Scope, manifest: Manifest) -> Iterator[Finding]:
    spec = mapping(manifest.body.get("spec"))
    found = selected(scope, manifest.namespace, spec.get("selector"))
    if not found:
        message = f"selects no pod in {manifest.namespace}, so it keeps none"
        yield scope.finding("SVC002", manifest, "spec.selector", message, "write the labels of the pod template")
    replicas = at(found[0].manifest.body, ("spec", "replicas")) if len(found) == 1 else None
    least = spec.get("minAvailable")
    # As numbers: a share is of what runs, and rounded up.
    stuck = isinstance(least, int) and isinstance(replicas, int) and replicas and least >= replicas
    if stuck or spec.get("maxUnavailable") in (0, "0%") or least == "100%":
        message = "lets no pod go, so a node can never be drained"
        yield scope.finding("SVC002", manifest, "spec", message, "write maxUnavailable: 1")


def _services(scope: Scope) -> Iterator[tuple[tuple[str, str], frozenset[Any] | None]]:
    """Yield every Service with its ports, by number and name; None: KServe decides (v0.20.0)."""
    for manifest in scope.of_kind("InferenceService"):
        yield (manifest.namespace, f"{manifest.name}-predictor"), None
    for manifest in scope.of_kind("LLMInferenceService"):
        yield (manifest.namespace, f"{manifest.name}-kserve-workload-svc"), None
    for manifest in scope.of_kind("Service"):
        ports = [mapping(port) for port in items(at(manifest.body, ("spec", "ports")))]
        known = frozenset(scalar(port.get(key)) for port in ports for key in ("port", "targetPort", "name")) - {None}
        yield (manifest.namespace, manifest.name), known


# The object, the place in it, namespace, name and port of the Service that it names.
_Backend = tuple[Manifest, str, str, str, Any]


def _backends(scope: Scope) -> Iterator[_Backend]:
    for manifest in scope.of_kind(*_ROUTES):
        for index, rule in enumerate(items(at(manifest.body, ("spec", "rules")))):
            for number, each in enumerate(map(mapping, items(mapping(rule).get("backendRefs")))):
                if each.get("kind", "Service") == "Service":
                    where = dotted(("spec", "rules", index, "backendRefs", number))
                    space = str(each.get("namespace") or manifest.namespace)
                    yield manifest, where, space, str(each.get("name")), each.get("port")
    for manifest in scope.of_kind("Route"):
        port = at(manifest.body, ("spec", "port", "targetPort"))
        backends = [at(manifest.body, ("spec", "to")), *items(at(manifest.body, ("spec", "alternateBackends")))]
        for name in (str(mapping(each).get("name")) for each in backends):
            yield manifest, "spec.to", manifest.namespace, name, port
    for manifest in scope.of_kind("Ingress"):
        for index, rule in enumerate(items(at(manifest.body, ("spec", "rules")))):
            for number, path in enumerate(items(at(rule, ("http", "paths")))):
                where = dotted(("spec", "rules", index, "http", "paths", number))
                name, port = at(path, ("backend", "service", "name")), mapping(at(path, ("backend", "service", "port")))
                yield manifest, where, manifest.namespace, str(name), port.get("number", port.get("name"))


def _missing(services: Mapping[tuple[str, str], Any], space: str, name: str, port: Any) -> tuple[str, str] | None:
    if (space, name) not in services:
        near = {each for there, each in services if there == space}
        return f"no Service {name!r} in {space}", suggestion(name, near, "Service") if near else "add it, or the chart"
    ports = services[space, name]
    if ports is None or port is None or port in ports:
        return None
    return f"Service {name!r} has no port {port!r}", f"its ports are: {', '.join(sorted(map(str, ports)))}"
