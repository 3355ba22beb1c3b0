"""Kubernetes' named formats as CEL has them (k8s.io/apiserver v0.34.4, pkg/cel/library/format.go)."""

import base64
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from leanrag.checks import vocabulary
from leanrag.checks.cel_engine import OptionalValue

Boxed = Mapping[str, Any]

_UUID = re.compile(r"(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def can(function: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """Return the question whether a conversion succeeds."""

    def answer(value: Any) -> bool:
        try:
            function(value)
        except (ValueError, TypeError, AttributeError):
            return False
        return True

    return answer


def url(text: str) -> Boxed:
    split = urlsplit(text)
    _ = split.port  # raises for a port that is none
    if not (split.scheme or text.startswith("/")) or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise ValueError(f"{text!r} is no absolute URL or path")
    return {"url": text}


_PATTERNS = {
    "dns1123Label": (vocabulary.DNS_LABEL, 63),
    "dns1123Subdomain": (vocabulary.DNS_SUBDOMAIN, 253),
    "dns1035Label": (vocabulary.DNS_1035, 63),
    "qualifiedName": (vocabulary.QUALIFIED_NAME, 317),
    "labelValue": (vocabulary.LABEL_VALUE, 63),
    "dns1123LabelPrefix": ("^[a-z0-9]([-a-z0-9]*)?$", 63),
    "dns1123SubdomainPrefix": (r"^[a-z0-9]([-a-z0-9.]*)?$", 253),
    "dns1035LabelPrefix": ("^[a-z]([-a-z0-9]*)?$", 63),
}
_FORMATS: Mapping[str, Callable[[str], Any]] = {
    "uri": url,
    "uuid": lambda text: _UUID.fullmatch(text) or int("no UUID"),
    "byte": lambda text: base64.b64decode(text, validate=True),
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
}


def _named(name: str) -> OptionalValue:
    known = name in _PATTERNS or name in _FORMATS
    return OptionalValue.of({"format": name}) if known else OptionalValue.none()


def _validate(form: Boxed, text: str) -> OptionalValue:
    name = form["format"]
    if name in _PATTERNS:
        pattern, longest = _PATTERNS[name]
        right = len(text) <= longest and bool(re.fullmatch(pattern.rstrip("$"), text))
    else:
        right = can(_FORMATS[name])(text)
    return OptionalValue.none() if right else OptionalValue.of([f"{text!r} is no {name}"])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "format.named": _named,
    "validate": _validate,
    **{f"format.{name}": (lambda name=name: {"format": name}) for name in (*_PATTERNS, *_FORMATS)},
}
