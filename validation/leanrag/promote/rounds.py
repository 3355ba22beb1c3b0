"""One round of the promoter: read Git and verdicts, decide, write what was decided; again from scratch when refused."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from leanrag.catalog.commits import Commits
from leanrag.catalog.model import ReleaseFacts
from leanrag.core.clock import stamp
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.git import REMOTE, Branch, Git, Refused
from leanrag.promote.decide import decide
from leanrag.promote.desk import MAIN, Desk, Edit
from leanrag.promote.facts import Facts, branch_name, read_branches, read_facts
from leanrag.promote.forge import Forge
from leanrag.promote.lead import Pinned, pinned
from leanrag.promote.moves import Decision, Delivery, Hold, Move, Wait, Why
from leanrag.promote.pins import as_text, failed, path_of, promoted
from leanrag.promote.verdicts import Verdicts

BY = "leanrag promote"
ATTEMPTS = 5
_PROPOSALS_STAY = (Why.UNKNOWN, Why.PROBLEM)


@dataclass(frozen=True, slots=True)
class Report:
    """What a round did: the commit of main that it saw, what was decided, what it wrote and what was refused."""

    main: str
    decisions: tuple[Decision, ...] = ()
    written: tuple[str, ...] = ()
    proposed: tuple[Move, ...] = ()
    refused: tuple[str, ...] = ()
    pinned: tuple[Pinned, ...] = ()


@dataclass(slots=True)
class Promoter:
    """Everything that a round needs; `verdicts` is asked anew at each attempt, `confirm` before anything is written.

    `confirm` takes the clusters whose verdicts a decision rests on and returns their verdicts as they are now.
    """

    git: Git
    desk: Desk
    verdicts: Callable[[Facts], Verdicts]
    confirm: Callable[[Facts, frozenset[str]], Verdicts]
    now: Callable[[], datetime]
    forge: Forge | None = None
    _opened: set[str] = field(default_factory=set)
    _facts: Facts | None = None
    _pinned: tuple[Pinned, ...] = ()
    commits: Commits = field(init=False)

    def __post_init__(self) -> None:
        self.commits = Commits(self.git)

    def facts(self) -> Facts:
        """Fetch, and return what main says now."""
        self.git.fetch()
        main = self.git.resolve(f"{REMOTE}/{MAIN}")
        if main is None:
            raise InputError(f"the repository has no branch {MAIN}", hint="push it, or name another repository")
        if self._facts and self._facts.main == main:
            # Everything but the branches follows from the commit, and a long history takes seconds to read.
            self._facts = replace(self._facts, branches=read_branches(self.git))
        else:
            self._facts = read_facts(self.git, self.commits, main)
            self._pinned = tuple(pinned(self._facts))
        return self._facts

    def round(self) -> Report:
        """Do what has to be done now; when a push is refused because main moved, start over from what it says then."""
        refused: list[str] = []
        for _ in range(ATTEMPTS):
            facts = self.facts()
            decisions = self._decide(facts)
            edits = tuple(_pushed(facts, decisions, self.now()))
            answer = self.desk.push(facts.main, edits) if edits else None
            if isinstance(answer, Refused):
                refused.append(answer.reason)
                if self.git_moved(facts.main):
                    continue
                break
            proposed, told = self._propose(facts, decisions)
            written = tuple(edit.message.splitlines()[0] for edit in edits)
            return Report(facts.main, decisions, written, proposed, (*refused, *told), self._pinned)
        return Report(facts.main, decisions, refused=tuple(refused), pinned=self._pinned)

    def git_moved(self, main: str) -> bool:
        """Return whether main is somewhere else by now."""
        self.git.fetch()
        return self.git.resolve(f"{REMOTE}/{MAIN}") != main

    def _decide(self, facts: Facts) -> tuple[Decision, ...]:
        now = self.now()
        decisions = decide(facts, self.verdicts(facts), now)
        rests_on = frozenset(_rests_on(decisions))
        return decide(facts, self.confirm(facts, rests_on), now) if rests_on else decisions

    def _propose(self, facts: Facts, decisions: Sequence[Decision]) -> tuple[tuple[Move, ...], tuple[str, ...]]:
        proposed, refused = [], []
        for name, edit, move in _branches(facts, decisions, self.now()):
            answer = self.desk.propose(facts.main, edit, name, facts.branches.get(name))
            if isinstance(answer, Refused):
                refused.append(f"{name}: {answer.reason}")
            elif move:
                proposed.append(move)
        for branch in superseded(facts, decisions):
            self.desk.withdraw(branch)
            self._opened.discard(branch.name)
        asked = [(move.cluster, move.revision) for move in proposed] + _waiting_for_people(decisions)
        return tuple(proposed), (*refused, *self._open(asked))

    def _open(self, branches: Iterable[tuple[str, str]]) -> Iterable[str]:
        """Ask the forge for pull requests, once a branch and process; it refuses a second one for the same branch."""
        for cluster, sha in branches:
            name = branch_name(cluster, sha)
            if self.forge is None or name in self._opened:
                continue
            try:
                self.forge.open(name, MAIN, f"promote({cluster}): {sha[:12]}")
                self._opened.add(name)
            except LeanragError as error:
                yield f"{name}: {error.message}"


def _waiting_for_people(decisions: Iterable[Decision]) -> list[tuple[str, str]]:
    waits = (each for each in decisions if isinstance(each, Wait) and each.why is Why.PERSON)
    return [(wait.cluster, wait.revision) for wait in waits]


def _rests_on(decisions: Iterable[Decision]) -> Iterable[str]:
    for each in decisions:
        if isinstance(each, Move):
            yield each.source
            yield each.cluster
        elif isinstance(each, Hold):
            yield each.cluster


def _pushed(facts: Facts, decisions: Iterable[Decision], now: datetime) -> Iterable[Edit]:
    """Yield the commits that go to main directly."""
    for each in decisions:
        release = _release(facts, each.cluster)
        if isinstance(each, Move) and each.delivery is Delivery.PUSH:
            yield _promotion(facts, each, release, now)
        elif isinstance(each, Hold) and release.delivery == "push":
            yield _failure(facts, each, release, now)


def _branches(facts: Facts, decisions: Iterable[Decision], now: datetime) -> Iterable[tuple[str, Edit, Move | None]]:
    """Yield the commits that a person has to merge."""
    for each in decisions:
        release = _release(facts, each.cluster)
        if isinstance(each, Move) and each.delivery is Delivery.PULL_REQUEST:
            yield branch_name(each.cluster, each.revision), _promotion(facts, each, release, now), each
        elif isinstance(each, Hold) and each.back_to and release.delivery != "push":
            name = branch_name(each.cluster, each.back_to)
            if facts.proposed(each.cluster, each.back_to) is None:
                yield name, _failure(facts, each, release, now), None


def superseded(facts: Facts, decisions: Iterable[Decision]) -> tuple[Branch, ...]:
    """Return the branches that propose what is no longer to be proposed; one with commits of a person stays."""
    kept: set[str] = set()
    judged: set[str] = set()
    for each in decisions:
        judged.add(each.cluster)
        if isinstance(each, Wait) and each.why in _PROPOSALS_STAY:
            kept |= {name for name in facts.branches if name.startswith(branch_name(each.cluster, ""))}
        elif isinstance(each, Move) or (isinstance(each, Wait) and each.why in (Why.PERSON, Why.FROZEN)):
            kept.add(branch_name(each.cluster, each.revision))
        elif isinstance(each, Hold) and each.back_to:
            kept.add(branch_name(each.cluster, each.back_to))
    return tuple(
        branch
        for name, branch in facts.branches.items()
        if name not in kept and name.split("/")[1] in judged and branch.base in facts.line
    )


def _promotion(facts: Facts, move: Move, release: ReleaseFacts, now: datetime) -> Edit:
    claims = move.record.claims
    verdict = f"verdict {claims.id}, " if claims else ""
    message = f"promote({move.cluster}): {move.revision[:12]} from {move.source}\n\n{verdict}{move.revision}"
    return _edit(facts, move.cluster, promoted(release, move, stamp(now), BY), message)


def _failure(facts: Facts, hold: Hold, release: ReleaseFacts, now: datetime) -> Edit:
    done = f"back to {hold.back_to[:12]}" if hold.back_to else "hold"
    message = f"promote({hold.cluster}): {done}, {hold.revision[:12]} failed\n\nverdict {hold.verdict}: {hold.reason}"
    return _edit(facts, hold.cluster, failed(release, hold, stamp(now), BY), message)


def _edit(facts: Facts, cluster: str, release: ReleaseFacts, message: str) -> Edit:
    path = path_of(cluster)
    entry = facts.commits.at(facts.main).entry(path)
    before = facts.commits.text(entry) if entry else None
    return Edit({path: as_text(cluster, release, before)}, message)


def _release(facts: Facts, cluster: str) -> ReleaseFacts:
    return facts.states[cluster].release or ReleaseFacts()
