"""A whole repository: rules on files, then every cluster, several at a time, and only those that are not known yet."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leanrag.catalog.repository import Repository
from leanrag.checks.cache import Pack, Store, digest_of, from_row, row
from leanrag.checks.cache_inputs import Inputs
from leanrag.checks.cache_objects import Verdicts
from leanrag.checks.changed import Base, commit_of, compared
from leanrag.checks.files import Files, environment_of, read_files
from leanrag.checks.registry import FILES, OBJECTS
from leanrag.checks.schemas import schemas
from leanrag.checks.whole_cluster import Judge, Result, cluster_file
from leanrag.checks.whole_copies import by_copies, processors
from leanrag.checks.whole_progress import Progress

_CHUNK = 4  # clusters that a copy of this process takes at once, where there are many


@dataclass(frozen=True, slots=True)
class Whole:
    """How a repository is checked: where results are kept, and in how many processes (0: as there are processors).

    `listing` holds the hash of every file (cache_key.listing), `around` a hash of program and surroundings, and
    `unchanged` says at the end whether both are still true: only then is a result kept. `wanted` are the clusters that
    were named (none: all).
    """

    store: Store | None
    workers: int
    listing: Mapping[str, str]
    around: str
    unchanged: Callable[[], bool]
    wanted: tuple[str, ...] = ()
    base: Base | None = None


def check_whole(root: Path, whole: Whole, changed_since: str = "") -> Result:
    """Check a repository; with `changed_since` only the clusters that differ from that commit are judged."""
    repository = Repository(root)
    there = repository.cluster_names()
    for name in whole.wanted:
        if name not in there:
            repository.cluster(name)  # raises with the near match
    names = whole.wanted or there
    if not changed_since:
        return check_clusters(repository, names, whole)
    git, sha = commit_of(repository.root, changed_since)
    with compared(repository.root, names, git, sha) as base:
        result = check_clusters(repository, base.names, replace(whole, base=base))
    return replace(result, counts=result.counts + Counter(unchanged=len(names) - len(base.names)))


def check_clusters(repository: Repository, names: Sequence[str], whole: Whole) -> Result:
    """Check the files of a repository and these clusters; findings come in the order of the names."""
    files = read_files(repository.root)
    found = [each for check in FILES for each in check.find(files)]
    if whole.wanted:
        found = [each for each in found if files.concerns(each.file, whole.wanted)]
    verdicts = Verdicts(OBJECTS, Pack(whole.store, f"objects-{whole.around[:16]}"))
    judge = Judge(files, schemas(), verdicts, frozenset(finding.file for finding in found))
    kept = _Kept(files, whole)
    known = {name: result for name in names if (result := kept.get(name))}
    fresh = _judged(judge, [name for name in names if name not in known], whole)
    results = [known.get(name) or kept.put(name, next(fresh)) for name in names]
    if whole.unchanged():
        verdicts.save()
        kept.save()
    counts = sum((each.counts for each in results), Counter[str]())
    return Result((*found, *(finding for each in results for finding in each.findings)), counts)


class _Kept:
    """Results of clusters by everything that they follow from."""

    def __init__(self, files: Files, whole: Whole) -> None:
        self._files, self._whole = files, whole
        self._inputs = Inputs(whole.listing)
        self._pack = Pack(whole.store, f"clusters-{whole.around[:16]}")

    def _key(self, name: str) -> str | None:
        path = cluster_file(self._files, name)
        environment = environment_of(self._files.clusters[path])
        if not isinstance(environment, str) or self._whole.store is None:
            return None
        base = self._whole.base.key(name) if self._whole.base else ""
        inputs = self._inputs.of(path, environment)
        return digest_of(self._whole.around, str(self._files.root), str(path), inputs, base)

    def get(self, name: str) -> Result | None:
        key = self._key(name)
        value = self._pack.get(key) if key else None
        return Result(tuple(map(from_row, value["findings"])), Counter(value["counts"])) if value else None

    def put(self, name: str, result: Result) -> Result:
        # What a cluster that cannot be read is said to be depends on what was said of its file.
        if (key := self._key(name)) and result.counts:
            self._pack.put(key, {"findings": list(map(row, result.findings)), "counts": dict(result.counts)})
        return result

    def save(self) -> None:
        self._pack.save()


def _judged(judge: Judge, names: Sequence[str], whole: Whole) -> Iterator[Result]:
    """Yield the result of each cluster, in order; by copies of this process where there is more than one to judge."""

    def one(name: str) -> tuple[Result, dict[str, Any]]:
        before = whole.base.objects(name) if whole.base else None
        return judge.cluster(name, before), judge.verdicts.new()

    progress = Progress(len(names))
    workers = whole.workers or processors()
    # Nothing is rendered before the copies are made: each asks a renderer of its own, and this process needs none.
    chunk = _CHUNK if len(names) >= 2 * _CHUNK * workers else 1
    try:
        for result, new in by_copies(one, names, workers, chunk):
            judge.verdicts.learn(new)
            yield result
            progress.step()
    finally:
        progress.end()
