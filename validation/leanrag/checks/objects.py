"""Rendered objects against the strict schema of their kind: what the API server would refuse, drop or choke on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from leanrag.checks import builtin as builtin_rules
from leanrag.checks import cel_rules
from leanrag.checks.defaults import defaulted
from leanrag.checks.finding import Finding, at, dotted, suggestion
from leanrag.checks.pods import pods
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Scope
from leanrag.checks.trees.releases import spanned
from leanrag.checks.vocabulary import DNS_1035, DNS_LABEL, DNS_SUBDOMAIN, LABEL_VALUE, QUALIFIED_NAME
from leanrag.checks.worlds import MINORS
from leanrag.render.manifest import Manifest

_READABLE = {
    LABEL_VALUE: "a label value is at most 63 letters, digits, '-', '_' or '.'",
    QUALIFIED_NAME: "a key is an optional DNS prefix, '/', and at most 63 letters, digits, '-', '_' or '.'",
    DNS_SUBDOMAIN: "a name is lower case letters, digits, '-' and '.'",
    DNS_LABEL: "a name is lower case letters, digits and '-'",
    DNS_1035: "the name of a Service is lower case letters, digits and '-', and starts with a letter",
}
_TEXTS = {"labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData"}
_AMOUNTS = {"limits", "requests", "hard", "max", "min", "default", "defaultRequest", "capacity"}
_QUANTITY_FIX = "write a number with m, k, M, G, T, Ki, Mi, Gi or Ti, such as 8Gi"


def known_kind(scope: Scope) -> Iterator[Finding]:
    """OBJ001: yields an unknown for a kind without schema, and a broken object for one without kind or apiVersion."""
    for manifest in scope.manifests:
        version, kind = _identity(manifest)
        if not version or not kind:
            yield scope.finding("OBJ001", manifest, "", "has no apiVersion or kind", "write both")
        elif not scope.schemas.knows(version, kind):
            yield _unknown(scope, manifest, version, kind)
        elif lacking := scope.schemas.missing_minors(version, kind):
            fix = f"write apiVersion {' or '.join(_everywhere(scope.schemas, kind)) or 'of another kind'}"
            yield scope.finding(
                "OBJ001", manifest, "", f"Kubernetes {' and '.join(lacking)} has no {version} {kind}", fix
            )


def _everywhere(schemas: Schemas, kind: str) -> list[str]:
    return [each for each in schemas.versions(kind) if not schemas.missing_minors(each, kind)]


def _identity(manifest: Manifest) -> tuple[str, str]:
    return str(manifest.body.get("apiVersion") or ""), manifest.kind


def _unknown(scope: Scope, manifest: Manifest, version: str, kind: str) -> Finding:
    versions, schemas = scope.schemas.versions(kind), scope.schemas
    if releases := schemas.elsewhere(version, kind):
        there = schemas.world.has_group(version.rpartition("/")[0])
        came = f" (OpenShift AI {spanned(releases)} has it)" if there else ""
        other = f"write apiVersion {' or '.join(versions)}" if versions else "do not render it there"
        where = schemas.world if there else "plain Kubernetes"
        return scope.finding("OBJ001", manifest, "", f"{where} has no {version} {kind}{came}", other)
    if versions:
        fix = f"write apiVersion {' or '.join(versions)}"
    else:
        fix = f"add the CRD to leanrag/checks/sources.py, or {suggestion(kind, scope.schemas.kinds(), 'kind')}"
    return scope.finding("OBJ001", manifest, "", f"no schema for {version} {kind}: not judged", fix, unknown=True)


def strict_fields(scope: Scope) -> Iterator[Finding]:
    """OBJ002 fields and values, OBJ003 list keys, OBJ004 names and labels."""
    for manifest in scope.manifests:
        version, kind = _identity(manifest)
        if scope.schemas.knows(version, kind):
            yield from _judge(scope, manifest, scope.schemas, version, kind)


def _judge(scope: Scope, manifest: Manifest, schemas: Schemas, version: str, kind: str) -> Iterator[Finding]:
    schema, validator = schemas.load(version, kind)
    # In built-in kinds a null is an absent field; custom resources keep it and are judged with it, and with defaults.
    builtin = schemas.builtin(version, kind)
    if builtin:
        body = _without_nulls(manifest.body)
    else:
        body = defaulted(_without_null_metadata(manifest.body), schemas.defaults(version, kind))
    found = [each for error in validator.iter_errors(body) for each in _findings(scope, manifest, schema, error)]
    if builtin:
        found += _unknown_nulls(scope, manifest, schema, validator, found) if body != manifest.body else []
    yield from _of_both(scope, manifest, body, found) if builtin else found
    if not found and builtin:
        yield from builtin_rules.broken(scope, manifest, body)
    elif not found:
        yield from cel_rules.broken(scope, manifest, body)
        yield from _custom_pods(scope, manifest, body)


def _custom_pods(scope: Scope, manifest: Manifest, body: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the API server would refuse of pods inside a custom resource, when its controller asks for them."""
    found = False
    for each in pods(Manifest(manifest.app, manifest.template, body)):
        for error in scope.schemas.pod_fields().iter_errors(_without_nulls(each.spec)):
            found = True
            rule, message, fix = _explain(error, tuple(error.instance_path))
            yield scope.finding(rule, manifest, dotted((*each.path, *error.instance_path)), f"{message} in a pod", fix)
    if not found:
        yield from builtin_rules.of_custom_pods(scope, manifest, body)


def _of_both(scope: Scope, manifest: Manifest, body: Any, newer: list[Finding]) -> Iterator[Finding]:
    """Yield what the newer minor of Kubernetes refuses and what the older one does; each alone is named."""
    other = scope.schemas.older(*_identity(manifest))
    if other is None or (not newer and other[1].is_valid(body)):
        yield from newer
        return
    older = [each for error in other[1].iter_errors(body) for each in _findings(scope, manifest, other[0], error)]
    yield from (each if each in older else _only(each, MINORS[-1]) for each in newer)
    yield from (_only(each, MINORS[0]) for each in older if each not in newer)


def _only(finding: Finding, minor: str) -> Finding:
    fix = "leave it out: the other minor alone has it" if finding.message.startswith("no field") else finding.fix
    return replace(finding, message=f"{finding.message} (Kubernetes {minor})", fix=fix)


def _unknown_nulls(
    scope: Scope, manifest: Manifest, schema: Mapping[str, Any], validator: Any, told: list[Finding]
) -> list[Finding]:
    """Return fields that no object has and that are null: they are refused all the same."""
    errors = (each for each in validator.iter_errors(manifest.body) if each.kind.name == "additionalProperties")
    found = (each for error in errors for each in _findings(scope, manifest, schema, error))
    return [each for each in found if each not in told]


def _without_null_metadata(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a custom resource whose metadata is read as that of every object: a null is an absent field."""
    return {**body, "metadata": _without_nulls(body["metadata"])} if "metadata" in body else body


def _zeroed(amounts: Any) -> Any:
    """Return amounts by name as Go decodes them: a null is a zero."""
    if not isinstance(amounts, Mapping):
        return amounts
    return {key: "0" if each is None else each for key, each in amounts.items()}


def _without_nulls(value: Any, texts: bool = False) -> Any:
    """Return a value as Go decodes it: a null is an absent field, and among texts by key an empty one."""
    if isinstance(value, dict):
        if texts:
            return {key: "" if each is None else each for key, each in value.items()}
        return {
            key: _without_nulls(_zeroed(each) if key in _AMOUNTS else each, key in _TEXTS)
            for key, each in value.items()
            if each is not None
        }
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _findings(scope: Scope, manifest: Manifest, schema: Mapping[str, Any], error: Any) -> Iterator[Finding]:
    path = tuple(error.instance_path)
    keyword = error.kind.name
    if keyword == "additionalProperties":
        known = at(schema, [*error.schema_path][:-1]) or {}
        for name in error.kind.unexpected:
            message = f"no field {name!r} in {manifest.kind}"
            fix = suggestion(name, known.get("properties", {}), "field")
            if releases := _having(scope.schemas, manifest, [*error.schema_path][:-1], name):
                message += f" of {scope.schemas.world}; {spanned(releases)} has it"
                fix = "render it for those releases only"
            yield scope.finding("OBJ002", manifest, dotted((*path, name)), message, fix)
        return
    rule, message, fix = _explain(error, path)
    yield scope.finding(rule, manifest, dotted(path), message, fix, culprit=error.instance)


def _having(schemas: Schemas, manifest: Manifest, place: list[str | int], name: str) -> list[str]:
    """Return the releases in which a kind has a field that it lacks here."""
    version, kind = _identity(manifest)
    if schemas.builtin(version, kind):
        return []
    trees = ((each, schemas.load(version, kind, each)[0]) for each in schemas.elsewhere(version, kind) if each)
    return [release for release, tree in trees if at(tree, [*place, "properties", name]) is not None]


def _explain(error: Any, path: tuple[str | int, ...]) -> tuple[str, str, str]:
    """Return rule, message and way out of one schema error."""
    keyword, value = error.kind.name, error.instance
    if keyword == "uniqueBy":
        return "OBJ003", f"item {error.message}", "give each item a key of its own, or remove one"
    if keyword == "uniqueItems":
        return "OBJ003", "holds the same value twice", "remove one"
    if _is_naming(path):
        pattern = getattr(error.kind, "pattern", "")
        fix = _READABLE.get(pattern) or ("quote it" if keyword == "type" else "shorten it")
        return "OBJ004", f"{_quoted(value)} is not allowed here", fix
    if keyword == "required":
        return "OBJ002", f"{error.kind.property!r} is missing", "set it"
    if keyword == "pattern" and "numkMGTPE" in error.kind.pattern:
        return "OBJ002", f"{value!r} is no quantity", _QUANTITY_FIX
    if keyword == "maximum" and error.kind.limit in (2**31 - 1, 2**63 - 1):
        bits = 32 if error.kind.limit == 2**31 - 1 else 64
        return "OBJ002", f"{value} does not fit int{bits}: its controller could not decode it", "write a smaller number"
    if keyword == "enum":
        fix = suggestion(str(value), map(str, error.kind.options), "value")
        return "OBJ002", f"{_quoted(value)} is not possible", fix
    if keyword == "type":
        return "OBJ002", f"{_quoted(value)} has the wrong type", f"write a value of type {_types(error.kind)}"
    return "OBJ002", str(error.message), "correct the value"


def _quoted(value: Any) -> str:
    return repr(value) if isinstance(value, str) else json.dumps(value)[:80]


def _types(kind: Any) -> str:
    return " or ".join(map(str, kind.types))


def _is_naming(path: tuple[str | int, ...]) -> bool:
    if "metadata" in path[:-1]:
        return True
    return bool({"matchLabels", "selector", "podSelector"} & set(path[-3:-1])) and isinstance(path[-1], str)


def one_owner(scope: Scope) -> Iterator[Finding]:
    """OBJ005: two Applications that render the same object fight over it for ever."""
    owners: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in scope.manifests:
        group = str(manifest.body.get("apiVersion") or "").rpartition("/")[0]
        spaced = scope.schemas.namespaced(str(manifest.body.get("apiVersion") or ""), manifest.kind)
        key = (group, manifest.kind, manifest.namespace if spaced is not False else "", manifest.name)
        first = owners.setdefault(key, manifest)
        if first is not manifest:
            by = f"rendered by {first.app.name}, too ({first.template})"
            message = f"is {by}" if first.app.name else f"is in {first.template}, too"
            yield scope.finding("OBJ005", manifest, "metadata.name", message, "rename one, or render it once")
