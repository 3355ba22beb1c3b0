"""One side of one cluster: what there is to render at a revision, and rendering only what is asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from leanrag.catalog.model import Cluster, ClusterFacts
from leanrag.catalog.repository import LOCAL, load_release
from leanrag.changes.model import Trouble
from leanrag.changes.trees import Tree, Trees
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.shapes import mapping
from leanrag.render.jobs import HUB, Job, cluster_jobs, hub_jobs, render_jobs
from leanrag.render.manifest import Manifest

Objects: TypeAlias = tuple[Manifest, ...]
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True, slots=True)
class Side:
    """A cluster on one side: its Applications by name. `there` is False where the side has no such cluster."""

    name: str
    tree: Tree
    there: bool = False
    protected: bool = False
    pin: str = ""
    note: str = ""
    jobs: Mapping[str, Job] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)


def read_side(name: str, tree: Tree, cluster: str, trees: Trees, pinned: bool = False) -> Side:
    """Read a cluster of a revision, or with `pinned` of the one that its release.yaml names.

    A cluster.yaml that today's rules refuse is an InputError after; before, it is rendered as Argo CD has done.
    """
    if cluster == HUB:
        return _filled(Side(name, tree, there=True), hub_jobs(tree.repository))
    if cluster not in tree.repository.cluster_names():
        return Side(name, tree)
    pin = _pin(tree, cluster)
    if pinned and pin not in ("", "main"):
        tree = trees.at(pin)
    found, note = _before(tree, cluster) if name == BEFORE else (tree.repository.cluster(cluster), "")
    side = Side(name, tree, there=True, protected=found.facts.protected, pin=pin, note=note)
    return _filled(side, cluster_jobs(tree.repository, found))


def _filled(side: Side, jobs: Iterable[Job]) -> Side:
    named = {job.app.name: job for job in jobs}
    return replace(side, jobs=named, hashes={name: side.tree.inputs.of(job) for name, job in named.items()})


def _before(tree: Tree, name: str) -> tuple[Cluster, str]:
    """Return a cluster as an older revision wrote it, and a note when that is no longer how it is written."""
    try:
        return tree.repository.cluster(name), ""
    except InputError as error:
        path = next(each for each in tree.repository.cluster_files() if each.parent.name == name)
        values = yamlio.read(path)
        written = mapping(mapping(values).get("cluster"))
        environment, prefix = written.get("environment"), written.get("namespacePrefix", "lr")
        if written.get("name") != name or not isinstance(environment, str) or not isinstance(prefix, str):
            raise
        facts = ClusterFacts.model_construct(
            name=name, environment=environment, namespacePrefix=prefix, protected=written.get("protected") is True
        )
        told = error.message.replace(f"{tree.repository.root}/", "")
        return Cluster(facts, path, values), f"{tree.title}: rendered as it is, though today it is refused: {told}"


def _pin(tree: Tree, cluster: str) -> str:
    path = tree.repository.root / "clusters" / cluster / "release.yaml"
    if cluster == LOCAL.parent.name or not path.is_file():
        return ""
    return load_release(path).release.revision or ""


def rendered(side: Side, names: Iterable[str]) -> tuple[dict[str, Objects], tuple[Trouble, ...]]:
    """Return the objects of those Applications that this side has, and why some could not be rendered."""
    jobs = [side.jobs[name] for name in names if name in side.jobs]
    named = {job.app.name: answer for job, answer in zip(jobs, render_jobs(side.tree.repository, jobs), strict=True)}
    found = {name: answer for name, answer in named.items() if isinstance(answer, tuple)}
    broken = ((name, answer) for name, answer in named.items() if not isinstance(answer, tuple))
    return found, tuple(Trouble(side.name, name, error.message, error.hint) for name, error in broken)
