"""How far main is ahead of a pin, and how much of that would change what the cluster renders."""

from collections.abc import Iterable
from dataclasses import dataclass

from leanrag.catalog.commits import Commits, Snapshot
from leanrag.catalog.content import content_hash
from leanrag.catalog.model import LAYERS
from leanrag.core.errors import InputError, LeanragError

LIMIT = 200  # commits that are looked at one by one; a pin that is further behind is reported as "more"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Ahead:
    """`commits` that main has and the pin has not, `relevant` of which change what the cluster renders.

    `same` says whether both render the same in the end; `more`, that there were too many to count.
    """

    commits: int
    relevant: int
    same: bool
    more: bool = False


def ahead(commits: Commits, cluster: str, pin: str, main: str) -> Ahead:
    """Compare a pin with main. A pin that main does not contain is an InputError."""
    if pin == main:
        return Ahead(0, 0, True)
    if not commits.git.is_ancestor(pin, main):
        raise InputError(f"main does not contain the pin {pin[:12]}", hint="was main rewritten, or not fetched?")
    found = commits.git.log(f"{pin}..{main}", limit=LIMIT + 1)
    counted = found[:LIMIT]
    changed = [each for each in counted if _changes(commits, cluster, each.sha, each.parents)]
    same = hash_at(commits, cluster, pin) == hash_at(commits, cluster, main)
    return Ahead(len(counted), len(changed), same, len(found) > LIMIT)


def hash_at(commits: Commits, cluster: str, sha: str) -> str:
    """Return what a cluster renders from at a commit; a cluster.yaml that cannot be read is a content of its own."""
    try:
        return content_hash(commits.at(sha), cluster)
    except LeanragError:
        return UNREADABLE


def _changes(commits: Commits, cluster: str, sha: str, parents: Iterable[str]) -> bool:
    """Whether a commit differs from its first parent: what a merge brought in is counted once, as the merge."""
    before = next(iter(parents), None)
    return before is None or hash_at(commits, cluster, sha) != hash_at(commits, cluster, before)


def listed(snapshot: Snapshot, cluster: str) -> frozenset[str]:
    """Return the names of the Applications that Git lists for a cluster at a commit, its own included."""
    environment = snapshot.facts(cluster).environment
    stems = {
        layer: [
            entry.path.rsplit("/", 1)[1].removesuffix(".yaml")
            for entry in snapshot.below(f"overlays/{environment}/{layer}")
            if entry.path.count("/") == 3 and entry.path.endswith(".yaml")
        ]
        for layer in (*LAYERS, "models")
    }
    own = (cluster, f"{cluster}-pin", f"{cluster}-gate")
    charts = (f"{cluster}-{stem}" for layer in LAYERS for stem in stems[layer])
    return frozenset((*own, *charts, *(f"{cluster}-model-{stem}" for stem in stems["models"])))
