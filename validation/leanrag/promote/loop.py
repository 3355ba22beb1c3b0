"""The promoter's life: rounds at an interval, at once when a verdict comes, with back-off while somebody is away."""

import threading
from collections.abc import Callable, Iterable

from leanrag.core.errors import LeanragError
from leanrag.promote.moves import Decision, Delivery, Hold, Move
from leanrag.promote.rounds import Promoter, Report
from leanrag.promote.serving import Health

LONGEST = 60.0  # seconds between two tries while Git or an API server is away


def run(
    promoter: Promoter, health: Health, wake: threading.Event, stop: threading.Event, say: Callable[[str], None]
) -> None:
    """Do rounds until `stop`; only what has changed since the last round is said."""
    pause, told = health.interval, ""
    while not stop.is_set():
        # Cleared before looking: a verdict that comes during the round wakes the next one.
        wake.clear()
        try:
            report = promoter.round()
            health.success(report)
            text, pause = "\n".join(lines(report)), health.interval
        except (LeanragError, OSError) as error:
            health.failure(str(error))
            text, pause = f"cannot work: {error}", min(2 * pause, LONGEST)
        if text != told:
            say(text)
            told = text
        wake.wait(pause)


def lines(report: Report) -> Iterable[str]:
    """Say what a round did and what waits, one line a cluster."""
    yield from (f"wrote {each}" for each in report.written)
    yield from (f"proposed promote/{each.cluster}/{each.revision[:12]}" for each in report.proposed)
    yield from (f"refused: {each}" for each in report.refused)
    yield from (f"{each.cluster}: {_said(each)}" for each in report.decisions)


def _said(decision: Decision) -> str:
    if isinstance(decision, Move):
        how = "by pull request" if decision.delivery is Delivery.PULL_REQUEST else "at once"
        return f"{decision.revision[:12]} passed on {decision.source}, placed {how}"
    if isinstance(decision, Hold):
        back = f", back to {decision.back_to[:12]}" if decision.back_to else ""
        return f"{decision.revision[:12]} failed, on hold{back}: {decision.reason}"
    return f"waits ({decision.why}): {decision.reason}"
