"""What the API server demands of words and numbers: JSON Schema fragments with their source.

Patterns are those of k8s.io/apimachinery v0.34.4 (pkg/util/validation, pkg/api/resource).
"""

from typing import Any

Schema = dict[str, Any]

DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_1035 = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL_VALUE = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
QUALIFIED_NAME = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"
)
QUANTITY = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
# RBAC names may hold a colon; only what would break a URL path is refused (path.IsValidPathSegmentName).
PATH_SEGMENT = r"^(?!\.{1,2}$)[^/%]+$"

LABELS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": QUALIFIED_NAME},
    "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
}
ANNOTATIONS: Schema = {
    "type": "object",
    "propertyNames": {"pattern": QUALIFIED_NAME},
    "additionalProperties": {"type": "string"},
}
QUANTITY_SCHEMA: Schema = {"type": ["string", "number"], "pattern": QUANTITY}
# A repository writes the first row; the API server fills the second, which a live object also shows.
OBJECT_META: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "maxLength": 253},
        "generateName": {"type": "string", "maxLength": 253},
        "namespace": {"type": "string", "maxLength": 63, "pattern": DNS_LABEL},
        "labels": LABELS,
        "annotations": ANNOTATIONS,
        "finalizers": {"type": "array", "items": {"type": "string", "pattern": QUALIFIED_NAME}},
        "ownerReferences": {"type": "array", "items": {"type": "object"}},
        "uid": {"type": "string"},
        "resourceVersion": {"type": "string"},
        "generation": {"type": "integer"},
        "selfLink": {"type": "string"},
        "creationTimestamp": {"type": ["string", "null"]},
        "deletionTimestamp": {"type": ["string", "null"]},
        "deletionGracePeriodSeconds": {"type": "integer"},
        "managedFields": {"type": "array"},
    },
}

_NAME_PATTERNS = {
    ("", "Service"): (DNS_1035, 63),
    ("", "Namespace"): (DNS_LABEL, 63),
    **{
        ("rbac.authorization.k8s.io", kind): (PATH_SEGMENT, 253)
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    },
}


def name_schema(group: str, kind: str) -> Schema:
    """Return the schema of metadata.name for a kind."""
    pattern, longest = _NAME_PATTERNS.get((group, kind), (DNS_SUBDOMAIN, 253))
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern}


# The published OpenAPI of Kubernetes carries no enums for built-in kinds (OpenAPIEnums is off in the file); these are
# the constants of k8s.io/api v0.34.4 that charts set, by definition and property.
_CORE = "io.k8s.api.core.v1"
_PULL = ["Always", "IfNotPresent", "Never"]
ENUMS: dict[tuple[str, str], list[str]] = {
    (f"{_CORE}.Container", "imagePullPolicy"): _PULL,
    (f"{_CORE}.Container", "terminationMessagePolicy"): ["File", "FallbackToLogsOnError"],
    (f"{_CORE}.ContainerPort", "protocol"): ["TCP", "UDP", "SCTP"],
    (f"{_CORE}.ServicePort", "protocol"): ["TCP", "UDP", "SCTP"],
    (f"{_CORE}.ServiceSpec", "type"): ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
    (f"{_CORE}.ServiceSpec", "sessionAffinity"): ["ClientIP", "None"],
    (f"{_CORE}.PodSpec", "restartPolicy"): ["Always", "OnFailure", "Never"],
    (f"{_CORE}.PodSpec", "dnsPolicy"): ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
    (f"{_CORE}.SeccompProfile", "type"): ["Unconfined", "RuntimeDefault", "Localhost"],
    (f"{_CORE}.Toleration", "operator"): ["Exists", "Equal"],
    (f"{_CORE}.Toleration", "effect"): ["NoSchedule", "PreferNoSchedule", "NoExecute"],
    (f"{_CORE}.TopologySpreadConstraint", "whenUnsatisfiable"): ["DoNotSchedule", "ScheduleAnyway"],
    (f"{_CORE}.EmptyDirVolumeSource", "medium"): ["", "Memory", "HugePages"],
    (f"{_CORE}.PersistentVolumeClaimSpec", "volumeMode"): ["Block", "Filesystem"],
    ("io.k8s.api.apps.v1.DeploymentStrategy", "type"): ["Recreate", "RollingUpdate"],
    ("io.k8s.api.apps.v1.StatefulSetSpec", "podManagementPolicy"): ["OrderedReady", "Parallel"],
    ("io.k8s.api.batch.v1.CronJobSpec", "concurrencyPolicy"): ["Allow", "Forbid", "Replace"],
    ("io.k8s.api.rbac.v1.Subject", "kind"): ["User", "Group", "ServiceAccount"],
}
ITEM_ENUMS: dict[tuple[str, str], list[str]] = {
    (f"{_CORE}.PersistentVolumeClaimSpec", "accessModes"): [
        "ReadWriteOnce",
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOncePod",
    ],
    ("io.k8s.api.networking.v1.NetworkPolicySpec", "policyTypes"): ["Ingress", "Egress"],
}
