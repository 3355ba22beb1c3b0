"""Pods under Pod Security "restricted" and OpenShift's restricted-v2, and no secret in Git."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, at, dotted
from leanrag.checks.pods import Container, Pod, pods
from leanrag.checks.scope import Scope, items, mapping
from leanrag.checks.vocabulary import DNS_SUBDOMAIN
from leanrag.evidence import override, token
from leanrag.evidence.jws import kind_of
from leanrag.render.manifest import Manifest

_SHARED = ("hostNetwork", "hostPID", "hostIPC")
_PROFILES = {"RuntimeDefault", "Localhost"}
_IDS = ("runAsUser", "runAsGroup")


def restricted(scope: Scope) -> Iterator[Finding]:
    """POD001: every pod, also one inside a custom resource, keeps to the restricted profile."""
    runtimes = {manifest.name: manifest for manifest in scope.of_kind("ServingRuntime", "ClusterServingRuntime")}
    # Plain Kubernetes gives no UID of its own, so an image that starts as root may be given one there.
    given = scope.cluster is None or scope.cluster.facts.platform == "openshift"
    for manifest in scope.manifests:
        for pod in pods(manifest):
            for where, message, fix in (*_pod(pod, given), *_containers(pod, runtimes, given)):
                yield scope.finding("POD001", manifest, where, message, fix)


def _pod(pod: Pod, given: bool) -> Iterator[tuple[str, str, str]]:
    for key in _SHARED:
        if pod.spec.get(key):
            yield pod.where(key), "shares the node's namespace", "remove it"
    for index, volume in enumerate(items(pod.spec.get("volumes"))):
        if "hostPath" in mapping(volume):
            yield pod.where("volumes", index, "hostPath"), "mounts the node's disk", "use a PVC, emptyDir or ConfigMap"
    yield from _fixed_ids(pod.spec.get("securityContext"), pod.where("securityContext"), given)


def _containers(pod: Pod, runtimes: Mapping[str, Manifest], given: bool) -> Iterator[tuple[str, str, str]]:
    outer = mapping(pod.spec.get("securityContext"))
    for container in pod.containers():
        own = mapping(container.body.get("securityContext")) or _from_runtime(pod, container, runtimes)
        place = container.where("securityContext")
        yield from _required({**outer, **own}, own, place)
        yield from _fixed_ids(own, place, given)
        for index, port in enumerate(items(container.body.get("ports"))):
            if mapping(port).get("hostPort"):
                yield container.where("ports", index, "hostPort"), "opens a port of the node", "use a Service"


def _from_runtime(pod: Pod, container: Container, runtimes: Mapping[str, Manifest]) -> Mapping[str, Any]:
    """KServe lays the InferenceService's model over the runtime's container of name kserve-container."""
    runtime = runtimes.get(str(container.body.get("runtime") or ""))
    if container.path[-1] != "model" or runtime is None:
        return {}
    served = items(at(runtime.body, ("spec", "containers")))
    named = [each for each in served if mapping(each).get("name") == "kserve-container"]
    return mapping(mapping(named[0]).get("securityContext")) if named else {}


def _required(merged: Mapping[str, Any], own: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, str]]:
    if merged.get("runAsNonRoot") is not True:
        yield f"{place}.runAsNonRoot", "may run as root", "set runAsNonRoot: true"
    if own.get("allowPrivilegeEscalation") is not False:
        fix = "set allowPrivilegeEscalation: false"
        yield f"{place}.allowPrivilegeEscalation", "may gain privileges", fix
    if own.get("privileged"):
        yield f"{place}.privileged", "is privileged", "remove it"
    if "ALL" not in items(at(own, ("capabilities", "drop"))):
        yield f"{place}.capabilities.drop", "keeps capabilities", "set drop: [ALL]"
    if set(map(str, items(at(own, ("capabilities", "add"))))) - {"NET_BIND_SERVICE"}:
        yield f"{place}.capabilities.add", "adds capabilities", "only NET_BIND_SERVICE is allowed"
    if str(mapping(merged.get("seccompProfile")).get("type")) not in _PROFILES:
        yield f"{place}.seccompProfile", "has no seccomp profile", "set type: RuntimeDefault"


def _fixed_ids(context: Any, place: str, given: bool) -> Iterator[tuple[str, str, str]]:
    if mapping(context).get("runAsUser") == 0:
        yield f"{place}.runAsUser", "is root", "remove it"
        return
    for key in _IDS if given else ():
        if key in mapping(context):
            fix = "remove it: OpenShift gives each namespace a range of its own"
            yield f"{place}.{key}", f"fixes {mapping(context)[key]}", fix


_SECRET_NAME = re.compile(r"(?i)(passw(or)?d|secret|token|api_?-?key|access_?-?key|private_?-?key|credentials?)$")
_TOKENS = (
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("an API key", re.compile(r"\bsk-[A-Za-z0-9_-]{20,}")),
    ("an AWS access key", re.compile(r"\bAKIA[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(ghp|gho|ghs|github_pat)_[A-Za-z0-9_]{20,}")),
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("a JSON web token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")),
)
# `existingSecret: hub-token` names a Secret; `clientSecret: …` would be one.
_NAMES_A_SECRET = re.compile(r"^(?!client|app|api|shared)[a-z][A-Za-z]*Secret$")
_PUBLIC = re.compile(r"(?i)public|^overrideKeys$")
_DENSE = re.compile(r"(?<![A-Za-z0-9+/_=:-])[A-Za-z0-9+_=-]{32,}(?![A-Za-z0-9+/_=-])")
# Bits a character; random base64 of 32 characters has about 4.7, hexadecimal at most 4.0, prose and names below 4.2.
_ENTROPY = 4.4
# Signed statements in the history of release.yaml: they prove something and open nothing.
_STATEMENTS = {token.TYPE, override.TYPE}
_SECRET_FIX = "move it to a Secret that is not in Git, and name that Secret here"
# Words that stand for "no secret" in engines and clients that insist on one.
_EMPTY = {"", "none", "null", "empty", "dummy", "fake", "not-needed", "unused", "changeme"}


def no_literal_secret(scope: Scope) -> Iterator[Finding]:
    """SEC001: no object that Git holds carries a password, token or key in clear text."""
    for manifest in scope.manifests:
        if manifest.kind == "Secret":
            yield from _secret_object(scope, manifest)
            continue
        if manifest.kind == "CustomResourceDefinition":
            continue
        for path, value in _strings(manifest.body, ()):
            what = secret_in(path, value) or _literal_env(manifest.body, path, value)
            if what:
                yield scope.finding("SEC001", manifest, dotted(path), f"holds {what}", _SECRET_FIX, culprit=value)


def _secret_object(scope: Scope, manifest: Manifest) -> Iterator[Finding]:
    for key in ("data", "stringData"):
        if mapping(manifest.body.get(key)):
            fix = "create it outside Git (ExternalSecret, sealed secret, or by hand)"
            yield scope.finding("SEC001", manifest, key, "is a Secret with its contents in Git", fix)


def _strings(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _strings(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _strings(each, (*path, index))


def _literal_env(body: Any, path: tuple[str | int, ...], value: str) -> str:
    """An environment variable: its name is the sibling of its value."""
    if path[-1:] != ("value",) or "env" not in path[-3:-1]:
        return ""
    name = str(mapping(at(body, path[:-1])).get("name") or "")
    return secret_in((name,), value)


def secret_in(path: tuple[str | int, ...], value: str) -> str:
    """Say what secret a text seems to hold, judged by its key and its looks; an empty string for none."""
    if kind_of(value) in _STATEMENTS:
        return ""
    for what, pattern in _TOKENS:
        if pattern.search(value):
            return what
    # An item of a list is called like its list.
    key = next((str(each) for each in reversed(path) if not isinstance(each, int)), "")
    literal = value.strip().lower() not in _EMPTY and not re.search(r"[\s/$]|\{\{", value.strip())
    named = _NAMES_A_SECRET.search(key) and re.search(DNS_SUBDOMAIN, value)
    if _SECRET_NAME.search(key) and literal and not named and not _PUBLIC.search(key):
        return f"a literal {key!r}"
    if not _PUBLIC.search(key) and any(_random(each) for each in _DENSE.findall(value)):
        return "what looks like a random key"
    return ""


def _random(word: str) -> bool:
    mixed = all(re.search(pattern, word) for pattern in ("[A-Z]", "[a-z]", "[0-9]"))
    counts = Counter(word)
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return mixed and entropy > _ENTROPY
