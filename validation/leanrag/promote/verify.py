"""Is every change of a release.yaml between two commits proven? What CI asks about a pull request, by Git alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from leanrag.catalog.commits import CLUSTER, RELEASE, ReleaseState, Snapshot, state_at
from leanrag.catalog.model import ClusterFacts, HistoryEntry, ReleaseFacts
from leanrag.promote.facts import Facts
from leanrag.promote.freeze import frozen
from leanrag.promote.holds import held
from leanrag.promote.pins import KEPT, path_of, remembered
from leanrag.promote.proof import Place, origin_of, override_problems, promotion_problems

_POLICY = ("server", "follows", "approval", "onFail", "delivery")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a change, or, with `policy`, what a person has to look at because no evidence can prove it."""

    cluster: str
    text: str
    policy: bool = False


def verify_change(facts: Facts, after: Snapshot, fork: Snapshot, now: datetime) -> tuple[Finding, ...]:
    """Return what is wrong with the releases of a branch.

    `facts` are main's: its keys, policies and holds judge. `after` is the branch, `fork` the commit where it left main.
    """
    found: list[Finding] = []
    main = facts.commits.at(facts.main)
    for name in sorted({*main.names, *after.names, *fork.names}):
        if changed(fork, after, name, RELEASE):
            found += [Finding(name, text) for text in _one(facts, after, fork, name, now)]
        found += _policies(facts, after, fork, name)
    return tuple(found)


def changed(before: Snapshot, after: Snapshot, cluster: str, file: str) -> bool:
    """Return whether a cluster's file differs between two commits."""
    return before.entry(f"clusters/{cluster}/{file}") != after.entry(f"clusters/{cluster}/{file}")


def _one(facts: Facts, after: Snapshot, fork: Snapshot, name: str, now: datetime) -> Iterator[str]:
    main = facts.commits.at(facts.main)
    if changed(fork, main, name, RELEASE) and changed(main, after, name, RELEASE):
        yield "main has changed this file since the branch began; rebase it"
        return
    entry = after.entry(path_of(name))
    before = facts.states.get(name)
    old = (before.release if before else None) or ReleaseFacts()
    if entry is None:
        if old.revision:
            yield f"the file that pins {old.revision[:12]} is removed"
        return
    if entry.mode not in ("100644", "100755"):
        yield "it is no plain file"
        return
    state = state_at(after, name)
    if state.release is None:
        yield state.problem
        return
    yield from _steps(facts, _place(facts, name, old, state), old, state.release, now)


def _place(facts: Facts, name: str, old: ReleaseFacts, state: ReleaseState) -> Place:
    """Judge by main's policies; those of the branch count only for a cluster that main does not know."""
    known = facts.states.get(name)
    cluster = (known.facts if known else None) or state.facts
    new = state.release.follows if state.release and not (known and known.release) else None
    follows = old.follows or new
    leader = facts.states.get(follows or "")
    return Place(facts, name, cluster, follows, leader.facts if leader else None)


def _steps(facts: Facts, place: Place, old: ReleaseFacts, new: ReleaseFacts, now: datetime) -> Iterator[str]:
    added = _added(old.history, new.history)
    if added is None:
        yield "its history was rewritten: entries may only be put in front"
        return
    current = old
    for entry in reversed(added):
        for problem in _step(place, current, entry, now):
            yield f"{entry.kind} of {entry.revision[:12]}: {problem}"
        revision = current.revision if entry.kind == "release" else entry.revision
        current = _after(current, revision, entry)
    if new.revision != current.revision:
        yield from _by_hand(place, current.revision, new.revision)
    yield from _hold(old, new, added)


def _after(release: ReleaseFacts, revision: str | None, entry: HistoryEntry) -> ReleaseFacts:
    return release.model_copy(update={"revision": revision, "history": remembered(entry, release.history)})


def _added(old: Sequence[HistoryEntry], new: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...] | None:
    """Return the entries in front of the old history, newest first; None when they are not what leanrag would write."""
    for count in range(min(len(new), KEPT) + 1):
        history = tuple(old)
        for entry in reversed(new[:count]):
            history = remembered(entry, history)
        if history == tuple(new):
            return tuple(new[:count])
    return None


def _step(place: Place, release: ReleaseFacts, entry: HistoryEntry, now: datetime) -> Iterator[str]:
    if entry.kind == "release":
        if entry.revision != (release.revision or "main"):
            yield f"it moves the pin from {_short(release.revision)}"
        return
    if entry.revision not in place.facts.line:
        yield "no such commit on main"
        return
    if entry.kind == "rollback":
        yield from _rollback(release, entry)
    elif entry.kind == "override":
        yield from override_problems(place, entry, now)
        if any(entry.evidence == each.evidence for each in release.history):
            yield "its override was used before"
    else:
        yield from _promotion(place, release, entry, now)


def _promotion(place: Place, release: ReleaseFacts, entry: HistoryEntry, now: datetime) -> Iterator[str]:
    pin = release.revision
    if pin and not place.facts.line.contains(entry.revision, pin):
        yield f"it does not descend from the pin {_short(pin)}"
    if on_hold := held(place.facts, place.name, entry.revision):
        yield on_hold
    if place.cluster and (closed := frozen(place.cluster.freeze, now)):
        yield closed.sentence()
    yield from promotion_problems(place, entry, now)


def _rollback(release: ReleaseFacts, entry: HistoryEntry) -> Iterator[str]:
    origin = origin_of(entry, release.history)
    if origin is None:
        yield "this commit never ran here, so this is no rollback"
    elif (origin.source, origin.verdict, origin.evidence) != (entry.source, entry.verdict, entry.evidence):
        yield "it carries other evidence than the pin that it goes back to"
    if entry.replaced != (release.revision or ""):
        yield f"it says it replaced {_short(entry.replaced)}, and {_short(release.revision)} was pinned"


def _by_hand(place: Place, old: str | None, new: str | None) -> Iterator[str]:
    """A cluster that follows nobody is moved by people; protected, it takes a signed override."""
    if place.follows or (place.cluster and place.cluster.protected):
        yield f"the pin goes from {_short(old)} to {_short(new)}, and no entry of the history says why"
    elif new not in (None, "main") and new not in place.facts.line:
        yield f"no commit {_short(new)} on main"


def _hold(old: ReleaseFacts, new: ReleaseFacts, added: Sequence[HistoryEntry]) -> Iterator[str]:
    """A hold only grows, until an entry of kind `release` says who took it off."""
    kept: set[str] = set(old.hold.revisions if old.hold else ())
    for entry in reversed(added):
        if entry.kind == "release":
            kept = set()
        elif entry.kind == "rollback" and entry.replaced:
            kept.add(entry.replaced)
    for sha in sorted(kept - set(new.hold.revisions if new.hold else ())):
        yield f"the hold of {sha[:12]} is gone, and no entry of kind release says who took it off"


def _policies(facts: Facts, after: Snapshot, fork: Snapshot, name: str) -> Iterator[Finding]:
    """Yield what decides about later promotions and cannot be proven: CODEOWNERS asks its owners."""
    new = state_at(after, name)
    old = facts.states.get(name)
    if changed(fork, after, name, RELEASE) and new.release:
        before = (old.release if old else None) or ReleaseFacts()
        for key in _POLICY:
            if getattr(before, key) != getattr(new.release, key):
                text = f"release.{key}: {getattr(before, key)} becomes {getattr(new.release, key)}"
                yield Finding(name, text, policy=True)
        if before.hold and not new.release.hold:
            yield Finding(
                name, f"the hold of {', '.join(map(_short, before.hold.revisions))} is taken off", policy=True
            )
        if not new.release.follows and before.revision != new.release.revision:
            text = f"release.revision: {_short(before.revision)} becomes {_short(new.release.revision)}, by hand"
            yield Finding(name, text, policy=True)
    if changed(fork, after, name, CLUSTER) and new.facts and old and old.facts:
        for key, value in _rules(new.facts).items():
            if value != _rules(old.facts)[key]:
                yield Finding(name, f"cluster.{key} changes", policy=True)


def _rules(cluster: ClusterFacts) -> dict[str, object]:
    return {
        "protected": cluster.protected,
        "gate.mode": cluster.gate.mode,
        "gate.requires": cluster.gate.requires,
        "gate.publicKeys": cluster.gate.publicKeys,
        "gate.carryOver": cluster.gate.carryOver,
        "promotion.overrideKeys": cluster.promotion.overrideKeys,
        "freeze": cluster.freeze,
    }


def _short(revision: str | None) -> str:
    return revision[:12] if revision else "nothing"
