"""What exists before Git can deploy anything: namespaces, signing keys, tokens and Git credentials."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LAYERS = ("platform", "data", "serving", "rag", "observe", "gate")


def namespace(name: str) -> dict[str, Any]:
    """Return a namespace that admits restricted pods only."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def namespaces(prefix: str) -> Iterable[dict[str, Any]]:
    """Return the namespaces of one cluster's layers."""
    return (namespace(f"{prefix}-{layer}") for layer in LAYERS)


def secret(name: str, place: str, data: Mapping[str, bytes | str]) -> dict[str, Any]:
    """Return a Secret."""
    plain = {key: value if isinstance(value, bytes) else value.encode() for key, value in data.items()}
    encoded = {key: base64.b64encode(value).decode() for key, value in plain.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": place},
        "type": "Opaque",
        "data": encoded,
    }


def account(name: str, place: str, token: str) -> Iterable[dict[str, Any]]:
    """Yield a ServiceAccount without any rights, and the Secret that Kubernetes fills with a token of it."""
    metadata = {"namespace": place}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, **metadata}}
    annotations = {"kubernetes.io/service-account.name": name}
    yield {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": token, "annotations": annotations, **metadata},
        "type": "kubernetes.io/service-account-token",
    }


def login(folder: Path) -> dict[str, str]:
    """Return what a credentials folder holds, as a Secret's data: username and password."""
    return {name: (folder / name).read_text(encoding="utf-8").strip() for name in ("username", "password")}


def token() -> str:
    """Return a fresh random token."""
    return secrets.token_urlsafe(24)
