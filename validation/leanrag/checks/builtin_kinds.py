"""Other kinds: what the API server demands beyond their schema (k8s.io/kubernetes v1.34.4, pkg/apis/*/validation)."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from leanrag.checks import builtin_workloads as workloads
from leanrag.checks.builtin_pods import Body, Path, Problem, one_of, repeated
from leanrag.checks.finding import at
from leanrag.checks.quantity import quantity
from leanrag.checks.scope import items, mapping
from leanrag.checks.vocabulary import DNS_SUBDOMAIN, QUALIFIED_NAME

_SECRET_KEYS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_PATH = re.compile(r"/(?!.*(//|/\./|/\.\./|%2f|%2F)).*")
_QUOTAS = re.compile(  # those of Kubernetes itself
    r"pods|(requests\.|limits\.)?(cpu|memory|ephemeral-storage)|requests\.storage|resourcequotas|services|secrets"
    r"|replicationcontrollers|persistentvolumeclaims|configmaps|services\.(nodeports|loadbalancers)"
)
_RBAC = "rbac.authorization.k8s.io"
_VOLUME_SOURCES = {
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume"),
    *("quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
}
_LARGEST = 1024 * 1024  # bytes of a ConfigMap or Secret


def service(body: Body) -> Iterator[Problem]:
    """Ports that can be told apart."""
    spec = mapping(body.get("spec"))
    kind, ports = spec.get("type") or "ClusterIP", items(spec.get("ports"))
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield ("spec", "ports"), "has no port", "write one, or clusterIP: None"
    name = str(spec.get("externalName") or "").rstrip(".")
    if kind == "ExternalName" and not re.fullmatch(DNS_SUBDOMAIN.strip("^$"), name):
        yield ("spec", "externalName"), f"{name!r} is no domain name", "write such as api.example.org"
    if kind == "ExternalName" and spec.get("ipFamilyPolicy"):
        yield ("spec", "ipFamilyPolicy"), "is not for ExternalName", "remove it"
    yield from _addresses(spec, kind)
    if kind in ("NodePort", "LoadBalancer", "ExternalName") and spec.get("clusterIP") == "None":
        yield ("spec", "clusterIP"), f"None is not for {kind}", "remove it"
    seen: set[tuple[Any, Any]] = set()
    for index, each in enumerate(ports):
        if len(ports) > 1 and not each.get("name"):
            yield ("spec", "ports", index, "name"), "is missing beside other ports", "name each port"
        key = (each.get("protocol") or "TCP", each.get("port"))
        if key in seen:
            yield ("spec", "ports", index), f"{key[1]} {key[0]} is there twice", "remove one"
        seen.add(key)
        if each.get("nodePort") and kind not in ("NodePort", "LoadBalancer"):
            yield ("spec", "ports", index, "nodePort"), f"is not for {kind}", "remove it"
    yield from repeated(spec, "ports", "name", ("spec",))
    if spec.get("externalTrafficPolicy") and kind not in ("NodePort", "LoadBalancer") and not spec.get("externalIPs"):
        yield ("spec", "externalTrafficPolicy"), f"is not for {kind}", "remove it"


def _addresses(spec: Body, kind: str) -> Iterator[Problem]:
    own = spec.get("clusterIP")
    if own not in (None, "", "None") and not _is_address(own):
        yield ("spec", "clusterIP"), f"{own!r} is no address", "remove it, or write None"
    for index, each in enumerate(items(spec.get("externalIPs"))):
        if not _is_address(each):
            yield ("spec", "externalIPs", index), f"{each!r} is no address", "correct it"
    for key in ("loadBalancerClass", "loadBalancerSourceRanges"):
        if spec.get(key) and kind != "LoadBalancer":
            yield ("spec", key), f"is not for {kind}", "remove it"
    for index, each in enumerate(items(spec.get("loadBalancerSourceRanges"))):
        if _network(str(each).strip()) is None:
            yield ("spec", "loadBalancerSourceRanges", index), f"{each!r} is no CIDR", "write such as 10.0.0.0/8"
    name = spec.get("loadBalancerClass")
    if name is not None and not re.fullmatch(QUALIFIED_NAME.strip("^$"), str(name)):
        yield ("spec", "loadBalancerClass"), f"{name!r} is no qualified name", "write such as example.org/lb"


def _is_address(text: Any) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(str(text))
        return True
    return False


def network_policy(body: Body) -> Iterator[Problem]:
    """Peers and ports that say one thing."""
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(items(at(body, ("spec", direction)))):
            path: Path = ("spec", direction, index)
            for place, each in enumerate(items(mapping(rule).get(side))):
                yield from _peer(mapping(each), (*path, side, place))
            for place, each in enumerate(items(mapping(rule).get("ports"))):
                first, last = each.get("port"), each.get("endPort")
                if last is not None and (not isinstance(first, int) or last < first):
                    yield (*path, "ports", place, "endPort"), "needs a smaller port as a number", "correct it"


def _peer(peer: Body, path: Path) -> Iterator[Problem]:
    block = peer.get("ipBlock")
    if block is None:
        return
    if peer.get("podSelector") is not None or peer.get("namespaceSelector") is not None:
        yield (*path, "ipBlock"), "stands beside a selector", "write two peers"
    whole = _network(block.get("cidr"))
    if whole is None:
        yield (*path, "ipBlock", "cidr"), f"{block.get('cidr')!r} is no CIDR", "write such as 10.0.0.0/8"
    for index, each in enumerate(items(block.get("except"))):
        inner = _network(each)
        if inner is None or (whole and not (inner.version == whole.version and _inside(inner, whole))):
            yield (*path, "ipBlock", "except", index), f"{each!r} is not inside {block.get('cidr')}", "correct it"


def _network(text: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    with suppress(ValueError):
        return ipaddress.ip_network(str(text), strict=False) if "/" in str(text) else None
    return None


def _inside(inner: Any, outer: Any) -> bool:
    return bool(inner.subnet_of(outer)) and inner != outer


def ingress(body: Body) -> Iterator[Problem]:
    """Paths, and where they lead."""
    spec = mapping(body.get("spec"))
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield ("spec",), "has neither rules nor a defaultBackend", "write one"
    for index, rule in enumerate(items(spec.get("rules"))):
        for place, each in enumerate(items(mapping(mapping(rule).get("http")).get("paths"))):
            path: Path = ("spec", "rules", index, "http", "paths", place)
            named = each.get("pathType") in ("Exact", "Prefix")
            if named and not _PATH.fullmatch(str(each.get("path"))):
                yield (*path, "path"), f"{each.get('path')!r} is no absolute path", "begin it with /"
            yield from _backend(mapping(each.get("backend")), (*path, "backend"))
    if spec.get("defaultBackend") is not None:
        yield from _backend(mapping(spec["defaultBackend"]), ("spec", "defaultBackend"))


def _backend(backend: Body, path: Path) -> Iterator[Problem]:
    yield from one_of(backend, ("service", "resource"), path)
    if backend.get("service") is not None:
        yield from one_of(mapping(backend["service"]).get("port"), ("name", "number"), (*path, "service", "port"))


def role(body: Body) -> Iterator[Problem]:
    """Rights on something."""
    for index, rule in enumerate(items(body.get("rules"))):
        urls, kinds = items(rule.get("nonResourceURLs")), items(rule.get("resources"))
        path: Path = ("rules", index)
        if not items(rule.get("verbs")):
            yield (*path, "verbs"), "is empty", "write what is allowed"
        if urls and (kinds or rule.get("apiGroups") or rule.get("resourceNames") or body.get("kind") == "Role"):
            yield (*path, "nonResourceURLs"), "is for ClusterRoles, and stands alone", "write a rule of its own"
        if not urls and (not kinds or not items(rule.get("apiGroups"))):
            yield path, "needs apiGroups and resources", 'write both; apiGroups: [""] is the core group'


def role_binding(body: Body) -> Iterator[Problem]:
    """Subjects that can be."""
    if body.get("kind") == "ClusterRoleBinding" and at(body, ("roleRef", "kind")) == "Role":
        yield ("roleRef", "kind"), "a ClusterRoleBinding binds a ClusterRole", "write ClusterRole"
    for index, each in enumerate(items(body.get("subjects"))):
        account = each.get("kind") == "ServiceAccount"
        group = each.get("apiGroup") or ("" if account else _RBAC)
        if group != ("" if account else _RBAC):
            yield ("subjects", index, "apiGroup"), f"{group!r} is not the group of a {each.get('kind')}", "remove it"
        if account and not re.fullmatch(DNS_SUBDOMAIN.strip("^$"), str(each.get("name"))):
            yield ("subjects", index, "name"), f"{each.get('name')!r} is no name of a ServiceAccount", "correct it"
        if account and not each.get("namespace") and body.get("kind") == "ClusterRoleBinding":
            yield ("subjects", index, "namespace"), "is missing", "name the account's namespace"


def limit_range(body: Body) -> Iterator[Problem]:
    """One entry a type, bounds in their order."""
    yield from repeated(mapping(body.get("spec")), "limits", "type", ("spec",))
    order = ("min", "defaultRequest", "default", "max")
    for index, each in enumerate(items(at(body, ("spec", "limits")))):
        for name in {name for key in order for name in mapping(each.get(key))}:
            held = [(key, quantity(mapping(each.get(key))[name])) for key in order if name in mapping(each.get(key))]
            for (low, less), (high, more) in pairwise(held):
                if less is None or more is None or less > more:
                    yield ("spec", "limits", index, high, name), f"is less than {low}", "correct one of them"


def resource_quota(body: Body) -> Iterator[Problem]:
    """Amounts, and scopes that fit them."""
    spec = mapping(body.get("spec"))
    for name, amount in mapping(spec.get("hard")).items():
        number = quantity(amount)
        if number is None or number < 0:
            yield ("spec", "hard", name), f"{amount!r} is no amount", "write a number of 0 or more"
        if (
            not _QUOTAS.fullmatch(name)
            and "/" not in name
            and not name.startswith(("hugepages-", "requests.hugepages-"))
        ):
            yield (
                ("spec", "hard", name),
                f"{name!r} is no resource",
                "write one of Kubernetes, or a name with its domain",
            )
    scopes = set(items(spec.get("scopes")))
    for index, each in enumerate(items(at(spec, ("scopeSelector", "matchExpressions")))):
        if each.get("scopeName") != "PriorityClass" and each.get("operator") != "Exists":
            place = ("spec", "scopeSelector", "matchExpressions", index, "operator")
            yield place, f"must be Exists for {each.get('scopeName')}", "write it"
    if {"Terminating", "NotTerminating"} <= scopes or {"BestEffort", "NotBestEffort"} <= scopes:
        yield ("spec", "scopes"), "excludes everything", "keep one of the two"
    pods = re.compile(r"pods|(requests\.|limits\.)?(cpu|memory|ephemeral-storage)")
    for name in filter(_QUOTAS.fullmatch, mapping(spec.get("hard"))):
        only = name == "pods" if "BestEffort" in scopes else bool(pods.fullmatch(name))
        if scopes - {"PriorityClass", "CrossNamespacePodAffinity", "VolumeAttributesClass"} and not only:
            yield ("spec", "scopes"), f"do not go with {name}", "remove them, or it"


def secret(body: Body) -> Iterator[Problem]:
    """The keys of its type."""
    kind = str(body.get("type") or "Opaque")
    held = {**mapping(body.get("data")), **mapping(body.get("stringData"))}
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in held:
            yield ("data",), f"{key!r} is missing in a {kind}", "write it"
    account = "kubernetes.io/service-account.name"
    if kind == "kubernetes.io/service-account-token" and not at(body, ("metadata", "annotations", account)):
        yield ("metadata", "annotations", account), "is missing", "name the account"
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(held):
        yield ("data",), f"a {kind} needs username or password", "write one"
    plain = mapping(body.get("stringData")).get(".dockerconfigjson")
    if kind == "kubernetes.io/dockerconfigjson" and isinstance(plain, str) and not _is_json(plain):
        yield ("stringData", ".dockerconfigjson"), "is no JSON", "correct it"


def _is_json(text: str) -> bool:
    with suppress(ValueError):
        return isinstance(json.loads(text), dict)
    return False


def namespace(body: Body) -> Iterator[Problem]:
    """Levels of Pod Security."""
    for mode in ("enforce", "audit", "warn"):
        key = f"pod-security.kubernetes.io/{mode}"
        labels = mapping(at(body, ("metadata", "labels")))
        if labels.get(key, "restricted") not in ("privileged", "baseline", "restricted"):
            yield (
                ("metadata", "labels", key),
                f"{labels[key]!r} is no level",
                "write restricted, baseline or privileged",
            )
        version = str(labels.get(f"{key}-version", "latest"))
        if not re.fullmatch(r"latest|v1\.[0-9]+", version):
            yield ("metadata", "labels", f"{key}-version"), f"{version!r} is no version", "write latest"


def volume(body: Body) -> Iterator[Problem]:
    """One source, and its size."""
    spec = mapping(body.get("spec"))
    if set(mapping(spec.get("capacity"))) != {"storage"} or not quantity(mapping(spec.get("capacity")).get("storage")):
        yield ("spec", "capacity"), "is no size", "write storage"
    sources = [key for key in spec if key in _VOLUME_SOURCES]
    if len(sources) != 1:
        yield ("spec",), f"has {' and '.join(sources) or 'no source'}", "keep one source of the volume"


def priority_class(body: Body) -> Iterator[Problem]:
    """Values that are not the system's."""
    name = str(at(body, ("metadata", "name")))
    if (body.get("value") or 0) > 10**9 or name.startswith("system-"):
        yield ("value",), "belongs to the system", "write at most 1000000000, and a name without system-"


def webhooks(body: Body) -> Iterator[Problem]:
    """Where they are reached."""
    for index, each in enumerate(items(body.get("webhooks"))):
        yield from one_of(each.get("clientConfig"), ("url", "service"), ("webhooks", index, "clientConfig"))
        if each.get("sideEffects") not in ("None", "NoneOnDryRun"):
            yield ("webhooks", index, "sideEffects"), "must be None or NoneOnDryRun", "write None"


def config_map(body: Body) -> Iterator[Problem]:
    """Keys of their own, and no more than fits."""
    data, binary = mapping(body.get("data")), mapping(body.get("binaryData"))
    for key in sorted(set(data) & set(binary)):
        yield ("binaryData", key), "is in data, too", "keep one"
    if sum(len(str(each).encode()) for each in (*data.values(), *binary.values())) > _LARGEST:
        yield ("data",), "is more than 1 MiB", "split it, or mount a volume"


Check = Callable[[Body], Iterator[Problem]]
KINDS: Mapping[str, tuple[Check, ...]] = {
    "Deployment": (workloads.workload, workloads.deployment),
    "StatefulSet": (workloads.workload, workloads.stateful_set),
    "DaemonSet": (workloads.workload, workloads.daemon_set),
    "ReplicaSet": (workloads.workload,),
    "Job": (workloads.job,),
    "CronJob": (workloads.cron_job,),
    "PersistentVolumeClaim": (workloads.claim,),
    "Service": (service,),
    "NetworkPolicy": (network_policy,),
    "PodDisruptionBudget": (workloads.disruption_budget,),
    "HorizontalPodAutoscaler": (workloads.autoscaler,),
    "Ingress": (ingress,),
    "Role": (role,),
    "ClusterRole": (role,),
    "RoleBinding": (role_binding,),
    "ClusterRoleBinding": (role_binding,),
    "LimitRange": (limit_range,),
    "ResourceQuota": (resource_quota,),
    "Secret": (secret,),
    "ConfigMap": (config_map,),
    "Namespace": (namespace,),
    "PersistentVolume": (volume,),
    "PriorityClass": (priority_class,),
    "ValidatingWebhookConfiguration": (webhooks,),
    "MutatingWebhookConfiguration": (webhooks,),
}
