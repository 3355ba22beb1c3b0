"""Which pins move? Pure: Git at one commit of main, the verdicts, a moment in; for every follower a move or a reason.

It looks at levels, not at events: asked again, it says the same until Git, a verdict or the time has changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from leanrag.catalog.commits import ReleaseState
from leanrag.catalog.model import ClusterFacts, ReleaseFacts
from leanrag.core.outcome import Outcome
from leanrag.evidence.effective import Effective
from leanrag.evidence.store import Record
from leanrag.promote.evidence import ACCEPTED, refusals, sought
from leanrag.promote.facts import Facts
from leanrag.promote.freeze import duration, frozen
from leanrag.promote.holds import held
from leanrag.promote.moves import Decision, Delivery, Hold, Move, Wait, Why
from leanrag.promote.verdicts import Verdicts


@dataclass(frozen=True, slots=True)
class Asked:
    """All that a decision looks at; what was asked about one commit on one cluster is asked once for all followers."""

    facts: Facts
    verdicts: Verdicts
    now: datetime
    _answers: dict[tuple[str, str], Effective] = field(default_factory=dict)
    _refusals: dict[tuple[str, str, str | None], tuple[str, ...]] = field(default_factory=dict)

    def answer(self, cluster: ClusterFacts, sha: str) -> Effective:
        """Return which verdict counts for a commit on a cluster."""
        key = (cluster.name, sha)
        if key not in self._answers:
            self._answers[key] = self.verdicts.answer(
                cluster.name,
                sha,
                cluster.gate.publicKeys,
                self.facts.content(cluster.name, sha),
                now=self.now,
                max_age=duration(cluster.gate.carryOver.maxAge),
            )
        return self._answers[key]

    def refusals(self, cluster: ClusterFacts, sha: str, record: Record, requires: str | None) -> tuple[str, ...]:
        """Return why a PASS is not accepted; `requires` is what the follower asks for."""
        key = (cluster.name, sha, requires)
        if key not in self._refusals:
            content = self.facts.content(cluster.name, sha)
            self._refusals[key] = (
                ("what it renders from cannot be read",)
                if content is None
                else refusals(record, sought(cluster, sha, content, requires, self.now))
            )
        return self._refusals[key]


@dataclass(frozen=True, slots=True)
class Case:
    """One follower, and the cluster that it follows."""

    asked: Asked
    name: str
    cluster: ClusterFacts
    release: ReleaseFacts
    leader: ClusterFacts


def decide(facts: Facts, verdicts: Verdicts, now: datetime) -> tuple[Decision, ...]:
    """Return what happens to every cluster that follows another or is pinned to a commit; `now` is aware."""
    asked, found = Asked(facts, verdicts, now), []
    for state in facts.states.values():
        decision = _follower(asked, state)
        failed = None if isinstance(decision, Move) else _failed(asked, state)
        found += [each for each in (failed, decision) if each]
    return tuple(found)


def _follower(asked: Asked, state: ReleaseState) -> Decision | None:
    if state.problem:
        return Wait(state.name, Why.PROBLEM, state.problem)
    if state.release is None or state.facts is None or state.release.follows is None:
        return None
    if problem := _cannot_follow(asked.facts, state.name, state.release):
        return Wait(state.name, Why.PROBLEM, problem)
    before = asked.facts.states[state.release.follows]
    if before.facts is None:
        return Wait(state.name, Why.PROBLEM, f"it follows {before.name}, and there: {before.problem}")
    return _choose(Case(asked, state.name, state.facts, state.release, before.facts))


def _cannot_follow(facts: Facts, name: str, release: ReleaseFacts) -> str:
    follows = release.follows or ""
    if follows not in facts.states:
        return f"it follows {follows!r}, and there is no such cluster"
    if follows == name or name in facts.leaders(follows):
        return "it follows itself through " + " and ".join((follows, *facts.leaders(follows)))
    if release.revision == "main":
        return f"it follows {follows} but tracks main; take out one of the two"
    if release.revision and release.revision not in facts.line:
        return f"main does not descend from its pin {release.revision[:12]}; was history rewritten?"
    return ""


def _choose(case: Case) -> Decision:
    leader = case.leader.name
    candidates = _candidates(case)
    waits: list[Wait] = []
    for sha in candidates:
        answer = case.asked.answer(case.leader, sha)
        if answer.outcome is not Outcome.PASS or answer.record is None or answer.record.claims is None:
            waits.append(_no_pass(case, sha, answer))
            continue
        if not _changes_something(case, sha):
            waits.append(Wait(case.name, Why.SETTLED, f"{sha[:12]} passed on {leader} and changes nothing here", sha))
            break
        if refused := _refused(case, sha, answer):
            waits.append(refused)
            continue
        return _move(case, sha, answer)
    return _first(case, waits, bool(candidates))


def _candidates(case: Case) -> tuple[str, ...]:
    """Return the commits of main after the pin that the cluster before has verdicts about, the newest first."""
    line, pin = case.asked.facts.line, case.release.revision
    named = (line.whole(sha12) for sha12 in case.asked.verdicts.commits(case.leader.name))
    after = [sha for sha in named if sha and sha != pin and (pin is None or line.contains(sha, pin))]
    return tuple(sorted(after, key=line.place))


def _changes_something(case: Case, sha: str) -> bool:
    """A change for a follower further down must pass through here, though it changes nothing here."""
    pin = case.release.revision
    if pin is None:
        return True
    touched = (case.name, *case.asked.facts.followers.get(case.name, ()))
    return any(case.asked.facts.content(each, sha) != case.asked.facts.content(each, pin) for each in touched)


def _refused(case: Case, sha: str, answer: Effective) -> Wait | None:
    """Return why a PASS does not move this pin."""
    record = answer.record
    assert record is not None and record.claims is not None
    requires = case.cluster.gate.requires
    if case.asked.facts.content(case.name, sha) is None:
        without = f"{sha[:12]} has no readable clusters/{case.name}/cluster.yaml: nothing of it could be deployed"
        return Wait(case.name, Why.VERDICT, without, sha)
    if wrong := case.asked.refusals(case.leader, sha, record, requires):
        why = Why.VERDICT if record.claims.mode in ACCEPTED[requires] else Why.REQUIRES
        return Wait(case.name, why, f"{sha[:12]} on {case.leader.name}: {wrong[0]}", sha)
    if on_hold := held(case.asked.facts, case.name, sha) or _failed_here(case, sha):
        return Wait(case.name, Why.HOLD, on_hold, sha)
    if case.cluster.protected and (unlocked := case.asked.facts.unlocked(case.name, sha)):
        return Wait(case.name, Why.IMAGES, f"{sha[:12]}: {unlocked}", sha)
    return None


def _failed_here(case: Case, sha: str) -> str:
    """What fails here now must not come back as another commit of the same content."""
    pin, facts = case.release.revision, case.asked.facts
    if pin is None or facts.content(case.name, sha) != facts.content(case.name, pin):
        return ""
    answer = case.asked.answer(case.cluster, pin)
    return f"{sha[:12]} renders what fails here: {answer.reason}" if answer.outcome is Outcome.FAIL else ""


def _move(case: Case, sha: str, answer: Effective) -> Decision:
    assert answer.record is not None
    if closed := frozen(case.cluster.freeze, case.asked.now):
        return Wait(case.name, Why.FROZEN, f"{sha[:12]} passed on {case.leader.name}; {closed.sentence()}", sha)
    by_person = case.release.approval == "manual" or case.release.delivery == "pull-request"
    delivery = Delivery.PULL_REQUEST if by_person else Delivery.PUSH
    if by_person and (branch := case.asked.facts.proposed(case.name, sha)):
        return Wait(case.name, Why.PERSON, f"a person has to merge the branch {branch.name}", sha)
    return Move(case.name, sha, case.leader.name, answer.record, delivery)


def _no_pass(case: Case, sha: str, answer: Effective) -> Wait:
    return Wait(case.name, Why.VERDICT, f"{sha[:12]} on {case.leader.name} is {answer.outcome}: {answer.reason}", sha)


def _first(case: Case, waits: Iterable[Wait], any_candidate: bool) -> Wait:
    """Return the reason that a person should hear: that of the newest commit."""
    leader = case.leader.name
    if problem := case.asked.verdicts.problems.get(leader):
        return Wait(case.name, Why.UNKNOWN, f"the verdicts of {leader} cannot be read: {problem}")
    if told := next(iter(waits), None):
        return told
    pin = case.release.revision
    if pin and case.asked.facts.line.place(pin) == 0:
        return Wait(case.name, Why.SETTLED, f"it is at main ({pin[:12]})", pin)
    since = f" after its pin {pin[:12]}" if pin else ""
    return Wait(case.name, Why.VERDICT, f"{leader} has no verdict about a commit{since}")


def _failed(asked: Asked, state: ReleaseState) -> Hold | None:
    """Return what follows from a FAIL of the commit that is pinned here, unless it is on hold already."""
    cluster, release = state.facts, state.release
    if cluster is None or release is None or state.problem or release.revision in (None, "main"):
        return None
    pin = release.revision or ""
    if release.hold and pin in release.hold.revisions:
        return None
    answer = asked.answer(cluster, pin)
    if answer.outcome is not Outcome.FAIL or answer.record is None or answer.record.claims is None:
        return None
    back = next(_good_before(asked.facts, state.name, release), "") if release.onFail == "rollback" else ""
    return Hold(state.name, pin, back, answer.record.claims.id, answer.reason)


def _good_before(facts: Facts, name: str, release: ReleaseFacts) -> Iterator[str]:
    """Yield the pins before this one that are not on hold and are not the same thing again, the last one first."""
    pin = release.revision or ""
    content = facts.content(name, pin)
    for entry in release.history:
        same = entry.revision == pin or (content is not None and facts.content(name, entry.revision) == content)
        on_hold = release.hold is not None and entry.revision in release.hold.revisions
        if entry.kind != "release" and entry.revision in facts.line and not same and not on_hold:
            yield entry.revision
