"""The verdict of a cluster in one line: the one that counts for its pin, else the newest about anything."""

from datetime import datetime

from leanrag.catalog.model import HistoryEntry
from leanrag.evidence.effective import Effective
from leanrag.evidence.jws import Refusal
from leanrag.evidence.keys import public_keys
from leanrag.evidence.token import verify
from leanrag.operate.standing import VerdictLine
from leanrag.promote.facts import Facts
from leanrag.promote.freeze import duration
from leanrag.promote.verdicts import Verdicts

# A verdict that is too old for promotion is still the last one; here only the age is told.
NO_LIMIT = duration("36500d")


def verdict_line(facts: Facts, verdicts: Verdicts, cluster: str, pin: str | None, now: datetime) -> VerdictLine | None:
    """Return the verdict about the pinned commit, else the newest one about another, None when there is none."""
    about_pin = _answer(facts, verdicts, cluster, pin, now) if pin else None
    if pin and about_pin and (about_pin.record or about_pin.newest):
        return _line(cluster, pin, about_pin)
    others = [(sha, _answer(facts, verdicts, cluster, sha, now)) for sha in _commits(facts, verdicts, cluster)]
    dated = [(_ended(answer), sha, answer) for sha, answer in others if answer.newest]
    return _line(cluster, *max(dated, key=lambda each: each[0])[1:]) if dated else None


def evidence_line(facts: Facts, entry: HistoryEntry) -> VerdictLine | None:
    """Return the verdict that a history entry of release.yaml carries, checked with the keys that main names."""
    source = facts.states.get(entry.source)
    if not entry.evidence or source is None or source.facts is None or entry.kind == "override":
        return None
    verified = verify(entry.evidence, public_keys(source.facts.gate.publicKeys))
    if isinstance(verified, Refusal):
        return VerdictLine(entry.source, "NOT_RUN", entry.revision, f"its evidence is refused: {verified.reason}")
    claims = verified.claims
    return VerdictLine(
        claims.cluster,
        claims.outcome,
        claims.revision,
        "",
        claims.mode,
        claims.trigger,
        claims.attempt,
        claims.end,
        claims.carried_from or "",
    )


def _commits(facts: Facts, verdicts: Verdicts, cluster: str) -> tuple[str, ...]:
    return tuple(facts.line.whole(sha12) or sha12 for sha12 in verdicts.commits(cluster))


def _answer(facts: Facts, verdicts: Verdicts, cluster: str, sha: str, now: datetime) -> Effective:
    state = facts.states.get(cluster)
    keys = state.facts.gate.publicKeys if state and state.facts else ()
    content = facts.content(cluster, sha)
    return verdicts.answer(cluster, sha, keys, content, now=now, max_age=NO_LIMIT)


def _ended(answer: Effective) -> str:
    claims = answer.newest.claims if answer.newest else None
    return claims.end if claims else ""


def _line(cluster: str, sha: str, answer: Effective) -> VerdictLine:
    """Show the one that counts; when a newer attempt gave no answer, its reason is told as well."""
    shown = answer.record or answer.newest
    claims = shown.claims if shown else None
    if claims is None:
        return VerdictLine(cluster, str(answer.outcome), sha, answer.reason, refused=answer.refused)
    return VerdictLine(
        cluster=cluster,
        outcome=str(answer.outcome),
        about=sha,
        reason=answer.reason,
        mode=claims.mode,
        trigger=claims.trigger,
        attempt=claims.attempt,
        ended=claims.end,
        carried=claims.carried_from or "",
        refused=answer.refused,
    )
