"""Compare two revisions of a repository: which Applications of which clusters render something else."""

from collections.abc import Iterator
from pathlib import Path

from leanrag.catalog.nearest import nearest
from leanrag.catalog.repository import Repository
from leanrag.changes.model import AppChange, Changes, ClusterChange, Trouble, Wanted
from leanrag.changes.objects import Removal, object_changes
from leanrag.changes.sides import AFTER, BEFORE, Side, read_side, rendered
from leanrag.changes.trees import Tree, Trees
from leanrag.changes.weight import weights
from leanrag.core.errors import InputError
from leanrag.render.jobs import HUB

_ALL = Wanted()


def compare(root: Path, before: str, after: str | None = None, wanted: Wanted = _ALL) -> Changes:
    """Compare two revisions (None: the work tree); a revision, cluster or Application that nobody has is an InputError.

    What cannot be read or rendered on one side becomes a trouble, and everything else is compared all the same.
    """
    with Trees(root) as trees:
        base = trees.base(before, after) if wanted.merge_base else before
        old, new = trees.at(base), trees.at(after)
        names = _names(old, new, wanted)
        troubles: list[Trouble] = []
        pairs = {name: _pair(old, new, name, trees, wanted, troubles) for name in names}
        _refuse_unknown_apps(wanted, [pair for pair in pairs.values() if pair], troubles)
        found = [_cluster(name, pair, wanted, troubles) for name, pair in pairs.items() if pair]
        differing = tuple(each for each in found if each.differs)
        same = tuple(each.name for each in found if not each.differs)
        notes = tuple(side.note for pair in pairs.values() for side in pair or () if side.note)
        return Changes(old.title, new.title, differing, same, tuple(troubles), notes)


def _names(old: Tree, new: Tree, wanted: Wanted) -> tuple[str, ...]:
    known = tuple(dict.fromkeys(name for tree in (new, old) for name in tree.repository.cluster_names()))
    for name in wanted.clusters:
        _known(name, known, "cluster")
    return wanted.clusters or (*known, HUB)


def _known(name: str, known: tuple[str, ...], what: str) -> None:
    if name not in known:
        near = nearest(name, known)
        meant = f"; did you mean {near!r}?" if near else ""
        raise InputError(f"no {what} {name!r} on either side{meant}", hint=f"look at leanrag clusters: {what}s by name")


def _pair(
    old: Tree, new: Tree, name: str, trees: Trees, wanted: Wanted, troubles: list[Trouble]
) -> tuple[Side, Side] | None:
    """Read both sides of a cluster; where one cannot be read there is nothing to compare."""
    sides = []
    for title, tree in ((BEFORE, old), (AFTER, new)):
        try:
            sides.append(read_side(title, tree, name, trees, wanted.pinned))
        except InputError as error:
            troubles.append(Trouble(title, name, _inside(tree.repository, error.message), error.hint))
    return (sides[0], sides[1]) if len(sides) == 2 else None


def _inside(repository: Repository, message: str) -> str:
    """A file of a commit lies in a folder that is gone when the message is read."""
    return message.replace(f"{repository.root}/", "")


def _refuse_unknown_apps(wanted: Wanted, pairs: list[tuple[Side, Side]], troubles: list[Trouble]) -> None:
    known = tuple(name for pair in pairs for side in pair for name in side.jobs)
    for name in wanted.apps if not troubles else ():
        _known(name, known, "Application")


def _cluster(name: str, pair: tuple[Side, Side], wanted: Wanted, troubles: list[Trouble]) -> ClusterChange:
    old, new = pair
    change = "changed" if old.there and new.there else "added" if new.there else "removed"
    protected = new.protected if new.there else old.protected
    apps = tuple(_apps(name, old, new, protected, wanted, troubles))
    pins = (old.pin, new.pin) if old.there and new.there else ("", "")
    return ClusterChange(name, change, protected, len({*old.jobs, *new.jobs}), apps, pins)


def _apps(
    cluster: str, old: Side, new: Side, protected: bool, wanted: Wanted, troubles: list[Trouble]
) -> Iterator[AppChange]:
    names = [name for name in dict.fromkeys((*new.jobs, *old.jobs)) if name in (wanted.apps or (name,))]
    differing = [name for name in names if old.hashes.get(name) != new.hashes.get(name)]
    olds, broken = rendered(old, differing)
    news, also_broken = rendered(new, differing)
    troubles += (*broken, *also_broken)
    untold = {each.subject for each in (*broken, *also_broken)}
    for name in differing:
        change = "added" if name not in old.jobs else "removed" if name not in new.jobs else "changed"
        one, other = olds.get(name, ()), news.get(name, ())
        removal = Removal(change == "removed", protected, prunes=cluster != HUB)
        objects = object_changes(one, other, removal) if name not in untold else ()
        if objects or (change != "changed" and name not in untold):
            yield AppChange(name, change, objects, weights(one), weights(other))
