"""What a rule sees: one cluster, its Applications and everything they render."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.checks.finding import Finding
from leanrag.checks.schemas import Schemas
from leanrag.core.result import JSON
from leanrag.render.manifest import Manifest

Identity = tuple[str, str, str, str]
Before = Mapping[Identity, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Scope:
    """One cluster as rendered; `missing` names Applications that could not be rendered (reported elsewhere).

    `cluster` is None when plain manifest files are checked: rules that compare with the repository then say nothing.
    `before` holds the objects of the base revision by `identity`, when there is one (--changed-since).
    """

    manifests: tuple[Manifest, ...]
    schemas: Schemas
    cluster: Cluster | None = None
    apps: tuple[App, ...] = ()
    missing: frozenset[str] = frozenset()
    namespaces: Mapping[str, str] = field(default_factory=dict)
    root: Path = Path()
    before: Before | None = None
    # What several rules ask of the same objects is worked out once (`of_kind`, pods.all_pods).
    kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def finding(
        self,
        rule: str,
        manifest: Manifest,
        where: str,
        message: str,
        fix: str,
        *,
        unknown: bool = False,
        culprit: JSON = None,
    ) -> Finding:
        """Return a finding on a rendered object: `where` is the path inside it."""
        place = f"{manifest.kind or 'object'}/{manifest.name or '?'} {where}".strip()
        app = manifest.app.name
        return Finding(rule, app, manifest.template, place, message, fix, unknown=unknown, culprit=culprit)

    def of_kind(self, *kinds: str) -> Iterator[Manifest]:
        """Yield the objects of these kinds."""
        if "kinds" not in self.kept:
            found: dict[str, list[Manifest]] = {}
            for manifest in self.manifests:
                found.setdefault(manifest.kind, []).append(manifest)
            self.kept["kinds"] = found
        return (manifest for kind in dict.fromkeys(kinds) for manifest in self.kept["kinds"].get(kind, ()))


def identity(manifest: Manifest) -> Identity:
    """Return what makes an object the same one at another revision: group, kind, namespace and name."""
    group = str(manifest.body.get("apiVersion") or "").rpartition("/")[0]
    return group, manifest.kind, manifest.namespace, manifest.name


def usable(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return objects whose metadata can be read: a text or list there becomes empty, and the schema says what lacks."""
    return tuple(
        manifest
        if isinstance(manifest.body.get("metadata"), Mapping)
        else replace(manifest, body={**manifest.body, "metadata": {}})
        for manifest in manifests
    )
