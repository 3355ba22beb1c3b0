"""Kinds that an API server is taught, and serves when this returns."""

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from leanrag.bench import applying
from leanrag.core.errors import ToolError

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_TOUCHED = "leanrag.io/defined"
_PATIENCE = 120.0  # seconds; a busy machine takes more than 30 for ten large definitions


def define(api: Any, definitions: Iterable[Mapping[str, Any]]) -> None:
    """Apply definitions and wait until each is served: a controller ends at once when one is not.

    Each time is a change, because only a change makes an API server go on with a kind that it named and did not serve
    before it ended (k8s.io/apiextensions-apiserver v0.34.4, updateCustomResourceDefinition).
    """
    known = tuple(map(_touched, definitions))
    applying.apply(api, known)
    waiting, deadline = {each["metadata"]["name"] for each in known}, time.monotonic() + _PATIENCE
    while waiting := {name for name in waiting if not established(api, name)}:
        if time.monotonic() > deadline:
            raise ToolError(f"the API server does not serve {', '.join(sorted(waiting))}", hint="read its log")
        time.sleep(0.2)


def _touched(definition: Mapping[str, Any]) -> dict[str, Any]:
    meta = definition["metadata"]
    annotations = {**(meta.get("annotations") or {}), _TOUCHED: uuid.uuid4().hex}
    return {**definition, "metadata": {**meta, "annotations": annotations}}


def established(api: Any, name: str) -> bool:
    """Say whether a kind is served."""
    conditions = (applying.get(api, f"{DEFINITIONS}/{name}").get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
