"""What the verbs status, resync and prune do: look, decide, act, and one text with an exit code."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from leanrag.catalog.commits import Commits
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.operate.ahead import listed
from leanrag.operate.application import Application
from leanrag.operate.hub import Hub
from leanrag.operate.look import MAIN, Seen, main_of, see, stand
from leanrag.operate.prune import Removal, removal, remove, unlisted
from leanrag.operate.resync import FINE, Resync, resync
from leanrag.operate.standing import exit_code
from leanrag.operate.table import as_json, as_text
from leanrag.operate.terminate import Ended, end_operations
from leanrag.promote.facts import read_facts


def show_status(
    git: Git, ref: str | None, hub: Hub | None, spokes: Mapping[str, Hub], only: str | None, fmt: str, now: datetime
) -> tuple[int, str]:
    """Return exit code and text of `leanrag status`; without a hub only Git is read."""
    main, name = main_of(git, ref)
    facts = read_facts(git, Commits(git), main)
    seen = see(facts, hub, spokes) if hub else Seen()
    status = stand(facts, name, seen, now, only)
    code = exit_code(status.rows)
    return code, as_json(status, code) if fmt == "json" else as_text(status, now)


def start_again(hub: Hub, cluster: str, only: str | None, terminate: bool, by: str) -> tuple[int, str]:
    """Return exit code and text of `leanrag resync`."""
    ended = end_operations(hub, cluster, only=only) if terminate else Ended((), ())
    steps = resync(hub, cluster, only, f"leanrag: {by}")
    lines = [*(f"{name}: its operation was ended" for name in ended.ended), *(_told(step) for step in steps)]
    left = any(not step.starts and step.reason != FINE for step in steps)
    return int(left), "\n".join(lines) if lines else f"{cluster}: Argo CD has no Application of this cluster"


def _told(step: Resync) -> str:
    return f"{step.app}: {'started again' if step.starts else 'left alone'}: {step.reason}"


def remove_unlisted(git: Git, ref: str | None, hub: Hub, place: Hub, cluster: str, yes: bool) -> tuple[int, str]:
    """Return exit code and text of `leanrag prune`; `place` reaches the objects that the Applications hold."""
    found = _unlisted(git, ref, hub, cluster)
    if not found:
        return 0, f"{cluster}: Argo CD has nothing that Git at its pin does not list"
    plans = [(app, removal(app, place.find)) for app in found]
    lines = [line for _, plan in plans for line in _plan_lines(plan)]
    if not yes:
        return 1, "\n".join((*lines, f"nothing was touched; delete it with: leanrag prune {cluster} --yes"))
    done = [_removed(hub, app, plan) for app, plan in plans]
    return int(any(not gone for gone, _ in done)), "\n".join((*lines, *(text for _, text in done)))


def _unlisted(git: Git, ref: str | None, hub: Hub, cluster: str) -> tuple[Application, ...]:
    main, _ = main_of(git, ref)
    commits = Commits(git)
    facts = read_facts(git, commits, main)
    state = facts.states.get(cluster)
    if state is None:
        raise InputError(
            f"clusters/{cluster} is not in Git at {main[:12]}, so nothing says what it should run",
            hint="restore its folder and remove its overlay files first, then prune",
        )
    if state.problem:
        raise InputError(state.problem, hint="repair the file first: a guess could delete what is wanted")
    revision = state.release.revision if state.release else None
    if revision is None:
        raise InputError(f"{cluster} is pinned to nothing, so nothing says what it should run", hint="pin it first")
    names = listed(commits.at(main if revision == MAIN else revision), cluster)
    return unlisted(hub.applications(cluster), names)


def _plan_lines(plan: Removal) -> Iterable[str]:
    yield f"{plan.app}: not in Git at its pin"
    yield from (f"  goes: {each}" for each in plan.goes)
    yield from (f"  stays: {each}" for each in plan.stays)
    yield from (f"  refused: {each}" for each in plan.refused)


def _removed(hub: Hub, app: Application, plan: Removal) -> tuple[bool, str]:
    if plan.refused:
        return False, f"{app.name}: left alone, because of what is refused above"
    left = remove(hub, app)
    return not left, left[0] if left else f"{app.name}: deleted, with {len(plan.goes)} objects"
