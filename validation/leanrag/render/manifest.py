"""One rendered object, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.catalog.model import App


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object as Argo CD would apply it; `template` is the chart file that it came from."""

    app: App
    template: str
    body: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The object's kind, or an empty string."""
        return str(self.body.get("kind") or "")

    @property
    def name(self) -> str:
        """The object's name, or an empty string."""
        return str((self.body.get("metadata") or {}).get("name") or "")

    @property
    def namespace(self) -> str:
        """The namespace written in the object, else the Application's."""
        return str((self.body.get("metadata") or {}).get("namespace") or self.app.namespace)
