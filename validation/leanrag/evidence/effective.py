"""Which of a commit's verdicts counts. Pure: every refusal is a text, and doubt is never a PASS."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leanrag.core.outcome import Outcome
from leanrag.evidence.claims import Claims
from leanrag.evidence.store import Record

# A gate and a promoter on different machines rarely agree to the second; more than this is a wrong clock or a forgery.
CLOCK_SKEW = timedelta(minutes=2)

Good = Sequence[tuple[Record, Claims]]
Bad = Sequence[tuple[Record, str]]


@dataclass(frozen=True, slots=True)
class Effective:
    """The answer for one commit on one cluster: only PASS grants.

    `record` is the verdict that counts, None when none does; `newest` is the latest attempt whatever it says, to be
    shown; `refused` names each record that was not believed, and why.
    """

    outcome: Outcome
    reason: str
    record: Record | None = None
    newest: Record | None = None
    refused: tuple[str, ...] = ()


def effective(
    records: Iterable[Record],
    cluster: str,
    sha: str,
    content_hash: str | None = None,
    *,
    now: datetime,
    max_age: timedelta,
) -> Effective:
    """Return what counts for a commit (40 hex) on a cluster among the records of its gate's namespace.

    The newest decisive attempt (PASS or FAIL) counts, so a nightly FAIL revokes a PASS; INCONCLUSIVE and NOT_RUN
    neither grant nor revoke. A newest decisive attempt that is refused, or a newer record that cannot be believed,
    makes the answer NOT_RUN; it never falls back to an older PASS. `content_hash` is what the cluster renders from at
    `sha`, None when the caller cannot know it; `now` is aware; the age counts from the measurement. A FAIL never ages.
    """
    mine = sorted((r for r in records if _concerns(r, sha)), key=lambda record: record.attempt)
    if not mine:
        return Effective(Outcome.NOT_RUN, f"no verdict about {sha[:12]} on {cluster}")
    good, refused = _sift(mine, cluster, sha)
    told = tuple(f"{record.name}: {why}" for record, why in refused)
    decisive = [(record, claims) for record, claims in good if claims.decisive]
    if not decisive:
        return _no_answer(mine[-1], good, told)
    top, claims = decisive[-1]
    doubts = (*_newer(refused, claims.attempt), *_clash(good, claims))
    if claims.outcome == "PASS":
        doubts = (*doubts, *objections(claims, cluster, sha, content_hash, now=now, max_age=max_age))
    elif claims.ended > now + CLOCK_SKEW:
        doubts = (*doubts, f"it ends in the future: {claims.end}")
    if doubts:
        return Effective(Outcome.NOT_RUN, f"{top.name}: {doubts[0]}", None, mine[-1], told)
    return Effective(Outcome(claims.outcome), _sentence(top), top, mine[-1], told)


def objections(
    claims: Claims,
    cluster: str,
    sha: str,
    content_hash: str | None = None,
    *,
    now: datetime,
    max_age: timedelta,
) -> tuple[str, ...]:
    """Return every reason why signed claims do not speak for this commit here and now, whatever their outcome."""
    return (*misplaced(claims, cluster, sha), *_other_content(claims, content_hash), *_wrong_time(claims, now, max_age))


def misplaced(claims: Claims, cluster: str, sha: str) -> tuple[str, ...]:
    """Return why claims are about something else than this commit on this cluster."""
    found = []
    if claims.scope != "cluster":
        found.append(f"scope {claims.scope}: measured on one machine, not on a cluster")
    if claims.cluster != cluster:
        found.append(f"it is about the cluster {claims.cluster}, not {cluster}")
    if claims.revision != sha:
        shown = 12 if claims.revision[:12] != sha[:12] else None
        found.append(f"it is about the commit {claims.revision[:shown]}, not {sha[:shown]}")
    return tuple(found)


def _other_content(claims: Claims, content_hash: str | None) -> Iterable[str]:
    if content_hash is not None and claims.content_hash != content_hash:
        yield "what it tested renders from other content than this commit"


def _wrong_time(claims: Claims, now: datetime, max_age: timedelta) -> Iterable[str]:
    if claims.ended > now + CLOCK_SKEW:
        yield f"it ends in the future: {claims.end}"
    elif now - claims.measured > max_age:
        yield f"too old: it measured {span(now - claims.measured)} ago, at most {span(max_age)} are allowed"


_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def age(text: str) -> timedelta:
    """Return a duration as cluster.yaml writes it (90m, 36h, 7d); the catalogue has checked its form."""
    return int(text[:-1]) * _UNITS[text[-1]]


def span(duration: timedelta) -> str:
    """Return a duration as people say it: 3.5 hours, 7 days."""
    hours = duration.total_seconds() / 3600
    return f"{hours / 24:.3g} days" if hours >= 48 else f"{hours:.3g} hours"


def _concerns(record: Record, sha: str) -> bool:
    claims = record.claims
    return record.sha12 == sha[:12] or (claims is not None and claims.revision == sha)


def _sift(records: Iterable[Record], cluster: str, sha: str) -> tuple[Good, Bad]:
    good, refused = [], []
    for record in records:
        if (claims := record.claims) is None:
            refused.append((record, record.problem))
        elif wrong := misplaced(claims, cluster, sha):
            refused.append((record, wrong[0]))
        else:
            good.append((record, claims))
    return good, refused


def _newer(refused: Bad, attempt: int) -> Iterable[str]:
    """A record that cannot be believed may hide a FAIL, so it weighs against every PASS before it."""
    for record, why in refused:
        if record.attempt >= attempt:
            yield f"a newer attempt cannot be believed: {record.name}: {why}"


def _clash(good: Good, top: Claims) -> Iterable[str]:
    """Attempts are numbered one after the other; signed ones that disagree about it were replayed."""
    for record, claims in good:
        if claims.attempt == top.attempt and claims != top:
            yield f"two signed verdicts claim attempt {top.attempt}"
        if claims.attempt < top.attempt and claims.ended > top.ended + CLOCK_SKEW:
            yield f"attempt {top.attempt} ended before {record.name}: a replay, or a clock that ran backwards"


def _no_answer(newest: Record, good: Good, told: tuple[str, ...]) -> Effective:
    if newest.claims is not None and good and good[-1][0] is newest:
        return Effective(Outcome(newest.claims.outcome), _sentence(newest), None, newest, told)
    return Effective(Outcome.NOT_RUN, told[-1], None, newest, told)


def _sentence(record: Record) -> str:
    reason = (record.verdict or {}).get("reason")
    return reason if isinstance(reason, str) and reason else "no reason given"
