"""YAML into values, quickly: ryaml, which is serde_yaml on libyaml's own code in Rust, where it cannot be mistaken.

Its structure is libyaml's, as in `yamltree`; its scalars are YAML 1.2's. So a text with anything that the two read
otherwise is left to `yamltree`, as is every text that ryaml refuses: its errors name no column.
"""

import re
from typing import Any

from ryaml import loads, loads_all  # type: ignore[attr-defined] # its package does not say that it exports them

from leanrag.core.yamlscalar import plain

_ASCII = bytes((0x0A, *range(0x20, 0x7F)))
# Controls, the line breaks NEL, LS and PS, byte order marks, surrogates, non-characters.
_ODD = re.compile("[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SEPARATOR = re.compile(r"\n---(?![ ]*(?:\n|\Z)|[ ]+#)")
# A tag, an anchor or an alias, where a node begins.
_PROPERTY = re.compile(r"(?:^|[-?:,\[{])[ ]*(?:!|[&*][\w-])", re.MULTILINE)
_FIRST = frozenset("+-.0123456789yYnNoO")
# What may stand bare between brackets.
_BARE = re.compile(r"[^\n,\[\]{}]+")
_INT64 = 2**63


def load(text: str) -> list[Any] | None:
    """Return the documents of a text, or None when it must be read exactly."""
    if _odd(text):
        return None
    try:
        documents = loads_all(text) or [None]
        words = _words(documents)
        unsure = words is None or "<<" in words or any(_mistaken(word, text) for word in words)
    except (ValueError, TypeError, OverflowError):
        return None
    return None if unsure or documents == [None] else documents  # ryaml makes one of no document, too


def _odd(text: str) -> bool:
    """Say whether a text has what libyaml's two descendants read otherwise, or Go refuses."""
    odd = text.encode().translate(None, _ASCII) if text.isascii() else _ODD.search(text)
    return (
        bool(odd)
        or text.startswith(("%", "..."))
        or "\n%" in text
        or "\n..." in text
        or "\\/" in text
        or ("---" in text and bool(_SEPARATOR.search(f"\n{text}")))
        or (("!" in text or "&" in text or "*" in text) and bool(_PROPERTY.search(text)))
    )


def _words(documents: list[Any]) -> set[str] | None:
    """Return every key and string of some documents; None when a key or a number is not as Kubernetes has it."""
    words: set[str] = set()
    left = list(documents)
    for value in left:  # which grows meanwhile
        kind = type(value)
        if kind is str:
            words.add(value)
        elif kind is dict:
            words.update(value)
            left += value.values()
        elif kind is list:
            left += value
        elif (kind is float and (value.is_integer() or value - value)) or (kind is int and abs(value) >= _INT64):
            return None  # 1.0 becomes 1, 2^63 a float, and infinity an error: seldom, so not worth code here
    return words if all(type(word) is str for word in words) else None


def _mistaken(word: str, text: str) -> bool:
    """Say whether a string may stand bare in the text and be none to Kubernetes: yes, 0644, 1_000, [a?b]."""
    if "?" in word and _BARE.fullmatch(word):
        spaced = r"\s+".join(map(re.escape, word.split()))
        return bool(re.search(rf"(?:^|[\[{{,:?])\s*{spaced}\s*[\]}},:#]", text, re.MULTILINE))
    if word[:1] not in _FIRST or isinstance(plain(word), str) or not isinstance(loads(word), str):
        return False
    return bool(re.search(rf"(?<![\"'\w]){re.escape(word)}(?![\"'\w])", text))
