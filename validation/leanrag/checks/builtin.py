"""OBJ006: what the API server checks beyond the schema of a built-in kind, and of pods wherever they are written."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.builtin_containers import Path, Problem, container
from leanrag.checks.builtin_kinds import KINDS
from leanrag.checks.builtin_pods import containers, pod
from leanrag.checks.cel_tree import rules_of, tree
from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.pods import pods
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_SELECTOR_OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False, "Gt": True, "Lt": True}
# Groups of the kinds in builtin_kinds; others have kinds of the same names.
_GROUPS = ("", "apps", "batch", "autoscaling", "networking.k8s.io", "policy", "rbac.authorization.k8s.io",
           "scheduling.k8s.io", "storage.k8s.io", "admissionregistration.k8s.io")  # fmt: skip


def broken(scope: Scope, manifest: Manifest, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the problems of an object of a built-in kind that satisfies its schema; nulls are left out of `body`."""
    group = str(body.get("apiVersion") or "").rpartition("/")[0]
    found = [*_expressions(body, ())]
    if group in _GROUPS:
        found += [each for check in KINDS.get(manifest.kind, ()) for each in check(body)]
    claims = [str(at(each, ("metadata", "name"))) for each in items(at(body, ("spec", "volumeClaimTemplates")))]
    for each in pods(Manifest(manifest.app, manifest.template, body)):
        found += pod(each.spec, each.path, claims)
    yield from _cel_inside(scope, manifest, body)
    yield from (scope.finding("OBJ006", manifest, dotted(path), message, fix) for path, message, fix in found)


def _cel_inside(scope: Scope, manifest: Manifest, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield CEL that an object brings: a definition's rules must be CEL; what policies say an API server judges."""
    if manifest.kind == "CustomResourceDefinition":
        from leanrag.checks.cel_program import program  # the evaluator is loaded when a rule is met

        for version in items(at(body, ("spec", "versions"))):
            for rule in rules_of(tree(mapping(at(version, ("schema", "openAPIV3Schema"))))):
                if problem := program(rule["rule"]).problem:
                    yield scope.finding("OBJ006", manifest, rule["rule"], f"is no CEL: {problem}", "correct the rule")
    policies = manifest.kind in ("ValidatingAdmissionPolicy", "MutatingAdmissionPolicy")
    if policies or any(mapping(each).get("matchConditions") for each in items(body.get("webhooks"))):
        message = "has CEL that only an API server compiles"
        yield scope.finding("OBJ006", manifest, "", message, "ask one (dry run)", unknown=True)


def of_custom_pods(scope: Scope, manifest: Manifest, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the problems of containers inside a custom resource: its controller would be refused the pods.

    What such a pod lacks may come from elsewhere (a runtime, a preset), so only each container is judged.
    """
    for each in pods(Manifest(manifest.app, manifest.template, body)):
        for key, index, inner in containers(each.spec):
            for path, message, fix in container(inner, (*each.path, key, index)):
                yield scope.finding("OBJ006", manifest, dotted(path), f"{message}: its pods would be refused", fix)


def _expressions(value: Any, path: Path) -> Iterator[Problem]:
    """Yield requirements of selectors, anywhere in an object, whose values do not go with their operator."""
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if key in ("matchExpressions", "matchFields"):
            yield from _requirements(items(each), (*path, key))
        elif isinstance(each, dict | list):
            yield from _expressions(each, (*path, key))


def _requirements(requirements: list[Any], path: Path) -> Iterator[Problem]:
    for index, each in enumerate(requirements):
        operator, values = str(mapping(each).get("operator")), items(mapping(each).get("values"))
        needs = _SELECTOR_OPERATORS.get(operator)
        if needs is not None and needs != bool(values):
            fix = "write values" if needs else "remove the values"
            yield (*path, index, "values"), f"{operator} {'needs' if needs else 'takes no'} values", fix
        if operator in ("Gt", "Lt") and (len(values) != 1 or not str(values[0]).lstrip("-").isdigit()):
            yield (*path, index, "values"), f"{operator} takes one whole number", "write one"
