"""What a person does to a pin: roll it back, take off a hold, override. It needs Git, and asks no gate and no cluster.

Only the one cluster's release.yaml is parsed, so a malformed file of another cluster changes nothing.
"""

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.catalog.model import ReleaseFacts
from leanrag.catalog.repository import nearest
from leanrag.core.errors import InputError, ToolError
from leanrag.core.git import REMOTE, Git, Refused
from leanrag.promote.desk import MAIN, Desk, Edit
from leanrag.promote.facts import branch_name
from leanrag.promote.pins import as_text, path_of, targets

ATTEMPTS = 5
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """Main as it was fetched, and one cluster's release there."""

    main: str
    commits: Commits
    cluster: str
    release: ReleaseFacts


@dataclass(frozen=True, slots=True)
class Landed:
    """What was written: the commit that pins now, what was pinned before, and the branch, main or one to be merged."""

    revision: str | None
    before: str | None
    branch: str
    said: str = ""


Change = Callable[[Seen], tuple[ReleaseFacts, str]]


def who(git: Git) -> tuple[str, str]:
    """Return name and mail of whoever calls: git's own, else the account of the machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a pod's user has a number and no name; OSError from Python 3.13 on
        user = "leanrag"
    return git.setting("user.name") or user, git.setting("user.email") or f"{user}@leanrag.invalid"


def look(git: Git, cluster: str) -> Seen:
    """Fetch, and return what main says about a cluster."""
    git.fetch()
    main = git.resolve(f"{REMOTE}/{MAIN}")
    if main is None:
        raise InputError(f"{git.path}: the remote has no branch {MAIN}", hint="push it, or name another repository")
    commits = Commits(git)
    names = commits.at(main).names
    if cluster not in names:
        near = nearest(cluster, names)
        hint = f"did you mean {near}?" if near else "clusters are: " + ", ".join(names)
        raise InputError(f"main has no cluster {cluster!r}", hint=hint)
    release = commits.at(main).release(cluster)
    if release is None:
        raise InputError(f"{path_of(cluster)}: no such file on main, so nothing runs there", hint="promote first")
    return Seen(main, commits, cluster, release)


def write(desk: Desk, cluster: str, change: Change) -> Landed:
    """Change a cluster's release on main: look again when main moved, push a branch when it is protected."""
    for _ in range(ATTEMPTS):
        seen = look(desk.git, cluster)
        release, message = change(seen)
        path = path_of(cluster)
        edit = Edit({path: as_text(cluster, release, desk.git.read(seen.main, path))}, message)
        answer = desk.push(seen.main, (edit,))
        if not isinstance(answer, Refused):
            return Landed(release.revision, seen.release.revision, MAIN)
        desk.git.fetch()
        if desk.git.resolve(f"{REMOTE}/{MAIN}") == seen.main:
            return _branch(desk, seen, release, edit, answer)
    raise ToolError(f"main moved {ATTEMPTS} times while {cluster} was being changed", hint="again")


def _branch(desk: Desk, seen: Seen, release: ReleaseFacts, edit: Edit, refused: Refused) -> Landed:
    name = branch_name(seen.cluster, release.revision or MAIN)
    known = {branch.name: branch for branch in desk.git.branches(name)}
    answer = desk.propose(seen.main, edit, name, known.get(name))
    if isinstance(answer, Refused):
        raise ToolError(
            f"neither {MAIN} nor {name} took the push: {refused.reason}; {answer.reason}",
            hint="look at the rights of this account",
        )
    return Landed(release.revision, seen.release.revision, name, refused.reason)


def target(seen: Seen, to: str | None) -> str:
    """Return the commit that a rollback goes to: the last good pin, or the one of the history that was asked for."""
    allowed = targets(seen.release)
    listed = ", ".join(each[:12] for each in allowed) or "none"
    if to is None:
        if not allowed:
            raise InputError(
                f"{seen.cluster} has no older pin that is not on hold",
                hint=f"leanrag promote override {seen.cluster} --to SHA pins any commit of main, signed",
            )
        return allowed[0]
    whole = [each for each in (*allowed, seen.release.revision or "") if len(to) >= 7 and each.startswith(to)]
    if not whole:
        raise InputError(
            f"{to[:40]} is no pin that {seen.cluster} can go back to",
            hint=f"those are: {listed}; leanrag promote override pins any other commit of main, signed",
        )
    if whole[0] == seen.release.revision:
        raise InputError(f"{seen.cluster} is at {whole[0][:12]} already", hint=f"older pins: {listed}")
    return whole[0]


def to_revert(seen: Seen) -> tuple[str, ...]:
    """Return the newest commits that changed what a cluster renders, newest first, for a person to revert."""
    found: list[str] = []
    for commit in seen.commits.git.log(seen.main, limit=20 * SHOWN):
        if len(found) == SHOWN:
            break
        parent = commit.parents[0] if commit.parents else None
        if parent is None or _content(seen, commit.sha) != _content(seen, parent):
            found.append(f"{commit.sha[:12]} {commit.subject}")
    return tuple(found)


def _content(seen: Seen, sha: str) -> str:
    try:
        return content_hash(seen.commits.at(sha), seen.cluster)
    except InputError as error:
        return error.message
