"""A freeze window is open exactly from its moment of cron for its hours of real time, clock changes included."""

from datetime import UTC, datetime

import pytest

from leanrag.catalog.model import Freeze
from leanrag.core.clock import stamp
from leanrag.promote.freeze import frozen

WEEKEND = Freeze(schedule="0 18 * * 5", duration="62h", timeZone="Europe/Berlin", reason="weekend")


def at(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        # An ordinary weekend in winter: Friday 18:00 is 17:00 UTC, and 62 h later it is Monday 8:00.
        ("2026-11-20T16:59", None),
        ("2026-11-20T17:00", "2026-11-23T07:00:00Z"),
        ("2026-11-23T06:59", "2026-11-23T07:00:00Z"),
        ("2026-11-23T07:00", None),
        # Clocks go forward on Sunday 2026-03-29: still 62 h, so Monday 9:00 in summer time.
        ("2026-03-30T06:59", "2026-03-30T07:00:00Z"),
        ("2026-03-30T07:00", None),
        # Clocks go back on Sunday 2026-10-25: 62 h end on Monday 7:00 in winter time.
        ("2026-10-26T05:59", "2026-10-26T06:00:00Z"),
        ("2026-10-26T06:00", None),
        # In summer Friday 18:00 is 16:00 UTC.
        ("2026-07-03T15:59", None),
        ("2026-07-03T16:00", "2026-07-06T06:00:00Z"),
    ],
)
def test_a_window_opens_and_closes_in_its_own_time_zone(moment, until):
    found = frozen([WEEKEND], at(moment))
    assert (stamp(found.until) if found else None) == until


def test_a_moment_that_a_clock_change_skips_still_opens_its_window():
    # 2:30 does not exist in Berlin on 2026-03-29.
    window = Freeze(schedule="30 2 * * *", duration="2h", timeZone="Europe/Berlin", reason="backup")
    assert frozen([window], at("2026-03-29T02:00"))


def test_of_several_open_windows_the_last_to_close_is_named():
    longer = Freeze(schedule="0 0 20 11 *", duration="10d", reason="black friday")
    found = frozen([WEEKEND, longer], at("2026-11-21T00:00"))
    assert found.sentence() == "frozen until 2026-11-30T00:00:00Z: black friday"


def test_no_window_no_freeze():
    assert frozen([], at("2026-11-21T00:00")) is None
