"""The answer to "what does this commit do?", as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from leanrag.changes.objects import ObjectChange
from leanrag.changes.weight import Weight


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at: names of clusters and of Applications (none: all).

    `pinned`: a side of a cluster is what its release.yaml there pins, not the files of that revision. `merge_base`: the
    older side is where the newer one branched off, so that what came to it since does not count.
    """

    clusters: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    pinned: bool = False
    merge_base: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that cannot be compared: on which side, of what, why, and the way out."""

    side: str
    subject: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class AppChange:
    """One Application that differs; `change` is added, removed or changed. Weights are by (kind, namespace, name)."""

    name: str
    change: str
    objects: tuple[ObjectChange, ...]
    before: Mapping[tuple[str, str, str], Weight] = field(default_factory=dict)
    after: Mapping[tuple[str, str, str], Weight] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterChange:
    """One cluster: how many Applications it has, those that differ, and its pin on both sides ("": none)."""

    name: str
    change: str
    protected: bool
    total: int
    apps: tuple[AppChange, ...]
    pin: tuple[str, str] = ("", "")

    @property
    def differs(self) -> bool:
        """Whether anything is to be told."""
        return bool(self.apps) or self.change != "changed" or self.pin[0] != self.pin[1]


@dataclass(frozen=True, slots=True)
class Changes:
    """The whole answer: the clusters that differ, the names of those that do not, and what could not be compared.

    `notes` are sentences that a reader of the answer should know.
    """

    before: str
    after: str
    clusters: tuple[ClusterChange, ...]
    same: tuple[str, ...]
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 = nothing differs, 1 = something does, 2 = something could not be compared."""
        return 2 if self.troubles else int(bool(self.clusters))
