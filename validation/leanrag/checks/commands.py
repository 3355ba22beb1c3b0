"""The verb `leanrag check`, without the command line around it."""

from collections.abc import Iterable
from pathlib import Path

from leanrag.catalog.repository import Repository
from leanrag.checks.output import FORMATS
from leanrag.checks.run import check_files, check_repository
from leanrag.core.errors import InputError


def check(root: Path, clusters: Iterable[str] = (), paths: Iterable[Path] = (), fmt: str = "text") -> tuple[int, str]:
    """Check a repository, or plain manifests when paths are given; return exit code and document.

    Exit 0 = clean, 1 = findings, 2 = no answer (something could not be judged). `fmt` is text, json or junit.
    """
    if fmt not in FORMATS:
        raise InputError(f"no format {fmt!r}", hint="formats are: " + ", ".join(FORMATS))
    named = tuple(paths)
    run = check_files(named) if named else check_repository(Repository(root), clusters)
    return run.step.outcome.exit_code, FORMATS[fmt](run).rstrip("\n")
