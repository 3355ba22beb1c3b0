"""Least privilege and the right place: RBAC without wildcards, namespaces from the layer map, projects that fit."""

from collections.abc import Iterator
from typing import Any

from leanrag.checks.finding import Finding, at, suggestion
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping, scalar
from leanrag.render.manifest import Manifest

_GRANTS = ("verbs", "resources", "apiGroups", "nonResourceURLs")


def no_wildcards(scope: Scope) -> Iterator[Finding]:
    """RBC001: a role names what it may do; `*` grows with every new API."""
    for manifest in scope.of_kind("Role", "ClusterRole"):
        for index, rule in enumerate(items(manifest.body.get("rules"))):
            for key in _GRANTS:
                if any("*" in str(word) for word in items(mapping(rule).get(key))):
                    where = f"rules[{index}].{key}"
                    yield scope.finding("RBC001", manifest, where, "grants '*'", "name what is needed")


def layer_namespaces(scope: Scope) -> Iterator[Finding]:
    """NSP001: an object lives in its Application's namespace; only access rules may reach into another layer's.

    The platform layer makes the namespaces of all others and configures operators, so it writes where they are.
    """
    known = set(scope.namespaces.values())
    for manifest in scope.manifests:
        written = mapping(manifest.body.get("metadata")).get("namespace")
        if (
            written is None
            or not known
            or manifest.app.layer in ("apps", "platform")
            or written == manifest.app.namespace
        ):
            continue
        if manifest.kind in {"Role", "RoleBinding", "NetworkPolicy"} and written in known:
            continue
        message = f"{written!r} is not the namespace of the layer {manifest.app.layer!r}"
        fix = f"write {manifest.app.namespace!r}, or change the map in apps/cluster/values.yaml"
        yield scope.finding("NSP001", manifest, "metadata.namespace", message, fix, culprit=str(written))


def projects_allow_what_is_rendered(scope: Scope) -> Iterator[Finding]:
    """PRJ001: the AppProject of an Application allows every kind and namespace that its chart renders."""
    projects = {manifest.name: manifest for manifest in scope.of_kind("AppProject")}
    told: set[tuple[str, str, str]] = set()
    owners = {app: project_of(scope, app) for app in {each.app.name for each in scope.manifests}} if projects else {}
    for manifest in scope.manifests if projects else ():
        project = owners[manifest.app.name]
        if manifest.app.layer == "apps" or project is None:
            continue
        if project not in projects:
            if (project, "", "") not in told:
                fix = suggestion(project, projects, "project")
                yield scope.finding("PRJ001", manifest, "", f"its project {project!r} is not rendered", fix)
            told.add((project, "", ""))
            continue
        yield from _denied(scope, manifest, projects[project], told)


def _denied(scope: Scope, manifest: Manifest, project: Manifest, told: set[tuple[str, str, str]]) -> Iterator[Finding]:
    version = str(manifest.body.get("apiVersion") or "")
    group = version.rpartition("/")[0]
    spec = mapping(project.body.get("spec"))
    spaced = scope.schemas.namespaced(version, manifest.kind)
    key = "namespaceResourceWhitelist" if spaced is not False else "clusterResourceWhitelist"
    allowed = {(scalar(mapping(each).get("group")), scalar(mapping(each).get("kind"))) for each in items(spec.get(key))}
    if not {(group, manifest.kind), ("*", "*")} & allowed and (project.name, group, manifest.kind) not in told:
        told.add((project.name, group, manifest.kind))
        message = f"{group or 'core'} {manifest.kind} is not in it, but {manifest.template} renders it"
        fix = f"add group {group!r}, kind {manifest.kind!r} to the project's kinds (apps/cluster/values.yaml)"
        yield _on_project(scope, project, f"spec.{key}", message, fix)
    targets = {scalar(mapping(each).get("namespace")) for each in items(spec.get("destinations"))}
    # A namespace that is no layer's at all is NSP001, except for the platform, which also writes into others'.
    known = manifest.app.layer == "platform" or manifest.namespace in scope.namespaces.values()
    judged = spaced is not False and known
    if judged and not {manifest.namespace, "*"} & targets and (project.name, "", manifest.namespace) not in told:
        told.add((project.name, "", manifest.namespace))
        message = f"{manifest.namespace!r} is not in it, but {manifest.template} deploys there"
        fix = "add its layer to the project's layers, or run: python -m leanrag.render.projects --write"
        yield _on_project(scope, project, "spec.destinations", message, fix)


def _on_project(scope: Scope, project: Manifest, where: str, message: str, fix: str) -> Finding:
    """Return a finding that reads alike for every cluster's project of one kind, so that it is said once."""
    kind = project.name.removeprefix(f"{project.app.cluster}-")
    return Finding("PRJ001", project.app.name, project.template, f"AppProject {kind} {where}", message, fix)


def project_of(scope: Scope, app: str) -> str | None:
    """Return the project that apps/ gives to an Application of this cluster, or None when apps/ does not make it."""
    made = next((each for each in scope.apps if each.name == app), None)
    folder = "models" if made and made.chart == "model" else made.layer if made else ""
    for maker in scope.of_kind("Application"):
        if maker.name == app:
            return str(at(maker.body, ("spec", "project")))
    for maker in scope.of_kind("ApplicationSet"):
        for generator in items(at(maker.body, ("spec", "generators"))):
            if any(f"/{folder}/" in path for path in _paths(generator)):
                # A templated project comes from the generator's own values.
                project = str(at(maker.body, ("spec", "template", "spec", "project")))
                return str(at(generator, ("git", "values", "project"))) if "{{" in project else project
    return None


def _paths(generator: Any) -> Iterator[str]:
    for each in items(at(generator, ("git", "files"))):
        yield str(mapping(each).get("path") or "")
