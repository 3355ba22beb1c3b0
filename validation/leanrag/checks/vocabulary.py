"""What the API server demands of words and numbers: JSON Schema fragments with their source.

Patterns are those of k8s.io/apimachinery v0.34.4 (pkg/util/validation, pkg/api/resource).
"""

from functools import cache
from pathlib import Path
from typing import Any

from leanrag.core import yamlio

BUILTIN = Path(__file__).with_name("builtin.yaml")
Schema = dict[str, Any]

DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_1035 = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
LABEL_VALUE = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
QUALIFIED_NAME = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$"
)
# As Go's decoder, which passes over the ends of lines.
BASE64 = (
    r"^(([A-Za-z0-9+/][\r\n]*){4})*"
    r"(([A-Za-z0-9+/][\r\n]*){2}=[\r\n]*=|([A-Za-z0-9+/][\r\n]*){3}=)?[\r\n]*$"
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
    # Of annotations the API server compares the keys in small letters (apimachinery, ValidateAnnotations).
    "propertyNames": {"pattern": QUALIFIED_NAME.replace("a-z0-9", "A-Za-z0-9").replace("-a-z0-9", "-A-Za-z0-9")},
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
        "creationTimestamp": {"type": ["string", "null"], "format": "date-time"},
        "deletionTimestamp": {"type": ["string", "null"], "format": "date-time"},
        "deletionGracePeriodSeconds": {"type": "integer"},
        "managedFields": {"type": "array", "items": {"type": "object"}},
    },
}

_NAME_PATTERNS = {
    ("", "Service"): (DNS_1035, 63),
    ("", "Namespace"): (DNS_LABEL, 63),
    ("policy", "PodDisruptionBudget"): (PATH_SEGMENT, 1024),  # only what any name must be
    **{
        ("rbac.authorization.k8s.io", kind): (PATH_SEGMENT, 1024)
        for kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
    },
}


def name_schema(group: str, kind: str) -> Schema:
    """Return the schema of metadata.name for a kind."""
    pattern, longest = _NAME_PATTERNS.get((group, kind), (DNS_SUBDOMAIN, 253))
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern}


@cache
def _table() -> Any:
    return yamlio.read(BUILTIN)


def demanded(definition: str) -> dict[str, Schema]:
    """Return what builtin.yaml demands of a definition of Kubernetes' OpenAPI: JSON Schema keywords by field."""
    table, short = _table(), definition.removeprefix("io.k8s.api.").removeprefix("io.k8s.")
    found: dict[str, Schema] = {field: {"enum": words} for field, words in table["words"].get(short, {}).items()}
    for field, form in table["limits"].get(short, {}).items():
        found[field] = {**found.get(field, {}), **(table["forms"][form] if isinstance(form, str) else form)}
    return found
