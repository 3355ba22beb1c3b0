"""Objects of one Application before and after: added, removed, changed, and what Argo CD makes of it. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from leanrag.changes.immutable import Refusal, refusals
from leanrag.changes.paths import Difference, Path, differences
from leanrag.checks.finding import at
from leanrag.core.shapes import mapping
from leanrag.render.manifest import Manifest

OPTIONS = "argocd.argoproj.io/sync-options"
HOOK = "argocd.argoproj.io/hook"
# A new version of a chart changes this label of every object that it renders, and nothing that runs.
_NOISE: Path = ("labels", "helm.sh/chart")
# Where a difference makes the pods anew, and what there does not: numbers of pods.
_PODS: Mapping[str, tuple[Path, ...]] = {
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet"), (("spec", "template"),)),
    "InferenceService": (("spec", "predictor"), ("spec", "transformer")),
    "ServingRuntime": (("spec",),),
    "LLMInferenceService": (("spec", "template"), ("spec", "worker"), ("spec", "prefill"), ("spec", "model")),
    "OGXServer": (("spec",),),
    "LlamaStackDistribution": (("spec",),),
}
_COUNTS = frozenset(("replicas", "minReplicas", "maxReplicas", "scaleTarget", "scaleMetric"))


class Fate(StrEnum):
    """What becomes of an object that Git no longer renders."""

    DELETED = "deleted"
    KEPT = "kept"
    UNTIL_PRUNE = "stays until leanrag prune"
    HOOK = "hook, no longer run"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object of one Application that differs; a side that does not have it is None."""

    before: Manifest | None
    after: Manifest | None
    differences: tuple[Difference, ...] = ()
    refused: tuple[Refusal, ...] = ()
    fate: Fate | None = None

    @property
    def manifest(self) -> Manifest:
        """The newer side that exists."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def change(self) -> str:
        """One word: added, removed or changed."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def label(self) -> str:
        """Kind and name."""
        return f"{self.manifest.kind}/{self.manifest.name}"

    @property
    def noise(self) -> bool:
        """Whether nothing but the label with the chart's version differs."""
        quiet = all(each.path[-2:] == _NOISE for each in self.differences)
        return self.change == "changed" and quiet and not self.restarts

    @property
    def restarts(self) -> bool:
        """Whether its pods are made anew."""
        prefixes = _PODS.get(self.manifest.kind, ())
        return self.change == "changed" and any(_below(each.path, prefixes) for each in self.differences)


def _below(path: Path, prefixes: Iterable[Path]) -> bool:
    return not _COUNTS & set(path) and any(path[: len(prefix)] == prefix for prefix in prefixes)


@dataclass(frozen=True, slots=True)
class Removal:
    """How Argo CD treats what is gone: the whole Application went, its cluster is protected, or nothing is pruned."""

    app_gone: bool = False
    protected: bool = False
    prunes: bool = True


def object_changes(
    before: Iterable[Manifest], after: Iterable[Manifest], removal: Removal = Removal()
) -> tuple[ObjectChange, ...]:
    """Return what differs between two renders of one Application, sorted by kind and name."""
    olds, news = ({identity(each): each for each in side} for side in (before, after))
    found = (_compared(olds.get(key), news.get(key), removal) for key in sorted({*olds, *news}))
    return tuple(each for each in found if each)


def identity(manifest: Manifest) -> tuple[str, str, str, str]:
    """Return what the API server knows an object by; its version is not part of it."""
    return manifest.kind, manifest.name, manifest.namespace, group_of(manifest)


def group_of(manifest: Manifest) -> str:
    """Return an object's API group; the core group is empty."""
    return str(manifest.body.get("apiVersion") or "").rpartition("/")[0]


def _compared(old: Manifest | None, new: Manifest | None, removal: Removal) -> ObjectChange | None:
    if old is None or new is None:
        return ObjectChange(old, new, fate=_fate(old, removal) if old else None)
    found = tuple(differences(old.body, new.body))
    if not found:
        return None
    refused = tuple(refusals(group_of(new), new.kind, old.body, new.body, found))
    return ObjectChange(old, new, found, refused)


def _fate(gone: Manifest, removal: Removal) -> Fate:
    """Argo CD v3.2.11: Prune=false holds while the Application is there, Delete=false when it goes, `keep` always."""
    annotations = mapping(at(gone.body, ("metadata", "annotations")))
    options = {each.strip() for each in str(annotations.get(OPTIONS) or "").split(",")}
    if HOOK in annotations:
        return Fate.HOOK
    if ("Delete=false" if removal.app_gone else "Prune=false") in options:
        return Fate.KEPT
    if annotations.get("helm.sh/resource-policy") == "keep" or not removal.prunes:
        return Fate.KEPT
    return Fate.UNTIL_PRUNE if removal.app_gone and removal.protected else Fate.DELETED


def moved(changes: Iterable[tuple[str, ObjectChange]]) -> Iterator[tuple[str, str, str]]:
    """Yield (object, Application that loses it, Application that gets it) for objects that change hands.

    `changes` are pairs of an Application's name and a change. The one may delete what the other has just made.
    """
    given = tuple(changes)
    gets = {identity(each.manifest): app for app, each in given if each.change == "added"}
    for app, each in given:
        if each.change == "removed" and identity(each.manifest) in gets:
            yield each.label, app, gets[identity(each.manifest)]
