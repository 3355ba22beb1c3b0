"""What a change means for one cluster, before anybody reads its details. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from leanrag.changes.immutable import Refusal
from leanrag.changes.model import AppChange, ClusterChange
from leanrag.changes.objects import Fate, ObjectChange, moved
from leanrag.changes.promises import Promise, promises
from leanrag.changes.weight import Weight
from leanrag.checks.finding import at
from leanrag.checks.rules.images import images
from leanrag.render.manifest import Manifest

# Deleting one of these deletes what is in it.
_HOLDS = frozenset(
    ("PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition", "ObjectBucketClaim")
)
# Where a served model comes from.
_MODELS = {
    "InferenceService": ("spec", "predictor", "model", "storageUri"),
    "LLMInferenceService": ("spec", "model", "uri"),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """A value that differs, and where; None where a side does not have it."""

    before: str | None
    after: str | None
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkloadChange:
    """A workload that takes more or less of its cluster; None where a side does not have it."""

    app: str
    label: str
    before: Weight | None
    after: Weight | None


@dataclass(frozen=True, slots=True)
class Summary:
    """One cluster in figures. Objects are "Application: Kind/name"; `lost` are deleted ones that hold data."""

    images: tuple[Moved, ...]
    operators: tuple[Moved, ...]
    models: tuple[Moved, ...]
    workloads: tuple[WorkloadChange, ...]
    promises: tuple[tuple[str, Promise], ...]
    restarts: tuple[tuple[str, int], ...]
    deleted: tuple[str, ...]
    lost: tuple[str, ...]
    kept: tuple[str, ...]
    until_prune: tuple[str, ...]
    refused: tuple[tuple[str, Refusal], ...]
    moved: tuple[tuple[str, str, str], ...]

    def differing(self, part: str) -> tuple[tuple[WorkloadChange, Fraction, Fraction], ...]:
        """Return the workloads of which "replicas", "gpus", "cpu" (cores) or "memory" (bytes) differs, with both."""
        found = [(each, _part(each.before, part), _part(each.after, part)) for each in self.workloads]
        return tuple(row for row in found if row[1] != row[2])


def _part(weight: Weight | None, part: str) -> Fraction:
    return Fraction(getattr(weight, part, 0))


def summary(cluster: ClusterChange) -> Summary:
    """Return what a cluster's changes come to."""
    pairs = [(app.name, each) for app in cluster.apps for each in app.objects]
    gone = {fate: tuple(_named(pairs, fate)) for fate in Fate}
    return Summary(
        images=_joined(_images(pairs)),
        operators=_joined(_told(pairs, _version)),
        models=_joined(_told(pairs, _model)),
        workloads=tuple(each for app in cluster.apps for each in _workloads(app)),
        promises=tuple(_promises(pairs)),
        restarts=tuple(_restarts(cluster.apps)),
        deleted=gone[Fate.DELETED],
        lost=tuple(
            f"{app}: {each.label}" for app, each in pairs if each.fate is Fate.DELETED and _holds(each.manifest)
        ),
        kept=gone[Fate.KEPT],
        until_prune=gone[Fate.UNTIL_PRUNE],
        refused=tuple((f"{app}: {each.label}", refusal) for app, each in pairs for refusal in each.refused),
        moved=tuple(moved(pairs)),
    )


def _named(pairs: Iterable[tuple[str, ObjectChange]], fate: Fate) -> Iterator[str]:
    return (f"{app}: {each.label}" for app, each in pairs if each.fate is fate)


def _holds(manifest: Manifest) -> bool:
    policy = at(manifest.body, ("spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted"))
    return manifest.kind in _HOLDS or (manifest.kind == "StatefulSet" and policy == "Delete")


def _images(pairs: Iterable[tuple[str, ObjectChange]]) -> Iterator[Moved]:
    """Yield the images of each object that only one side names; those of one repository belong together."""
    for app, each in pairs:
        olds, news = (_of(side) for side in (each.before, each.after))
        where = (f"{app}: {each.label}",)
        left = {repository(image): image for image in olds if image not in news}
        for image in (image for image in news if image not in olds):
            yield Moved(left.pop(repository(image), None), image, where)
        yield from (Moved(image, None, where) for image in left.values())


def _of(manifest: Manifest | None) -> dict[str, None]:
    return dict.fromkeys(image for _, image in images(manifest) if image) if manifest else {}


def repository(image: str) -> str:
    """Return an image's name without tag and digest."""
    name = image.partition("@")[0]
    folder, _, last = name.rpartition("/")
    return f"{folder}/{last.partition(':')[0]}".lstrip("/")


def _told(pairs: Iterable[tuple[str, ObjectChange]], tell: Callable[[Manifest], str]) -> Iterator[Moved]:
    """Yield what an object tells about itself, where it tells something else now."""
    for app, each in pairs:
        old, new = (tell(side) or None if side else None for side in (each.before, each.after))
        if old != new:
            yield Moved(old, new, (f"{app}: {each.label}",))


def _version(manifest: Manifest) -> str:
    if manifest.kind != "Subscription":
        return ""
    spec = manifest.body.get("spec")
    version = at(spec, ("startingCSV",)) or f"{at(spec, ('name',))}, any version"
    return f"{version} (channel {at(spec, ('channel',))})"


def _model(manifest: Manifest) -> str:
    return str(at(manifest.body, _MODELS.get(manifest.kind, ("no", "model"))) or "")


def _joined(found: Iterable[Moved]) -> tuple[Moved, ...]:
    """Say once what several objects have in common."""
    places: dict[tuple[str | None, str | None], list[str]] = {}
    for each in found:
        places.setdefault((each.before, each.after), []).extend(each.where)
    return tuple(Moved(before, after, tuple(dict.fromkeys(where))) for (before, after), where in places.items())


def _workloads(app: AppChange) -> Iterator[WorkloadChange]:
    for key in sorted({*app.before, *app.after}):
        before, after = app.before.get(key), app.after.get(key)
        if before != after:
            yield WorkloadChange(app.name, f"{key[0]}/{key[2]}", before, after)


def _promises(pairs: Iterable[tuple[str, ObjectChange]]) -> Iterator[tuple[str, Promise]]:
    for app, each in pairs:
        if each.manifest.kind == "ConfigMap":
            sides = [side.body if side else None for side in (each.before, each.after)]
            yield from ((app, promise) for promise in promises(*sides))


def _restarts(apps: Iterable[AppChange]) -> Iterator[tuple[str, int]]:
    """Yield every workload whose pods are made anew, with how many it has; a runtime's are those of its models."""
    for app in apps:
        for each in app.objects:
            if each.restarts:
                key = (each.manifest.kind, each.manifest.namespace, each.manifest.name)
                weight = app.after.get(key)
                yield f"{app.name}: {each.label}", weight.replicas if weight else 0
