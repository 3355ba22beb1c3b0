"""Schedules of CronJobs as Kubernetes reads them (github.com/robfig/cron/v3 v3.0.1, ParseStandard)."""

import re

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {**{name: number + 1 for number, name in enumerate(_MONTHS)}, **{name: day for day, name in enumerate(_DAYS)}}
_NAMED = {"month": _MONTHS, "weekday": _DAYS}
_ONE = re.compile(r"(?:[*?]|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?")
_WORDS = re.compile(r"@(yearly|annually|monthly|weekly|daily|midnight|hourly|every ([0-9.]+(ns|us|µs|ms|s|m|h))+)")


def schedule_problem(text: str) -> str:
    """Return what is wrong with a schedule; empty when it is one."""
    if "TZ=" in text:
        return "names a time zone; timeZone is for that"
    if text.startswith("@"):
        return "" if _WORDS.fullmatch(text) else "is no schedule"
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields, not minute, hour, day, month and weekday"
    pairs = zip(fields, _FIELDS, strict=True)
    wrong = (name for field, (name, low, high) in pairs if not _right(field, name, low, high))
    return next((f"has a {name} that is none" for name in wrong), "")


def _right(field: str, name: str, low: int, high: int) -> bool:
    parts = [each for each in field.lower().split(",") if each]
    return bool(parts) and all(_one_right(each, name, low, high) for each in parts)


def _one_right(text: str, name: str, low: int, high: int) -> bool:
    found = _ONE.fullmatch(text)
    if not found or found[3] == "0":
        return False
    numbers = [_number(each, name) for each in found.groups()[:2] if each is not None]
    inside = all(number is not None and low <= number <= high for number in numbers)
    return inside and (len(numbers) < 2 or (numbers[0] or 0) <= (numbers[1] or 0))


def _number(text: str, name: str) -> int | None:
    if text in _NAMED.get(name, ()):
        return _NAMES[text]
    return int(text) if text.isdigit() else None
