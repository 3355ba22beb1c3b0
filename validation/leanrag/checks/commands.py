"""The verb `leanrag check`, without the command line around it."""

from collections.abc import Iterable
from pathlib import Path

from leanrag.checks.cache import Store
from leanrag.checks.output import wanted, written
from leanrag.checks.paths import check_paths
from leanrag.checks.run import CheckRun, check_root
from leanrag.checks.text import View
from leanrag.core.errors import InputError


def checked(
    root: Path,
    clusters: Iterable[str] = (),
    paths: Iterable[Path] = (),
    changed_since: str = "",
    cached: bool = True,
    skip: bool = False,
) -> CheckRun:
    """Check a repository, or plain manifests and charts when paths are given.

    `changed_since` names a commit: only clusters that differ from it are judged. `cached` answers what was judged
    before, `skip` passes over named files that hold no manifest.
    """
    named = tuple(paths)
    store = Store.of_user() if cached else None
    if named and changed_since:
        raise InputError("plain files have no base to compare with", hint="leave --changed-since out, or the paths")
    only = tuple(clusters)
    if named and only:
        raise InputError("paths are judged without a cluster", hint="leave --cluster out, or the paths")
    if named:
        return check_paths(named, store, skip=skip)
    return check_root(root, only, store=store, changed_since=changed_since)


def check(root: Path, clusters: Iterable[str] = (), paths: Iterable[Path] = (), fmt: str = "text") -> tuple[int, str]:
    """Check, and return exit code and document in one format (output.FORMATS).

    Exit 0 = clean, 1 = findings, 2 = no answer (something could not be judged).
    """
    asked = wanted((fmt,))
    run = checked(root, clusters, paths)
    return run.step.outcome.exit_code, written(run, asked, View())
