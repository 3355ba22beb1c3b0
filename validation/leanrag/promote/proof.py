"""Does an entry of a pin's history prove itself? Pure, by Git alone: a signed PASS, a rollback, a signed override."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leanrag.catalog.model import ClusterFacts, HistoryEntry
from leanrag.evidence.claims import moment
from leanrag.evidence.effective import CLOCK_SKEW
from leanrag.evidence.jws import Refusal
from leanrag.evidence.override import verify_override
from leanrag.evidence.token import Verified, verify
from leanrag.promote.evidence import sought, token_refusals
from leanrag.promote.facts import Facts

OVERRIDE_AGE = timedelta(days=7)
PINS = ("first", "promote", "override")


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster whose pin is judged: what main says about it, and about the cluster that it follows."""

    facts: Facts
    name: str
    cluster: ClusterFacts | None
    follows: str | None
    leader: ClusterFacts | None


def promotion_problems(place: Place, entry: HistoryEntry, now: datetime) -> Iterator[str]:
    """Yield why an entry is no promotion by a signed PASS of the followed cluster; `now` is when its age counts."""
    if place.follows is None:
        yield "this cluster follows nobody, so no verdict can move it"
    elif entry.source != place.follows:
        yield f"its evidence is of {entry.source or 'nobody'}, and this cluster follows {place.follows}"
    elif place.leader is None:
        yield f"clusters/{place.follows}/cluster.yaml cannot be read, so nobody knows its keys"
    elif (content := place.facts.content(place.follows, entry.revision)) is None:
        yield f"{entry.revision[:12]} is not on main, or {place.follows} cannot be read there"
    else:
        yield from _token_problems(place, place.leader, entry, content, now)


def _token_problems(
    place: Place, leader: ClusterFacts, entry: HistoryEntry, content: str, now: datetime
) -> Iterator[str]:
    requires = place.cluster.gate.requires if place.cluster else None
    yield from token_refusals(entry.evidence, sought(leader, entry.revision, content, requires, now))
    signed = verify(entry.evidence, leader.gate.publicKeys)
    if isinstance(signed, Verified) and entry.verdict != signed.claims.id:
        yield f"it names the verdict {entry.verdict or 'none'}, and its evidence is {signed.claims.id}"


def override_problems(place: Place, entry: HistoryEntry, now: datetime) -> Iterator[str]:
    """Yield why an entry is no override signed for this cluster and commit."""
    keys = place.cluster.promotion.overrideKeys if place.cluster else ()
    signed = verify_override(entry.evidence, keys)
    if isinstance(signed, Refusal):
        yield f"its override: {signed.reason}"
        return
    if (signed.cluster, signed.revision) != (place.name, entry.revision):
        yield f"its override is for {signed.revision[:12]} on {signed.cluster}"
    if signed.made > now + CLOCK_SKEW:
        yield f"its override was signed in the future: {signed.at}"
    elif now - signed.made > OVERRIDE_AGE:
        yield f"its override was signed on {signed.at}, more than {OVERRIDE_AGE.days} days ago"


def origin_of(entry: HistoryEntry, before: Iterable[HistoryEntry]) -> HistoryEntry | None:
    """Return the older entry by which the commit that a rollback goes back to came here."""
    same = [each for each in before if each.revision == entry.revision and each.kind != "release"]
    pinned = [each for each in same if each.kind in PINS]
    return next(iter((*pinned, *same)), None)


def live_problems(place: Place, revision: str, history: Sequence[HistoryEntry], now: datetime) -> tuple[str, ...]:
    """Return why what is pinned now is not proven by the newest entry of its history."""
    pins = [entry for entry in history if entry.kind != "release"]
    if not pins or pins[0].revision != revision:
        return (f"{revision[:12]} is pinned, and no entry of the history says how it came here",)
    if revision not in place.facts.line:
        return (f"{revision[:12]} is not on main",)
    newest, judged = pins[0], pins[0]
    if newest.kind == "rollback":
        origin = origin_of(newest, pins[1:])
        if origin is None:
            return (f"it is called a rollback, and {revision[:12]} never ran here",)
        judged = origin
    written = moment(judged.at)
    if written is None or written > now + CLOCK_SKEW:
        return (f"the entry's moment is {judged.at or 'missing'}",)
    if judged.kind == "override":
        return tuple(override_problems(place, judged, written))
    # Its age counts from when it was placed here: what runs does not become unproven with time.
    return tuple(promotion_problems(place, judged, written))
