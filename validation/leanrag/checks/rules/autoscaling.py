"""Autoscalers: each has a target to itself, and counts requests to a model that is served."""

from collections.abc import Iterator

import promql_parser as promql

from leanrag.checks import promql as tree
from leanrag.checks.contracts import published
from leanrag.checks.finding import Finding, at, suggestion
from leanrag.checks.queries import queries
from leanrag.checks.scope import Scope
from leanrag.core.errors import LeanragError
from leanrag.core.shapes import mapping
from leanrag.engine.registry import family
from leanrag.render.manifest import Manifest

_SCALERS = ("ScaledObject", "HorizontalPodAutoscaler")
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
# What KServe calls the Deployments that it makes (kserve v0.20.0, predictor.go and workload_single_node.go).
_MADE = {"InferenceService": ("-predictor",), "LLMInferenceService": ("-kserve", "-kserve-prefill")}
_Target = tuple[str, str, str]


def targets_are_there_and_scaled_once(scope: Scope) -> Iterator[Finding]:
    """SCL001: a scaler without target does nothing, and two of one target undo each other's work."""
    there = set(_targets(scope))
    owners: dict[_Target, Manifest] = {}
    for scaler in scope.of_kind(*_SCALERS):
        reference = mapping(at(scaler.body, ("spec", "scaleTargetRef")))
        target = (str(reference.get("kind") or "Deployment"), scaler.namespace, str(reference.get("name")))
        if found := _wrong(scope, scaler, target, there, owners.setdefault(target, scaler)):
            yield scope.finding("SCL001", scaler, "spec.scaleTargetRef.name", *found, culprit=target[2])


def _wrong(
    scope: Scope, scaler: Manifest, target: _Target, there: set[_Target], first: Manifest
) -> tuple[str, str] | None:
    kind, space, name = target
    if first is not scaler:
        return f"{kind} {name!r} is scaled by {first.kind}/{first.name}, too", "remove one of the two"
    if kind not in _SCALED or target in there or not _ours(scope, space):
        return None
    names = [each[2] for each in there if each[:2] == target[:2]]
    return f"no {kind} {name!r} is rendered in {space}", suggestion(name, names, kind)


def _targets(scope: Scope) -> Iterator[_Target]:
    for manifest in scope.of_kind(*_SCALED):
        yield manifest.kind, manifest.namespace, manifest.name
    for manifest in scope.of_kind(*_MADE):
        for suffix in _MADE[manifest.kind]:
            yield "Deployment", manifest.namespace, manifest.name + suffix


def _ours(scope: Scope, namespace: str) -> bool:
    """Say whether everything that runs in a namespace is rendered here."""
    unsure = any(app.namespace == namespace and app.name in scope.missing for app in scope.apps)
    return not unsure and namespace in scope.namespaces.values()


def scalers_ask_for_a_served_model(scope: Scope) -> Iterator[Finding]:
    """SCL002: requests to a model that nobody serves are none, so the scaler never adds a pod."""
    names = sorted(str(each.body.get("model")) for each in published(scope, "model.json"))
    unsure = any(app.chart == "model" and app.name in scope.missing for app in scope.apps)
    for query in queries(scope) if names and not unsure else ():
        if query.manifest.kind == "ScaledObject":
            for name in sorted(_models(query.text) - set(names)):
                message = f"no model {name!r} is served on this cluster"
                fix = suggestion(name, names, "model")
                yield scope.finding("SCL002", query.manifest, query.where, message, fix, culprit=name)


def _models(text: str) -> set[str]:
    """Return the models that a query compares the label model_name of vLLM's metrics with."""
    try:
        found = list(tree.selectors(tree.parse(text)))
    except LeanragError:
        return set()
    engines = [each for each in found if (known := family(tree.name_of(each)[0])) and known.name == "vllm"]
    matchers = [matcher for each in engines for matcher in each.matchers.matchers]
    return {each.value for each in matchers if each.name == "model_name" and each.op == promql.MatchOp.Equal}
