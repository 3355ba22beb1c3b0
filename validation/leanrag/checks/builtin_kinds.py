"""Other kinds: what the API server demands beyond their schema (k8s.io/kubernetes v1.34.4, pkg/apis/*/validation)."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise

from leanrag.checks import builtin_network as network
from leanrag.checks import builtin_workloads as workloads
from leanrag.checks.builtin_containers import Body, Path, Problem, one_of, repeated
from leanrag.checks.finding import at
from leanrag.checks.quantity import quantity
from leanrag.checks.vocabulary import DNS_SUBDOMAIN
from leanrag.core.shapes import items, mapping

_SECRET_KEYS: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_LIMITED = re.compile(r"cpu|memory|storage|ephemeral-storage|hugepages-.+|.+/.+")
_COUNTED = re.compile(  # in whole numbers
    r"pods|count/.+|resourcequotas|services|secrets|replicationcontrollers|persistentvolumeclaims|configmaps"
    r"|services\.(nodeports|loadbalancers)"
)
_COMPUTED = re.compile(r"pods|(requests\.|limits\.)?(cpu|memory)")
_SCOPED = {
    "BestEffort": re.compile("pods"),
    "VolumeAttributesClass": re.compile(r"persistentvolumeclaims|requests\.storage"),
}
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
        name = str(each.get("name"))
        if account and (len(name) > 253 or not re.fullmatch(DNS_SUBDOMAIN.strip("^$"), name)):
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
            of_pods = name == "storage" and each.get("type") in ("Container", "Pod")
            if of_pods or not _LIMITED.fullmatch(name):
                yield ("spec", "limits", index), f"{name!r} is no resource", "write cpu, memory or storage"
        for name, ratio in mapping(each.get("maxLimitRequestRatio")).items():
            if (quantity(ratio) or 0) < 1:
                yield ("spec", "limits", index, "maxLimitRequestRatio", name), f"{ratio} is less than 1", "correct it"


def resource_quota(body: Body) -> Iterator[Problem]:
    """Amounts, and scopes that fit them."""
    spec = mapping(body.get("spec"))
    for name, amount in mapping(spec.get("hard")).items():
        number = quantity(amount)
        if number is None or number < 0:
            yield ("spec", "hard", name), f"{amount!r} is no amount", "write a number of 0 or more"
        elif number.denominator != 1 and _COUNTED.fullmatch(name):
            yield ("spec", "hard", name), f"{amount!r} is no whole number", "write an integer"
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
    held = scopes | {each.get("scopeName") for each in items(at(spec, ("scopeSelector", "matchExpressions")))}
    for name in filter(_QUOTAS.fullmatch, mapping(spec.get("hard"))):
        if wrong := sorted(scope for scope in held if not _SCOPED.get(scope, _COMPUTED).fullmatch(name)):
            yield ("spec", "scopes"), f"{', '.join(wrong)} does not go with {name}", "remove one of them"


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
    for key, each in mapping(spec.get("csi")).items():
        named = mapping(each).get("name") and mapping(each).get("namespace")
        if key.endswith("SecretRef") and key != "nodeStageSecretRef" and not named:
            yield ("spec", "csi", key), "needs name and namespace", "write both"
    sources = [key for key in spec if key in _VOLUME_SOURCES]
    if len(sources) != 1:
        yield ("spec",), f"has {' and '.join(sources) or 'no source'}", "keep one source of the volume"


def priority_class(body: Body) -> Iterator[Problem]:
    """Values that are not the system's."""
    name = str(at(body, ("metadata", "name")))
    if (body.get("value") or 0) > 10**9 or name.startswith("system-"):
        yield ("value",), "belongs to the system", "write at most 1000000000, and a name without system-"


def storage_class(body: Body) -> Iterator[Problem]:
    """Topologies that name each key once."""
    for index, each in enumerate(items(body.get("allowedTopologies"))):
        yield from repeated(mapping(each), "matchLabelExpressions", "key", ("allowedTopologies", index))


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
    "Service": (network.service,),
    "NetworkPolicy": (network.network_policy,),
    "PodDisruptionBudget": (workloads.disruption_budget,),
    "HorizontalPodAutoscaler": (workloads.autoscaler,),
    "Ingress": (network.ingress,),
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
    "StorageClass": (storage_class,),
    "ValidatingWebhookConfiguration": (webhooks,),
    "MutatingWebhookConfiguration": (webhooks,),
}
