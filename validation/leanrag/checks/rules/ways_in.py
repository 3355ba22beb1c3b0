"""Ways from outside to a Service: each says how long an answer may take, and all say the same."""

import datetime
from collections.abc import Iterator
from typing import Any

from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.quantity import duration
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_ANNOTATION = "haproxy.router.openshift.io/timeout"
_ROUTER = "30s"  # OpenShift, route-specific annotations
# Namespace and name of the Service, the object, the place in it, what is written there.
_Way = tuple[str, str, Manifest, str, Any]


def ways_give_the_same_time(scope: Scope) -> Iterator[Finding]:
    """RTE002: an answer that is cut on one way and not on the other is a fault that depends on who asks.

    A Route without a timeout of its own has the router's (RTE001 compares it with what is promised); an HTTPRoute has
    whatever its gateway takes, which nobody here knows.
    """
    first: dict[tuple[str, str], tuple[datetime.timedelta, Manifest]] = {}
    for space, service, manifest, where, written in _ways(scope):
        given = duration(str(written)) if written is not None else None
        if written is None:
            message = "says not how long an answer may take, so the proxy's own default ends it"
            yield scope.finding("RTE002", manifest, where, message, "write the timeout (timeouts.request)")
        elif given is not None:
            other, whose = first.setdefault((space, service), (given, manifest))
            if other != given:
                message = f"gives {service} {written}, and {whose.kind}/{whose.name} gives it {_shown(other)}"
                yield scope.finding("RTE002", manifest, where, message, "write the same", culprit=str(written))


def _shown(time: datetime.timedelta) -> str:
    return f"{time.total_seconds():g}s"


def _ways(scope: Scope) -> Iterator[_Way]:
    for manifest in scope.of_kind("Route"):
        written = mapping(at(manifest.body, ("metadata", "annotations"))).get(_ANNOTATION, _ROUTER)
        name = str(at(manifest.body, ("spec", "to", "name")))
        yield manifest.namespace, name, manifest, f"metadata.annotations.{_ANNOTATION}", written
    for manifest in scope.of_kind("HTTPRoute"):
        for index, rule in enumerate(items(at(manifest.body, ("spec", "rules")))):
            for backend in map(mapping, items(mapping(rule).get("backendRefs"))):
                space = str(backend.get("namespace") or manifest.namespace)
                where = dotted(("spec", "rules", index, "timeouts", "request"))
                written = at(rule, ("timeouts", "request"))
                yield space, str(backend.get("name")), manifest, where, written
