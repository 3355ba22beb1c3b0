"""Every way in which leanrag changes a release.yaml. Pure: a release in, a release out."""

from leanrag.catalog.model import HistoryEntry, ReleaseFacts
from leanrag.catalog.model import Hold as HoldFacts
from leanrag.core import yamlio
from leanrag.promote.moves import Hold, Move

KEPT = 10
_ALWAYS = ("revision", "server")
_ORIGINS = ("first", "promote", "override")


def path_of(cluster: str) -> str:
    """Return the file that pins a cluster, from the top of the repository."""
    return f"clusters/{cluster}/release.yaml"


def as_text(cluster: str, release: ReleaseFacts, before: str | None = None) -> str:
    """Return a release.yaml; the comment at the head of the file that it replaces is kept."""
    head = _head(before) or f"# What runs on {cluster}. leanrag writes this file; its history proves every change.\n"
    told = release.model_dump(by_alias=True, exclude_defaults=True)
    told["history"] = [entry.model_dump(by_alias=True, exclude_defaults=True) for entry in release.history]
    first = {key: getattr(release, key) for key in _ALWAYS if getattr(release, key)}
    return head + yamlio.dump({"release": {**first, **{key: _plain(value) for key, value in told.items() if value}}})


def promoted(release: ReleaseFacts, move: Move, at: str, by: str) -> ReleaseFacts:
    """Return the release after a move; `at` is RFC 3339 in UTC."""
    claims = move.record.claims
    entry = _entry(
        revision=move.revision,
        at=at,
        kind="promote" if release.revision else "first",
        source=move.source,
        verdict=claims.id if claims else "",
        evidence=move.record.token,
        by=by,
    )
    return _changed(release, revision=move.revision, history=remembered(entry, release.history))


def failed(release: ReleaseFacts, hold: Hold, at: str, by: str) -> ReleaseFacts:
    """Return the release after a FAIL of what runs: on hold, and back to an older pin if the cluster says so."""
    if hold.back_to:
        return rolled_back(release, hold.back_to, hold.reason, at, by, cause=hold.verdict)
    return _changed(release, hold=_held(release, hold.revision, hold.reason, at, by))


def targets(release: ReleaseFacts) -> tuple[str, ...]:
    """Return the pins that a rollback may go to: those of the history that are not on hold, the last one first."""
    bad = {release.revision, *(release.hold.revisions if release.hold else ())}
    found = (entry.revision for entry in release.history if entry.kind != "release" and entry.revision not in bad)
    return tuple(dict.fromkeys(found))


def rolled_back(release: ReleaseFacts, to: str, reason: str, at: str, by: str, cause: str = "") -> ReleaseFacts:
    """Return the release back at a pin of its history, with what ran there on hold.

    The entry carries the evidence of the pin that it restores, so that it proves itself when the older one is gone.
    """
    origin = next(entry for entry in release.history if entry.revision == to and entry.kind != "release")
    bad = release.revision or ""
    entry = _entry(
        revision=to,
        at=at,
        kind="rollback",
        source=origin.source,
        verdict=origin.verdict,
        evidence=origin.evidence,
        by=by,
        reason=reason,
        replaced=bad,
        cause=cause,
    )
    history = remembered(entry, release.history)
    return _changed(release, revision=to, history=history, hold=_held(release, bad, reason, at, by))


def released(release: ReleaseFacts, reason: str, at: str, by: str) -> ReleaseFacts:
    """Return the release without its hold; the entry records who took it off."""
    entry = _entry(revision=release.revision or "main", at=at, kind="release", by=by, reason=reason)
    return _changed(release, history=remembered(entry, release.history), hold=None)


def overridden(release: ReleaseFacts, to: str, token: str, reason: str, at: str, by: str) -> ReleaseFacts:
    """Return the release at a commit that no verdict grants; `token` is the signed override."""
    entry = _entry(revision=to, at=at, kind="override", evidence=token, by=by, reason=reason)
    return _changed(release, revision=to, history=remembered(entry, release.history))


def _entry(source: str = "", **facts: str) -> HistoryEntry:
    return HistoryEntry.model_validate({"from": source, **facts})


def _held(release: ReleaseFacts, bad: str, reason: str, at: str, by: str) -> HoldFacts:
    before = release.hold.revisions if release.hold else ()
    return HoldFacts(revisions=tuple(dict.fromkeys((bad, *before))), reason=reason, by=by, since=at)


def remembered(entry: HistoryEntry, before: tuple[HistoryEntry, ...]) -> tuple[HistoryEntry, ...]:
    """Return the last ten of a history with one more entry; what a rollback goes back to keeps the entry it came by."""
    whole = (entry, *before)
    kept = whole[:KEPT]
    origins = [
        each for each in whole[1:] if each.revision == entry.revision and each.kind not in ("release", "rollback")
    ]
    if entry.kind == "rollback" and origins and origins[0] not in kept:
        kept = (*kept[:-1], origins[0])
    return kept


def _changed(release: ReleaseFacts, **changes: object) -> ReleaseFacts:
    return release.model_copy(update=changes)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


def _head(text: str | None) -> str:
    lines = (text or "").splitlines(keepends=True)
    count = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:count])
