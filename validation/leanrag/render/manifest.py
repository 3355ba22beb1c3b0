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
        return str(self._metadata().get("name") or "")

    @property
    def namespace(self) -> str:
        """The namespace written in the object, else the Application's."""
        return str(self._metadata().get("namespace") or self.app.namespace)

    def _metadata(self) -> Mapping[str, Any]:
        # A broken template may render anything here; the check that says so needs the rest of the object.
        metadata = self.body.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}
