"""Why a pin does not move, in promotion's own words: `leanrag status` and the promoter cannot disagree. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from leanrag.operate.standing import Standing
from leanrag.promote.facts import Facts
from leanrag.promote.moves import Decision, Delivery, Hold, Move, Wait, Why


def with_decisions(facts: Facts, row: Standing, decisions: Iterable[Decision], asked: bool) -> Standing:
    """Add what promotion says about a cluster. Without verdicts (`asked` false) only what Git alone proves counts."""
    for decision in decisions:
        if not asked and not (isinstance(decision, Wait) and decision.why is Why.PROBLEM):
            continue
        if isinstance(decision, Wait):
            row = _waiting(row, decision)
        elif isinstance(decision, Move):
            row = replace(row, waits=(*row.waits, _moving(decision)))
        elif isinstance(decision, Hold):
            row = replace(row, waits=(*row.waits, _holding(decision)))
    return replace(row, due=_due(facts, row))


def _waiting(row: Standing, wait: Wait) -> Standing:
    if wait.why is Why.SETTLED:
        return row
    if wait.why is Why.PROBLEM:
        known = wait.reason in row.problems
        return row if known else replace(row, problems=(*row.problems, wait.reason))
    if wait.why is Why.UNKNOWN:
        return replace(row, unknown=(*row.unknown, wait.reason))
    return replace(row, waits=(*row.waits, wait.reason))


def _moving(move: Move) -> str:
    how = "as a pull request" if move.delivery is Delivery.PULL_REQUEST else "at once"
    return f"{move.revision[:12]} passed on {move.source}; the promoter places it {how}, as soon as it runs"


def _holding(hold: Hold) -> str:
    back = f", and {hold.back_to[:12]} comes back" if hold.back_to else ""
    return f"{hold.revision[:12]} failed here: {hold.reason}; the promoter puts it on hold{back}, as soon as it runs"


def _due(facts: Facts, row: Standing) -> bool:
    """Whether main would change anything here, or further down where it arrives through here."""
    pin = row.pin.sha
    if pin is None:
        return row.follows is not None
    places = (row.cluster, *facts.followers.get(row.cluster, ()))
    return any(facts.content(each, facts.main) != facts.content(each, pin) for each in places)


def unanswered(row: Standing) -> str:
    """Return that nobody knows yet whether the pinned commit is good, or an empty text."""
    pin, verdict = row.pin.sha, row.verdict
    if pin is None:
        return ""
    if verdict is None or verdict.about != pin:
        last = f"; the last one is {verdict.outcome} about {verdict.about[:12]}" if verdict else ""
        return f"no verdict about {pin[:12]} yet{last}"
    if verdict.outcome in ("INCONCLUSIVE", "NOT_RUN"):
        return f"its verdict is {verdict.outcome}: {verdict.reason}"
    return ""
