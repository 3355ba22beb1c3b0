"""What the verbs rollback and release do; each returns what is to be printed.

Nothing here reads evidence, and nothing heavy is imported: in an emergency the seconds before the push count.
"""

from dataclasses import dataclass
from datetime import datetime

from leanrag.catalog.model import ReleaseFacts
from leanrag.core.clock import stamp
from leanrag.promote.desk import MAIN, Desk
from leanrag.promote.person import Landed, Seen, look, target, to_revert, who, write
from leanrag.promote.pins import released, rolled_back


@dataclass(frozen=True, slots=True)
class Told:
    """Lines for the user, the exit code, and what a rollback took away ("" for nothing)."""

    lines: tuple[str, ...]
    code: int = 0
    replaced: str = ""


def rollback(desk: Desk, cluster: str, to: str | None, reason: str, now: datetime) -> Told:
    """Put a cluster back to its last good pin, or to one of its history, and what was there on hold."""
    seen = look(desk.git, cluster)
    if seen.release.revision == "main":
        return _revert(seen)
    by = who(desk.git)[0]

    def change(seen: Seen) -> tuple[ReleaseFacts, str]:
        goal = target(seen, to)
        message = f"rollback({cluster}): {goal[:12]}\n\n{(seen.release.revision or '')[:12]} is on hold: {reason}"
        return rolled_back(seen.release, goal, reason, stamp(now), by), message

    landed = write(desk, cluster, change)
    lines = (
        where_to(landed, f"{cluster}: back at {short(landed.revision)}"),
        f"{short(landed.before)} is on hold until: leanrag release {cluster}",
    )
    return Told(lines, replaced=landed.before or "")


def _revert(seen: Seen) -> Told:
    commits = to_revert(seen)
    lines = (f"{seen.cluster} tracks main, so there is no pin to move. These changed what it renders, newest first:",)
    newest = commits[0].split()[0] if commits else "COMMIT"
    return Told((*lines, *(f"  {each}" for each in commits), f"revert what is bad: git revert {newest} && git push"), 1)


def release(desk: Desk, cluster: str, reason: str, now: datetime) -> Told:
    """Take off a cluster's hold."""
    by = who(desk.git)[0]
    if look(desk.git, cluster).release.hold is None:
        return Told((f"{cluster}: nothing is on hold",))

    def change(seen: Seen) -> tuple[ReleaseFacts, str]:
        message = f"release({cluster}): take off the hold" + (f"\n\n{reason}" if reason else "")
        return released(seen.release, reason, stamp(now), by), message

    return Told((where_to(write(desk, cluster, change), f"{cluster}: the hold is off"),))


def where_to(landed: Landed, done: str) -> str:
    """Say what was done, and whether somebody has to merge it first."""
    if landed.branch == MAIN:
        return f"{done}; pushed to {MAIN}"
    return f"{done} when {landed.branch} is merged: {MAIN} refused the push ({landed.said})"


def short(revision: str | None) -> str:
    """Return the first digits of a commit."""
    return revision[:12] if revision else "nothing"
