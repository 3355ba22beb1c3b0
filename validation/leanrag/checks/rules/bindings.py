"""Who holds a token and what it opens: no role leads to more rights, no binding to nobody or to everybody."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at, suggestion
from leanrag.checks.pods import Pod, all_pods
from leanrag.checks.scope import Scope
from leanrag.core.shapes import items, mapping
from leanrag.render.manifest import Manifest

_READ, _WRITE = {"get", "list", "watch"}, {"create", "update", "patch"}
# (resources, verbs, why): what leads from some rights to more (Kubernetes, RBAC Good Practices).
_LEADS: tuple[tuple[set[str], set[str], str], ...] = (
    ({"secrets"}, _READ, "reads every Secret of the namespace"),
    ({"serviceaccounts/token"}, {"create"}, "makes tokens of every ServiceAccount of the namespace"),
    ({"pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers"}, _READ | _WRITE, "enters pods"),
    ({"nodes/proxy"}, _READ | _WRITE, "reaches every kubelet, past the audit"),
    ({"roles", "clusterroles", "rolebindings", "clusterrolebindings"}, _WRITE, "gives rights"),
    ({"mutatingwebhookconfigurations", "validatingwebhookconfigurations"}, _WRITE, "sees and changes what is sent"),
    ({"certificatesigningrequests/approval"}, _WRITE, "signs itself any user's certificate"),
)
_ALWAYS = {"escalate": "gives itself rights", "bind": "gives itself roles", "impersonate": "acts as others"}
_ADMINS = {"cluster-admin", "admin", "edit"}
_EVERYBODY = {"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"}
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
# OpenShift AI puts a proxy into the pod, which asks the API server about its callers' tokens.
_PROXIED = "security.opendatahub.io/enable-auth"


def roles_lead_nowhere(scope: Scope) -> Iterator[Finding]:
    """RBC002: whoever may read all Secrets, enter pods or write roles has the rights of all of them."""
    for manifest in scope.of_kind("Role", "ClusterRole"):
        for index, rule in enumerate(map(mapping, items(manifest.body.get("rules")))):
            verbs = set(map(str, items(rule.get("verbs"))))
            for verb in sorted(verbs & set(_ALWAYS)):
                fix = "take it out, and bind what is needed by hand"
                yield scope.finding("RBC002", manifest, f"rules[{index}].verbs", f"{verb!r} {_ALWAYS[verb]}", fix)
            for resource, why in _open(rule, verbs):
                message = f"{resource!r} {why}"
                fix = "name the objects (resourceNames), or take it out"
                yield scope.finding("RBC002", manifest, f"rules[{index}].resources", message, fix)


def _open(rule: Mapping[str, Any], verbs: set[str]) -> Iterator[tuple[str, str]]:
    for resource in map(str, items(rule.get("resources"))):
        for names, wanted, why in _LEADS:
            # Creation knows no name before, except that of a subresource's object.
            bounded = rule.get("resourceNames") and ("/" in resource or "create" not in verbs)
            if resource in names and verbs & wanted and not bounded:
                yield resource, why


def bindings_are_narrow(scope: Scope) -> Iterator[Finding]:
    """RBC003: a binding names a role that is there, no administrator, and ServiceAccounts that are there."""
    roles = {(each.namespace, each.name) for each in scope.of_kind("Role")}
    accounts = {(each.namespace, each.name) for each in scope.of_kind("ServiceAccount")}
    unsure = {app.namespace for app in scope.apps if app.name in scope.missing}
    for binding in scope.of_kind(*_BINDINGS):
        role = mapping(binding.body.get("roleRef"))
        name, space = str(role.get("name")), binding.namespace
        if role.get("kind") == "ClusterRole" and name in _ADMINS:
            yield scope.finding("RBC003", binding, "roleRef", f"{name!r} may do nearly all", "write a role of its own")
        if role.get("kind") == "Role" and (space, name) not in roles and space not in unsure:
            near = {each for there, each in roles if there == space}
            fix = suggestion(name, near, "role") if near else "add the Role beside it"
            yield scope.finding("RBC003", binding, "roleRef", f"no Role {name!r} in {space}", fix, culprit=name)
        for index, subject in enumerate(map(mapping, items(binding.body.get("subjects")))):
            for message, fix in _subject(scope, binding, subject, accounts, unsure):
                yield scope.finding("RBC003", binding, f"subjects[{index}]", message, fix)


def _subject(
    scope: Scope,
    binding: Manifest,
    subject: Mapping[str, Any],
    accounts: set[tuple[str, str]],
    unsure: set[str],
) -> Iterator[tuple[str, str]]:
    name, space = str(subject.get("name")), str(subject.get("namespace") or binding.namespace)
    if name in _EVERYBODY:
        yield f"{name!r} is everybody", "name the ServiceAccount"
    known = {each for there, each in accounts if there == space}
    # A cluster where nothing of a layer is deployed yet has its bindings all the same.
    ours = known and space in scope.namespaces.values() and space not in unsure
    if subject.get("kind") == "ServiceAccount" and ours and name not in known | {"default"}:
        yield f"no ServiceAccount {name!r} in {space}", suggestion(name, known, "ServiceAccount")


def tokens_have_a_use(scope: Scope) -> Iterator[Finding]:
    """TOK001: a token in a pod that no binding gives a right to is of use to an intruder only."""
    bound = set(_bound(scope))
    mounts = {(each.namespace, each.name): each.body.get("automountServiceAccountToken") for each in _accounts(scope)}
    for pod in all_pods(scope):
        manifest = pod.manifest
        account = str(pod.spec.get("serviceAccountName") or "default")
        given = pod.spec.get("automountServiceAccountToken", mounts.get((manifest.namespace, account)))
        if given is False or {(manifest.namespace, account), (manifest.namespace, "")} & bound or _needs_none(pod):
            continue
        message = f"has a token of {account!r}, which may ask the API server for nothing"
        fix = "write automountServiceAccountToken: false, or bind a role to its ServiceAccount"
        yield scope.finding("TOK001", manifest, pod.where("automountServiceAccountToken"), message, fix)


def _accounts(scope: Scope) -> Iterator[Manifest]:
    return scope.of_kind("ServiceAccount")


def _bound(scope: Scope) -> Iterator[tuple[str, str]]:
    """Yield namespace and name of every ServiceAccount with a role; an empty name is all of the namespace."""
    for binding in scope.of_kind(*_BINDINGS):
        for subject in map(mapping, items(binding.body.get("subjects"))):
            name = str(subject.get("name"))
            if subject.get("kind") == "Group" and name.startswith("system:serviceaccounts:"):
                yield name.removeprefix("system:serviceaccounts:"), ""
            elif subject.get("kind") == "ServiceAccount":
                yield str(subject.get("namespace") or binding.namespace), name


def _needs_none(pod: Pod) -> bool:
    """A runtime's pod is that of its InferenceService, which says whether it has a token; a proxy there needs one."""
    written = mapping(at(pod.manifest.body, ("metadata", "annotations")))
    return pod.manifest.kind in ("ServingRuntime", "ClusterServingRuntime") or written.get(_PROXIED) == "true"
