"""Two Kubernetes that know as little of each other as they can: accounts with one right each, as kubeconfigs."""

import base64
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leanrag.core import yamlio

from .api import Api

Object = dict[str, Any]
RBAC = "rbac.authorization.k8s.io/v1"


def reader_of_applications(place: str) -> Iterable[Object]:
    """Yield the right to read Applications, for the gate of a spoke."""
    rule = {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": ["get", "list"]}
    return _right("edge-gate", place, rule)


def reader_of_verdicts(place: str) -> Iterable[Object]:
    """Yield the right to read verdicts, for the promoter."""
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}
    return _right("promoter", place, rule)


def _right(name: str, place: str, rule: Object) -> Iterable[Object]:
    metadata = {"name": name, "namespace": place}
    yield {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": [rule]}
    yield {
        "apiVersion": RBAC,
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": place}],
    }


def kubeconfig_of(api: Api, admin: Path, place: str, token: str, seconds: float = 30) -> str:
    """Return a kubeconfig for an account: the server and CA of the administrator's, the token of a Secret."""
    end = time.monotonic() + seconds
    while not ((api.get("Secret", token, place) or {}).get("data") or {}).get("token"):
        if time.monotonic() > end:
            raise AssertionError(f"{place}/{token} got no token in {seconds:.0f} s")
        time.sleep(0.2)
    word = base64.b64decode((api.get("Secret", token, place) or {})["data"]["token"]).decode()
    cluster = yamlio.read(admin)["clusters"][0]["cluster"]
    return yamlio.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "there", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": word}}],
            "contexts": [{"name": "there", "context": {"cluster": "there", "user": "me", "namespace": place}}],
            "current-context": "there",
        }
    )
