"""What charts publish about themselves: JSON in labelled ConfigMaps, read by the gate and compared here."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from leanrag.checks.finding import Finding
from leanrag.checks.scope import Scope
from leanrag.core.shapes import mapping
from leanrag.render.manifest import Manifest

RAG, SLO, STORE = "leanrag.io/rag", "leanrag.io/slo", "leanrag.io/store"
# What each label's ConfigMap holds. `needs.json` may be absent: it is what a RAG stack asks of its neighbours.
KEYS: tuple[tuple[str, str], ...] = ((RAG, "rag.json"), (RAG, "needs.json"), (SLO, "model.json"), (STORE, "store.json"))
_PORTS = {"http": 80, "https": 443}
_SERVICE = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(\.cluster\.local)?")


@dataclass(frozen=True, slots=True)
class Contract:
    """One published document and the ConfigMap that holds it under `key`."""

    manifest: Manifest
    key: str
    body: Mapping[str, Any]

    def where(self, path: str) -> str:
        """Return the place of a field of the document inside its ConfigMap."""
        return f"data.{self.key} {path}"


def labelled(scope: Scope, label: str) -> Iterator[Manifest]:
    """Yield the ConfigMaps that carry a label of ours with the value "true"."""
    for manifest in scope.of_kind("ConfigMap"):
        if mapping(mapping(manifest.body.get("metadata")).get("labels")).get(label) == "true":
            yield manifest


def published(scope: Scope, key: str) -> Iterator[Contract]:
    """Yield what is published under a key of KEYS; what is no JSON object is RAG003's to report."""
    label = next(label for label, each in KEYS if each == key)
    for manifest in labelled(scope, label):
        text = mapping(manifest.body.get("data")).get(key)
        try:
            body = json.loads(text) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            continue
        if isinstance(body, Mapping):
            yield Contract(manifest, key, body)


def of_task(scope: Scope, task: str) -> dict[str, Contract]:
    """Return the contracts of the models with a task ("chat", "embedding"), by the name under which they are served."""
    return {
        str(each.body.get("model")): each for each in published(scope, "model.json") if each.body.get("task") == task
    }


def engine_needs(scope: Scope) -> Iterator[tuple[Contract, str, Mapping[str, Any]]]:
    """Yield every engine that a RAG stack asks for: its contract, the role ("chat", "embedding", "guard"), the need."""
    for needs in published(scope, "needs.json"):
        for role, need in mapping(needs.body.get("engines")).items():
            yield needs, str(role), mapping(need)


def address(url: Any) -> tuple[str, int | None, str]:
    """Return host, port and scheme of a URL; a text that is none has no host."""
    try:
        parts = urlsplit(str(url))
        return parts.hostname or "", parts.port, parts.scheme
    except ValueError:
        return "", None, ""


def service(url: Any) -> tuple[str, str] | None:
    """Return name and namespace of the Service that a URL inside the cluster names, else None."""
    found = _SERVICE.fullmatch(address(url)[0])
    return (found["name"], found["namespace"]) if found else None


def in_overlay(scope: Scope, manifest: Manifest, finding: Finding) -> Finding:
    """Return a finding as one on the overlay, whose author decides it: no line of the template is at fault."""
    overlay = manifest.app.overlay
    if scope.cluster is None or not overlay.is_relative_to(scope.root):
        return finding
    return replace(finding, file=str(overlay.relative_to(scope.root)), line=1)


def place(url: Any) -> tuple[tuple[str, str] | str, int | None, str]:
    """Return where a URL leads, in one form for all its spellings: Service or host, port, and path without `/v1`."""
    host, port, scheme = address(url)
    path = str(url).partition("://")[2].partition("/")[2].rstrip("/").removesuffix("v1").rstrip("/")
    return service(url) or host, port or _PORTS.get(scheme), path


def incomplete(scope: Scope, chart: str) -> bool:
    """Say whether an Application of a chart did not render: RND001 tells of it, and nobody knows what it serves."""
    return any(app.chart == chart and app.name in scope.missing for app in scope.apps)
