"""How long what runs took to get there, from the commit to the pin; read from Git, so a restart forgets nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from leanrag.catalog.model import HistoryEntry, ReleaseFacts
from leanrag.evidence.claims import moment
from leanrag.promote.facts import Facts

_DELIVERED = ("first", "promote", "override")  # a rollback brings back what was delivered before


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a cluster runs since `at` (Unix seconds), `lead` seconds after it was committed."""

    cluster: str
    at: float
    lead: float


def pinned(facts: Facts) -> Iterator[Pinned]:
    """Yield every cluster that is pinned to a commit of main; one that tracks main, or was rolled back, has no lead."""
    for name, state in sorted(facts.states.items()):
        entry = _delivery(state.release) if state.release else None
        since = moment(entry.at) if entry else None
        if entry is None or since is None or entry.revision not in facts.line:
            continue
        # Two clocks wrote the two moments, so a fast promotion might end before it began.
        yield Pinned(name, since.timestamp(), max(0.0, since.timestamp() - facts.line.at(entry.revision)))


def _delivery(release: ReleaseFacts) -> HistoryEntry | None:
    here = [each for each in release.history if each.revision == release.revision and each.kind != "release"]
    newest = max(here, key=lambda each: each.at, default=None)
    return newest if newest and newest.kind in _DELIVERED else None
