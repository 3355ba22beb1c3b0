"""What the charts publish about themselves, as far as the local stack needs it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from leanrag.core.errors import InputError
from leanrag.render.manifest import Manifest

_LABELS = {"leanrag.io/slo": "model.json", "leanrag.io/rag": "rag.json"}
_SECONDS = {"ms": 0.001, "s": 1.0}
_NO_LIMIT = 1.0


@dataclass(frozen=True, slots=True)
class Published:
    """One published service: `task` is chat, embedding or rag; `service` is (name, namespace)."""

    task: str
    url: str
    service: tuple[str, str]
    secret: tuple[str, str] | None  # (name, key) of the token that its clients send
    ttft_limit: float  # seconds; 1 when none is declared


def published(manifests: Iterable[Manifest]) -> tuple[Published, ...]:
    """Return every service that a chart publishes in a labelled ConfigMap."""
    found = []
    for manifest in manifests:
        labels = (manifest.body.get("metadata") or {}).get("labels") or {}
        key = next((key for label, key in _LABELS.items() if labels.get(label) == "true"), None)
        if manifest.kind == "ConfigMap" and key:
            found.append(_published(manifest, key))
    return tuple(found)


def _published(manifest: Manifest, key: str) -> Published:
    try:
        content = json.loads(manifest.body["data"][key])
        name, namespace = str(urlsplit(content["url"]).hostname).split(".")[:2]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{manifest.app.name}: ConfigMap/{manifest.name} {key}: {error}", hint="correct the chart"
        ) from None
    auth = content.get("auth") or {}
    secret = (auth["secretName"], auth["secretKey"]) if auth.get("secretName") else None
    return Published(content.get("task", "rag"), content["url"].rstrip("/"), (name, namespace), secret, _limit(content))


def _limit(content: dict[str, Any]) -> float:
    objective = ((content.get("slo") or {}).get("objectives") or {}).get("ttft") or {}
    return (
        float(objective["limit"]) * _SECONDS.get(objective.get("unit", "ms"), 1) if "limit" in objective else _NO_LIMIT
    )


def only(found: Iterable[Published], task: str) -> Published:
    """Return the one service of a task; InputError when there is none or more."""
    chosen = [each for each in found if each.task == task]
    if len(chosen) != 1:
        raise InputError(f"the local charts publish {len(chosen)} {task} services, not one", hint="see overlays/local")
    return chosen[0]
