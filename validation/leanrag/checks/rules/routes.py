"""The way in: no proxy ends a request before the promise for it does."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.contracts import Contract, engine_needs, of_task, published, service
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_ANNOTATION = "haproxy.router.openshift.io/timeout"
# The router's own timeout of a Route that says nothing (OpenShift, route-specific annotations).
_ROUTER_SECONDS = 30.0
_SECONDS = {"us": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+)(us|ms|s|m|h|d)")
_Place = tuple[str, str]


def timeouts_exceed_promises(scope: Scope) -> Iterator[Finding]:
    """RTE001: a route that ends requests before their objective does cuts answers that keep it.

    The router's timeout is the longest silence of a server, and an answer that is not streamed is silent to its end.
    """
    promised = dict(_promised(scope))
    for manifest in scope.of_kind("Route"):
        if at(manifest.body, ("spec", "tls", "termination")) == "passthrough":
            continue  # the router sees no request there, and counts in hours
        targets = [at(manifest.body, ("spec", "to")), *items(at(manifest.body, ("spec", "alternateBackends")))]
        places = {(str(mapping(each).get("name")), manifest.namespace) for each in targets}
        written = mapping(at(manifest.body, ("metadata", "annotations"))).get(_ANNOTATION)
        where = f"metadata.annotations.{_ANNOTATION}"
        given = _ROUTER_SECONDS if written is None else _seconds(written)
        yield from _shorter(scope, manifest, where, given, written, places, promised)
    for manifest, where, rule in _http_rules(scope):
        spaces = (
            (mapping(each).get("name"), mapping(each).get("namespace")) for each in items(rule.get("backendRefs"))
        )
        places = {(str(name), str(space or manifest.namespace)) for name, space in spaces}
        for key, written in mapping(rule.get("timeouts")).items():
            # Zero switches a timeout of the Gateway API off (GEP-1742).
            given = _seconds(written) or None
            yield from _shorter(scope, manifest, f"{where}.timeouts.{key}", given, written, places, promised)


def _http_rules(scope: Scope) -> Iterator[tuple[Manifest, str, Mapping[str, Any]]]:
    """Yield the rules of HTTPRoutes, and of those that KServe makes of an LLMInferenceService."""
    for manifest in scope.of_kind("HTTPRoute"):
        for index, rule in enumerate(items(at(manifest.body, ("spec", "rules")))):
            yield manifest, dotted(("spec", "rules", index)), mapping(rule)
    path = ("spec", "router", "route", "http", "spec", "rules")
    for manifest in scope.of_kind("LLMInferenceService"):
        own = {"backendRefs": [{"name": f"{manifest.name}-kserve-workload-svc"}]}
        for index, rule in enumerate(items(at(manifest.body, path))):
            yield manifest, dotted((*path, index)), {**mapping(rule), **own}


def _shorter(
    scope: Scope,
    manifest: Manifest,
    where: str,
    given: float | None,
    written: Any,
    places: set[_Place],
    promised: Mapping[_Place, tuple[float, str]],
) -> Iterator[Finding]:
    asked = max((promised[place] for place in places if place in promised), default=None)
    if given is None or asked is None or given > asked[0]:
        return
    own = f"the router's own {given:g} s end" if written is None else f"{written} ends"
    message = f"{own} a request before its promise does: {asked[1]} may take {asked[0]:g} s"
    fix = f"write a timeout above {asked[0]:g} s (timeouts.request), or promise less"
    yield scope.finding("RTE001", manifest, where, message, fix, culprit=written)


def _promised(scope: Scope) -> Iterator[tuple[_Place, tuple[float, str]]]:
    """Yield, by Service, the longest request that an objective allows there: seconds, and what they are."""
    chats = of_task(scope, "chat")
    for contract in published(scope, "model.json"):
        place, tokens = service(contract.body.get("url")), _number(contract, "traffic", "outputTokens")
        if place and (longest := _longest(contract, tokens)):
            yield place, longest
    answers = {
        str(need.get("model")): need.get("answerTokens") for _, role, need in engine_needs(scope) if role == "chat"
    }
    for rag in published(scope, "rag.json"):
        name = str(mapping(rag.body.get("models")).get("chat") or "").partition("/")[2]
        there, model, answer = service(rag.body.get("url")), chats.get(name), answers.get(name)
        if there and model and (longest := _longest(model, answer if isinstance(answer, int) else 0)):
            yield there, longest


def _longest(contract: Contract, tokens: float) -> tuple[float, str] | None:
    """Return the longer of the end-to-end promise and what first token and gaps of an answer may take together."""
    whole, first, gap = (_limit(contract, metric) for metric in ("e2e", "ttft", "itl"))
    streamed = first + gap * tokens
    if not whole and not streamed:
        return None
    name = contract.body.get("model")
    if streamed > whole and gap:
        return streamed, f"{tokens:g} tokens of {name!r} at {gap * 1000:g} ms after {first * 1000:g} ms"
    return max(whole, streamed), f"requests to {name!r}"


def _limit(contract: Contract, metric: str) -> float:
    """Return an objective's limit in seconds, 0 without one."""
    objective = mapping(at(contract.body, ("slo", "objectives", metric)))
    limit, unit = objective.get("limit"), str(objective.get("unit"))
    return float(limit) * _SECONDS[unit] if isinstance(limit, int | float) and unit in _SECONDS else 0.0


def _number(contract: Contract, *path: str) -> float:
    value = at(contract.body, ("slo", *path))
    return float(value) if isinstance(value, int | float) else 0.0


def _seconds(text: Any) -> float | None:
    """Return a duration of the Gateway API ("1h30m") or of HAProxy ("600s") in seconds; None for another text."""
    parts = _DURATION.findall(str(text))
    if "".join(number + unit for number, unit in parts) != str(text):
        return None
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)
