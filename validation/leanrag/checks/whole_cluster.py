"""One cluster from its files to its findings; nothing of it is kept but what was found."""

import os
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import LOCAL, Repository
from leanrag.checks.cache_objects import Verdicts
from leanrag.checks.cel_rules import counted
from leanrag.checks.exemptions import apply
from leanrag.checks.files import Files
from leanrag.checks.finding import Finding
from leanrag.checks.registry import OBJECTS, SAME_PASS
from leanrag.checks.rendering import Judged, Rendered, judge_values, render_all, root_manifests
from leanrag.checks.schemas import Schemas
from leanrag.checks.scope import Before, Scope, usable
from leanrag.checks.staging import is_sound, stage
from leanrag.checks.tracing import traced
from leanrag.checks.worlds import of_cluster
from leanrag.core.errors import InputError
from leanrag.render.desk import Desk
from leanrag.render.manifest import Manifest

_JUDGED = frozenset(check.id for check in (*OBJECTS, *SAME_PASS))


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one cluster, and what was looked at."""

    findings: tuple[Finding, ...]
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges clusters of one repository; `told` are files that rules on files have reported."""

    files: Files
    schemas: Schemas
    verdicts: Verdicts
    told: Collection[str] = ()
    _desks: dict[int, Desk] = field(default_factory=dict)

    def cluster(self, name: str, before: Before | None = None) -> Result:
        """Judge one cluster; with the objects of another revision, its changes too."""
        with ExitStack() as held:
            try:
                repository, cluster, judged = self._prepared(name, held)
            except InputError as error:
                return Result(self._unusable(name, error))
            rendered = render_all(repository, self.files, cluster, judged, self._desk(repository))
            scope = Scope(
                manifests=usable((*root_manifests(repository.root), *_objects(rendered))),
                schemas=self.schemas.of(of_cluster(cluster.facts)),
                cluster=cluster,
                apps=tuple(each.app for each in rendered),
                missing=frozenset(each.app.name for each in rendered if each.broken),
                namespaces=repository.namespaces(cluster),
                root=repository.root,
                before=before,
            )
            found = [finding for each in rendered for finding in each.findings]
            counts = Counter(clusters=1, apps=len(rendered), objects=len(scope.manifests), **counted(scope))
            return Result((*found, *self._judged(scope)), counts)

    def _desk(self, repository: Repository) -> Desk | None:
        """Return the desk where this process renders the checkout; a copy of a process has one of its own."""
        if repository.root != self.files.root:
            return None
        if os.getpid() not in self._desks:
            self._desks[os.getpid()] = Desk(repository)
        return self._desks[os.getpid()]

    def _prepared(self, name: str, held: ExitStack) -> tuple[Repository, Cluster, dict[str, Judged]]:
        """Return the checkout, or a repaired copy of what this cluster reads, the cluster, and its values' verdicts."""
        path = cluster_file(self.files, name)
        repository = Repository(self.files.root)
        if is_sound(self.files, path):
            cluster = repository.cluster(name)
            judged = judge_values(repository, self.files, cluster)
            if all(each.repaired is None for each in judged.values()):
                return repository, cluster, judged
        scratch = held.enter_context(tempfile.TemporaryDirectory(prefix="leanrag-check-"))
        repository = Repository(stage(self.files, Path(scratch).resolve(), [path]))
        cluster = repository.cluster(name)
        return repository, cluster, judge_values(repository, self.files, cluster)

    def _unusable(self, name: str, error: InputError) -> tuple[Finding, ...]:
        """Nothing of this cluster can be rendered; CLU001 or FIL001 has said why, or it is said here."""
        path = str(cluster_file(self.files, name))
        return () if path in self.told else (Finding("CLU001", "", path, "", error.message, error.hint),)

    def _judged(self, scope: Scope) -> list[Finding]:
        alone = [each for one in scope.manifests for each in self.verdicts.of(one, scope.schemas)]
        together = [each for check in OBJECTS if not check.alone for each in check.find(scope)]
        found = apply((*alone, *together), scope.manifests, _JUDGED)
        apps = {app.name: app for app in scope.apps}
        return [traced(each, self.files, apps.get(each.app), scope.root, scope.manifests) for each in found]


def cluster_file(files: Files, name: str) -> Path:
    """Return the path of a cluster's file among those that were read."""
    path = Path("clusters") / name / "cluster.yaml"
    return LOCAL if name == LOCAL.parent.name and path not in files.clusters else path


def _objects(rendered: Iterable[Rendered]) -> Iterable[Manifest]:
    return (manifest for each in rendered for manifest in each.manifests)
