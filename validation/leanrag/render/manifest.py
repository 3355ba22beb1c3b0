"""One rendered object, and where it came from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.core import yamlio

_SOURCE = re.compile(r"^# Source: (\S+)\n", re.MULTILINE)


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


def documents(text: str, folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield what `helm template` printed, each document with its template below `folder`, where the charts lie."""
    for chunk in re.split(r"^---$\n?", text, flags=re.MULTILINE):
        source = _SOURCE.search(chunk)
        template = str(folder / source.group(1)) if source else str(folder)
        yield from ((template, body) for body in yamlio.load_all(chunk, template) if body is not None)
