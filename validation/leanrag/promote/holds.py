"""Is a commit on hold? By its SHA, by equal content, or because it contains what a person took away. Pure."""

from collections.abc import Iterator

from leanrag.catalog.model import ReleaseFacts
from leanrag.promote.facts import Facts


def held(facts: Facts, cluster: str, revision: str) -> str:
    """Return why a commit may not come to a cluster, or an empty text.

    A hold on a cluster that it follows counts, too: what was taken off staging must not reach prod by an older PASS.
    """
    for place in (cluster, *facts.leaders(cluster)):
        state = facts.states.get(place)
        if state and state.release and (why := next(_why(facts, place, state.release, revision), "")):
            return f"{why} (leanrag release {place})"
    return ""


def _why(facts: Facts, place: str, release: ReleaseFacts, revision: str) -> Iterator[str]:
    hold = release.hold
    if hold is None:
        return
    because = f"on hold on {place}" + (f": {hold.reason}" if hold.reason else "")
    content = facts.content(place, revision)
    for bad in hold.revisions:
        if bad == revision:
            yield f"{revision[:12]} is {because}"
        elif content is not None and content == facts.content(place, bad):
            yield f"{revision[:12]} renders what {bad[:12]} does, which is {because}"
        elif bad in _taken_away(release) and facts.line.contains(revision, bad):
            yield f"{revision[:12]} contains {bad[:12]}, which is {because}"


def _taken_away(release: ReleaseFacts) -> set[str]:
    """Return what a person rolled back. The gate had let it pass, so it would let its descendants pass as well."""
    return {entry.replaced for entry in release.history if entry.kind == "rollback" and not entry.cause}
