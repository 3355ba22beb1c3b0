"""The functions that Kubernetes adds to CEL (k8s.io/apiserver v0.34.4, pkg/cel/library), for the Rust evaluator.

Values of Kubernetes' own types are maps with one key, such as {"quantity": "1/2"}: they compare as the types do. What
is not here (semver, authorizer, two-variable comprehensions) is undefined to the evaluator, so its rule is unknown.
"""

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from leanrag.checks import cel_formats as formats
from leanrag.checks import quantity as numbers
from leanrag.checks.cel_engine import STDLIB_FUNCTIONS, OptionalValue
from leanrag.checks.cel_formats import Boxed, can, url

_STRINGS = ("charAt", "substring", "replace", "split", "join", "lowerAscii", "upperAscii", "trim", "reverse")
_SETS = ("sets.contains", "sets.equivalent", "sets.intersects")
# What Python's engine and RE2 read differently, or what could run for ever.
_OTHERWISE_READ = re.compile(r"\[\[:|\\[pPzCQ]|\(\?[^:i]|\([^()]*[+*}][^()]*\)[+*{]")


def _quantity(text: str) -> Boxed:
    found = numbers.quantity(text)
    if found is None:
        raise ValueError(f"{text!r} is no quantity")
    return {"quantity": str(found)}


def _number(value: Any) -> Fraction:
    return Fraction(value["quantity"]) if isinstance(value, Mapping) else Fraction(value)


def _compare(one: Any, other: Any) -> int:
    return (_number(one) > _number(other)) - (_number(one) < _number(other))


def _integer(value: Boxed) -> int:
    number = _number(value)
    if number.denominator != 1 or not -(2**63) <= number < 2**63:
        raise ValueError("cannot convert value to integer")
    return int(number)


def _is_integer(value: Boxed) -> bool:
    number = _number(value)
    return number.denominator == 1 and -(2**63) <= number < 2**63


def _duration(text: Any) -> datetime.timedelta:
    found = numbers.duration(text) if isinstance(text, str) else text
    if found is None:
        raise ValueError(f"{text!r} is no duration")
    return found


def _host(value: Boxed) -> str:
    return urlsplit(value["url"]).netloc.rpartition("@")[2]


def _address(value: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    text = value["ip"] if isinstance(value, Mapping) else value
    if "%" in text or text.lower().startswith("::ffff:"):
        raise ValueError("an IP with a zone, or IPv4 in IPv6, is none here")
    return ipaddress.ip_address(text)


def _ip(value: Any) -> Boxed:
    if isinstance(value, Mapping) and "cidr" in value:
        return {"ip": value["cidr"].partition("/")[0]}
    return {"ip": str(_address(value))}


def _network(value: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    text = value["cidr"] if isinstance(value, Mapping) else value
    if not re.fullmatch(r"[0-9a-fA-F.:]+/(0|[1-9][0-9]*)", text):
        raise ValueError(f"{text!r} is no CIDR")
    return ipaddress.ip_network(text, strict=False)


def _cidr(text: str) -> Boxed:
    _network(text)
    return {"cidr": f"{_address(text.partition('/')[0])}/{text.partition('/')[2]}"}


def _contains_cidr(value: Boxed, other: Any) -> bool:
    outer, inner = _network(value), _network(other)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _pattern(text: str) -> re.Pattern[str]:
    if _OTHERWISE_READ.search(text):
        raise ValueError(f"the pattern {text!r} is not read here")
    return re.compile(text)


def _find(text: str, pattern: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [each[0] for each in _pattern(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def _index(text: Any, part: Any, *start: int) -> int:
    if isinstance(text, str):
        return text.find(part, *start)
    return text.index(part) if part in text else -1


def _last_index(text: Any, part: Any) -> int:
    if isinstance(text, str):
        return text.rfind(part)
    return len(text) - 1 - text[::-1].index(part) if part in text else -1


def _format(text: str, values: list[Any]) -> str:
    """Return text with %s, %d, %f (with precision), %% filled in, as cel-go's strings.format does for plain values."""
    waiting = iter(values)

    def one(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = next(waiting)
        if found[0] == "%s":
            return str(value).lower() if isinstance(value, bool) else str(value)
        return str(found[0] % value)

    return re.sub(r"%(?:%|s|d|x|X|o|(?:\.[0-9]+)?[fe])", one, text)


def _field(value: Any, key: Any) -> OptionalValue:
    """Return what `value.?key` or `value[?key]` means."""
    held: Any = (value.value() if value.has_value() else None) if isinstance(value, OptionalValue) else value
    if isinstance(held, Mapping):
        return OptionalValue.of(held[key]) if key in held else OptionalValue.none()
    inside = isinstance(held, list) and 0 <= key < len(held)
    return OptionalValue.of(held[key]) if inside else OptionalValue.none()


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{name: STDLIB_FUNCTIONS[name] for name in (*_STRINGS, *_SETS)},
    "codePoints": len,
    "goDuration": _duration,
    "optionalField": _field,
    "quantity": _quantity,
    "isQuantity": can(_quantity),
    "sign": lambda value: _compare(value, 0),
    "isInteger": _is_integer,
    "asInteger": _integer,
    "asApproximateFloat": lambda value: float(_number(value)),
    "add": lambda one, other: {"quantity": str(_number(one) + _number(other))},
    "sub": lambda one, other: {"quantity": str(_number(one) - _number(other))},
    "isLessThan": lambda one, other: _compare(one, other) < 0,
    "isGreaterThan": lambda one, other: _compare(one, other) > 0,
    "compareTo": _compare,
    "url": url,
    "isURL": can(url),
    "getScheme": lambda value: urlsplit(value["url"]).scheme,
    "getHost": _host,
    "getHostname": lambda value: re.sub(r":[0-9]*$", "", _host(value)).strip("[]"),
    "getPort": lambda value: str(urlsplit(value["url"]).port or ""),
    "getEscapedPath": lambda value: quote(urlsplit(value["url"]).path, safe="%/:@!$&'()*+,;=~-._"),
    "getQuery": lambda value: parse_qs(urlsplit(value["url"]).query, keep_blank_values=True),
    "ip": _ip,
    "isIP": can(_address),
    "ip.isCanonical": lambda text: str(_address(text)) == text,
    "family": lambda value: _address(value).version,
    "isUnspecified": lambda value: _address(value).is_unspecified,
    "isLoopback": lambda value: _address(value).is_loopback,
    "isLinkLocalMulticast": lambda value: str(_address(value)).startswith(("224.0.0.", "ff02:", "ff12:")),
    "isLinkLocalUnicast": lambda value: _address(value).is_link_local,
    "cidr": _cidr,
    "isCIDR": can(_cidr),
    "containsIP": lambda value, other: _address(other) in _network(value),
    "containsCIDR": _contains_cidr,
    "prefixLength": lambda value: _network(value).prefixlen,
    "masked": lambda value: {"cidr": str(_network(value))},
    "isSorted": lambda values: all(one <= other for one, other in pairwise(values)),
    "sum": lambda values: sum(values[1:], values[0]) if values else 0,
    "min": min,
    "max": max,
    "indexOf": _index,
    "lastIndexOf": _last_index,
    "find": _find,
    "findAll": _find_all,
    "format": _format,
    "strings.quote": STDLIB_FUNCTIONS["strings.quote"],
    **formats.FUNCTIONS,
}
