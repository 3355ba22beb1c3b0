"""Quantities and durations as Go reads them (k8s.io/apimachinery v0.34.4 pkg/api/resource, Go's time.ParseDuration)."""

import datetime
import re
from fractions import Fraction
from functools import lru_cache

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]+)?")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_MOST_DIGITS = 400  # what is longer is no quantity that a cluster has, and would take minutes to multiply
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_PART = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": Fraction(1, 10**9), "us": Fraction(1, 10**6), "µs": Fraction(1, 10**6), "μs": Fraction(1, 10**6)}
_SECONDS |= {"ms": Fraction(1, 1000), "s": Fraction(1), "m": Fraction(60), "h": Fraction(3600)}
_LONGEST = Fraction(2**63, 10**9)  # seconds: int64 of nanoseconds


def quantity(text: object) -> Fraction | None:
    """Return the number that a quantity stands for, in its base unit; None when it is none."""
    return _quantity(text) if isinstance(text, str | int | float) and not isinstance(text, bool) else None


@lru_cache(4096)
def _quantity(text: str | int | float) -> Fraction | None:
    found = _QUANTITY.fullmatch(str(text))
    if not found or len(found[0]) > _MOST_DIGITS:
        return None
    number, suffix = Fraction(found[1].rstrip(".")), str(found[2] or "")
    if suffix in _BINARY:
        return number * Fraction(2 ** _BINARY[suffix])
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    if abs(exponent) > _MOST_DIGITS:
        return None
    return number * Fraction(10**exponent if exponent >= 0 else Fraction(1, 10**-exponent))


def duration(text: str) -> datetime.timedelta | None:
    """Return a duration such as 1h30m, exact to the microsecond; None when Go would not read it."""
    if not _DURATION.fullmatch(text):
        return None
    seconds = sum((Fraction(number) * _SECONDS[unit] for number, unit in _PART.findall(text)), Fraction(0))
    if seconds >= _LONGEST:
        return None
    signed = -seconds if text.startswith("-") else seconds
    return datetime.timedelta(microseconds=int(signed * 10**6))
