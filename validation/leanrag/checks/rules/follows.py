"""Chains of promotion: whoever follows them arrives at a cluster that takes its commits from main."""

from collections.abc import Iterator
from pathlib import Path

from leanrag.checks.files import Files
from leanrag.checks.finding import Finding, at
from leanrag.checks.source import SourceFile

_FOLLOWS = ("release", "follows")


def chains_end(files: Files) -> Iterator[Finding]:
    """FOL001: a cluster behind a circle, or behind one that follows nobody and is not on main, gets no commit ever."""
    releases = {path.parent.name: (path, source) for path, source in files.releases.items() if not source.error}
    known = {path.parent.name for path in files.clusters}
    for name, (path, source) in sorted(releases.items()):
        if problem := _problem(name, releases, known):
            message, fix = problem
            line = source.line(_FOLLOWS) if source.has(_FOLLOWS) else 1
            yield Finding("FOL001", "", str(path), "release.follows", message, fix, line)


def _problem(name: str, releases: dict[str, tuple[Path, SourceFile]], known: set[str]) -> tuple[str, str] | None:
    """Return message and way out of a chain that does not end at main; what REL001 tells of is no second finding."""
    chain = [name]
    while True:
        last = releases.get(chain[-1])
        if last is None:
            return _nothing(chain) if chain[-1] in known else None
        release = at(last[1].data, ("release",))
        followed = at(release, ("follows",))
        if at(release, ("revision",)) == "main":
            return _both(name, str(followed)) if len(chain) == 1 and str(followed) in known - {name} else None
        if followed is None:
            return _stops(chain)
        if not isinstance(followed, str):
            return None
        if followed in chain:
            return None if followed == chain[-1] else _circle(chain, followed)
        chain.append(followed)


def _nothing(chain: list[str]) -> tuple[str, str]:
    return (
        f"{' → '.join(chain)}: {chain[-1]} has no release.yaml, so it runs nothing and no verdict ever comes",
        f"write clusters/{chain[-1]}/release.yaml, or follow another cluster",
    )


def _both(name: str, followed: str) -> tuple[str, str]:
    return f"{name} tracks main and follows {followed}, too", "write one of the two"


def _stops(chain: list[str]) -> tuple[str, str] | None:
    """A cluster alone that is pinned by hand, or not deployed yet, waits for a person, and so do its followers."""
    if len(chain) == 1:
        return None
    return (
        f"{' → '.join(chain)}: {chain[-1]} follows nobody and is not on main, so nothing ever comes down this chain",
        f"write release.revision: main or release.follows into clusters/{chain[-1]}/release.yaml",
    )


def _circle(chain: list[str], again: str) -> tuple[str, str]:
    return (
        f"{' → '.join([*chain, again])} is a circle, so no commit ever enters it",
        "let one of them track main (release.revision: main), without follows",
    )
