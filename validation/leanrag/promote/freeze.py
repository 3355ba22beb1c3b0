"""Freeze windows: is a cluster closed for promotions at a moment? Pure.

A window opens at a moment of cron in its own time zone and lasts so many hours of real time: 62 h from Friday 18:00
end on Monday at 8:00, and at 9:00 on the Monday after clocks went forward.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from leanrag.catalog.model import Freeze
from leanrag.core.clock import stamp

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Frozen:
    """A window that is open: until when (aware, UTC), and why."""

    until: datetime
    reason: str

    def sentence(self) -> str:
        """Say it."""
        return f"frozen until {stamp(self.until)}: {self.reason}"


def frozen(windows: Iterable[Freeze], now: datetime) -> Frozen | None:
    """Return the open window that lasts longest, or None; `now` is aware."""
    found = [each for each in (_open(window, now) for window in windows) if each]
    return max(found, key=lambda each: each.until, default=None)


def duration(text: str) -> timedelta:
    """Return "62h", "90m" or "7d" as a duration."""
    return int(text[:-1]) * _UNITS[text[-1]]


def _open(window: Freeze, now: datetime) -> Frozen | None:
    here = now.astimezone(ZoneInfo(window.timeZone))
    try:
        # Backwards from the next minute, so that a window which opens this very minute counts.
        opened = next(
            CronSim(window.schedule, here.replace(second=0, microsecond=0) + timedelta(minutes=1), reverse=True)
        )
    except (StopIteration, CronSimError):
        return None
    # In UTC: local times would count the hours that a clock change adds or takes.
    until = opened.astimezone(UTC) + duration(window.duration)
    return Frozen(until, window.reason) if opened <= here and now < until else None
