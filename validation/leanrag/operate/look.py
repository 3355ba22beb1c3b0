"""Look at everything once: Git, Argo CD, verdicts. What cannot be seen is said about its cluster; the others go on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from leanrag.catalog.commits import Commits, ReleaseState
from leanrag.core.clock import stamp
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.git import REMOTE, Git
from leanrag.operate.ahead import ahead, listed
from leanrag.operate.application import Application
from leanrag.operate.hub import Hub
from leanrag.operate.reasons import unanswered, with_decisions
from leanrag.operate.standing import Live, Pin, Standing, live_standing
from leanrag.operate.verdicts import evidence_line, verdict_line
from leanrag.promote.decide import decide
from leanrag.promote.facts import Facts, read_facts
from leanrag.promote.freeze import frozen
from leanrag.promote.moves import Decision
from leanrag.promote.verdicts import Verdicts

IN_CLUSTER = "https://kubernetes.default.svc"
MAIN = "main"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the clusters answered: `applications` is None when no hub was asked; `problems` by cluster."""

    applications: tuple[Application, ...] | None = None
    verdicts: Verdicts | None = None
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """The answer of `leanrag status`: main, and where every cluster stands. `asked`: whether clusters were asked."""

    main: str
    subject: str
    ref: str
    asked: bool
    rows: tuple[Standing, ...]


def main_of(git: Git, ref: str | None) -> tuple[str, str]:
    """Return the commit that counts as main, and the name it was found by: the remote's before one's own."""
    names = (ref,) if ref else (f"{REMOTE}/{MAIN}", MAIN)
    for name in names:
        if found := git.resolve(name):
            return found, name
    raise InputError(f"{git.path}: no commit {' or '.join(names)}", hint="fetch it, or name another with --main")


def see(facts: Facts, hub: Hub, spokes: Mapping[str, Hub]) -> Seen:
    """Ask Argo CD for its Applications and every cluster for its verdicts, a spoke through its own kubeconfig."""
    applications = hub.applications()
    bodies: dict[str, tuple[Mapping[str, Any], ...]] = {}
    problems: dict[str, str] = {}
    for name, state in facts.states.items():
        try:
            bodies[name] = _verdicts(state, hub, spokes.get(name))
        except LeanragError as error:
            problems[name] = f"its verdicts cannot be read: {error.message}"
    return Seen(applications, Verdicts(bodies, problems), problems)


def _verdicts(state: ReleaseState, hub: Hub, spoke: Hub | None) -> tuple[Mapping[str, Any], ...]:
    if state.facts is None:
        return ()
    server = state.release.server if state.release else IN_CLUSTER
    if spoke is None and server != IN_CLUSTER:
        raise InputError(f"it is at {server}", hint=f"give its kubeconfig: --spoke {state.name}=FILE")
    # All ConfigMaps of the gate's namespace, by name: a label can be taken off to hide a FAIL.
    return (spoke or hub).configmaps(f"{state.facts.namespacePrefix}-gate", "")


def status(git: Git, main: str, ref: str, seen: Seen, now: datetime, only: str | None = None) -> Status:
    """Return where every cluster stands, or one of them."""
    commits = Commits(git)
    facts = read_facts(git, commits, main)
    return stand(facts, ref, seen, now, only)


def stand(facts: Facts, ref: str, seen: Seen, now: datetime, only: str | None = None) -> Status:
    """Return where every cluster of the facts stands; clusters whose folder is gone but which still run come last."""
    gone = {app.cluster for app in seen.applications or ()} - set(facts.states)
    decisions = decide(facts, seen.verdicts or Verdicts({}), now)
    rows = [_row(facts, name, seen, decisions, now) for name in facts.states if only in (None, name)]
    rows += [_gone(name, seen) for name in sorted(gone) if only in (None, name)]
    if only and not rows:
        raise InputError(f"no cluster {only!r}", hint="clusters are: " + ", ".join(facts.states))
    (tip,) = facts.commits.git.log(facts.main, limit=1)
    return Status(facts.main, tip.subject, ref, seen.applications is not None, tuple(rows))


def _row(facts: Facts, name: str, seen: Seen, decisions: Iterable[Decision], now: datetime) -> Standing:
    state = facts.states[name]
    row = Standing(name, problems=(state.problem,) if state.problem else ())
    if state.facts:
        open_ = frozen(state.facts.freeze, now)
        row = replace(
            row,
            environment=state.facts.environment,
            protected=state.facts.protected,
            freeze=(open_.sentence(),) if open_ else (),
        )
    if state.release:
        row = replace(row, follows=state.release.follows, approval=state.release.approval, holds=_holds(state))
        row = _pinned(facts, state, row)
    row = with_decisions(facts, row, (each for each in decisions if each.cluster == name), seen.verdicts is not None)
    if problem := seen.problems.get(name):
        row = replace(row, unknown=(*row.unknown, problem))
    return _asked(facts, row, seen, now)


def _pinned(facts: Facts, state: ReleaseState, row: Standing) -> Standing:
    release = state.release
    assert release is not None
    if release.revision is None:
        return row
    sha = facts.main if release.revision == MAIN else release.revision
    entry = next((each for each in release.history if each.revision == release.revision), None)
    pin = Pin(release.revision, sha)
    if entry:
        pin = replace(pin, at=entry.at, kind=entry.kind, by=entry.by, source=entry.source, reason=entry.reason)
        pin = replace(pin, evidence=evidence_line(facts, entry))
    if sha not in facts.line:
        problem = f"its pin {sha[:12]} is no commit of main"
        return replace(row, pin=pin, problems=(*row.problems, problem))
    (commit,) = facts.commits.git.log(sha, limit=1)
    pin = replace(pin, subject=commit.subject, at=pin.at or stamp(datetime.fromtimestamp(commit.at, UTC)))
    return replace(row, pin=pin, ahead=ahead(facts.commits, state.name, sha, facts.main))


def _holds(state: ReleaseState) -> tuple[str, ...]:
    hold = state.release.hold if state.release else None
    if hold is None or not hold.revisions:
        return ()
    revisions = ", ".join(each[:12] for each in hold.revisions)
    return (f"{revisions} on hold since {hold.since} by {hold.by}: {hold.reason} (leanrag release {state.name})",)


def _asked(facts: Facts, row: Standing, seen: Seen, now: datetime) -> Standing:
    if seen.applications is None:
        return row
    apps = tuple(app for app in seen.applications if app.cluster == row.cluster)
    names, problem = _listed(facts, row)
    live = live_standing(apps, row.cluster, row.pin.sha, names, row.protected, now)
    if row.pin.revision is None:
        # Nothing is pinned, so nothing is missing.
        live = Live(live.applications, live.settled, failed=live.failed, long=live.long)
    verdict = verdict_line(facts, seen.verdicts, row.cluster, row.pin.sha, now) if seen.verdicts else None
    # At main, the file that cannot be read is named already.
    problems = (*row.problems, problem) if problem and not row.problems else row.problems
    row = replace(row, live=live, verdict=verdict, problems=problems)
    silent = unanswered(row) if row.cluster not in seen.problems else ""
    return replace(row, unknown=(*row.unknown, silent)) if silent else row


def _listed(facts: Facts, row: Standing) -> tuple[frozenset[str] | None, str]:
    if row.pin.sha is None or row.pin.sha not in facts.line:
        return None, ""
    try:
        return listed(facts.commits.at(row.pin.sha), row.cluster), ""
    except InputError as error:
        return None, f"it cannot be read at its pin: {error.message}"


def _gone(name: str, seen: Seen) -> Standing:
    apps = [app.name for app in seen.applications or () if app.cluster == name]
    sentence = f"clusters/{name} is no longer in Git, but {len(apps)} Applications are still there: {', '.join(apps)}"
    return Standing(name, problems=(sentence,), live=Live(len(apps), 0))


def spokes(pairs: Iterable[str]) -> dict[str, Hub]:
    """Read `cluster=kubeconfig` pairs."""
    found = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not (name and equals and path):
            raise InputError(f"--spoke {pair}: not CLUSTER=FILE", hint="such as --spoke berlin=berlin.kubeconfig")
        found[name] = Hub(Path(path))
    return found
