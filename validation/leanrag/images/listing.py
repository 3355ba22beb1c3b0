"""Every image that a cluster's manifests name, where, and the operators that bring more."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import Repository
from leanrag.checks.rules.images import OCI, images, model_sources
from leanrag.core.shapes import mapping
from leanrag.render.jobs import cluster_jobs, render_jobs
from leanrag.render.manifest import Manifest

# A cluster that is not pinned yet is listed as its first pin will make it.
_UNPINNED = {"revision": "main"}
# An image, and what is in the cluster already.
_IN_CLUSTER = (OCI, "pvc://")
Find: TypeAlias = Callable[[Manifest], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names an image: Application, object, and the path inside it."""

    app: str
    label: str
    path: str

    def __str__(self) -> str:
        """Return it without the path."""
        return f"{self.app}: {self.label}"


@dataclass(frozen=True, slots=True, order=True)
class Operator:
    """A Subscription: the catalogue that it reads, and the version that it starts with ("" where none is pinned)."""

    source: str
    package: str
    channel: str
    version: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a cluster needs from elsewhere. `downloads` are models by addresses that no registry has.

    `broken` are Applications that could not be rendered, with the reason: then the list is not whole.
    """

    cluster: Cluster
    images: Mapping[str, tuple[Use, ...]]
    operators: tuple[Operator, ...]
    downloads: Mapping[str, tuple[Use, ...]]
    broken: Mapping[str, str]

    @property
    def own(self) -> tuple[str, ...]:
        """The images of the registry that cluster.yaml names, which is the site's own."""
        return tuple(image for image in self.images if image.startswith(f"{self.cluster.facts.registry}/"))


def listing(repository: Repository, cluster: Cluster) -> Listing:
    """Return what a cluster's Applications name, those that Argo CD runs for it included."""
    jobs = cluster_jobs(repository, cluster, _UNPINNED)
    outcomes = list(zip(jobs, render_jobs(repository, jobs), strict=True))
    manifests = [each for _, outcome in outcomes if isinstance(outcome, tuple) for each in outcome]
    broken = {job.app.name: outcome.message for job, outcome in outcomes if not isinstance(outcome, tuple)}
    operators = tuple(sorted({_operator(each) for each in manifests if each.kind == "Subscription"}))
    return Listing(cluster, _grouped(manifests, _images), operators, _grouped(manifests, _downloads), broken)


def _grouped(manifests: list[Manifest], find: Find) -> dict[str, tuple[Use, ...]]:
    found: dict[str, list[Use]] = {}
    for manifest in manifests:
        for path, value in find(manifest):
            found.setdefault(value, []).append(Use(manifest.app.name, f"{manifest.kind}/{manifest.name}", path))
    return {value: tuple(found[value]) for value in sorted(found)}


def _images(manifest: Manifest) -> Iterator[tuple[str, str]]:
    return ((path, image) for path, image in images(manifest) if image)


def _downloads(manifest: Manifest) -> Iterator[tuple[str, str]]:
    return (found for found in model_sources(manifest) if not found[1].startswith(_IN_CLUSTER))


def _operator(manifest: Manifest) -> Operator:
    spec = mapping(manifest.body.get("spec"))
    names = ("source", "name", "channel", "startingCSV")
    source, package, channel, version = (str(spec.get(name) or "") for name in names)
    return Operator(source, package, channel, version)
