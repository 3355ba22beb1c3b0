"""Where two objects differ, path by path; lists of named things are compared by name. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
# Keys that Kubernetes merges lists by, or that name an item for a reader; the first that all items have and differ in.
_NAMES = ("name", "key", "mountPath", "containerPort", "port", "type", "topologyKey")


class Absent(Enum):
    """The value of a path that one side does not have; None is a value of YAML."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """One path with different values; ABSENT where a side does not have it."""

    path: Path
    before: Any
    after: Any


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield every path in which two documents differ, in the order of the newer one."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not equal(before, after):
        inner = _documents(before, after)
        found = tuple(differences(*inner, path)) if inner else ()
        # JSON that says the same in other words is a difference all the same: whoever mounts it sees other bytes.
        yield from found or (Difference(path, before, after),)


def _documents(before: Any, after: Any) -> tuple[Any, Any] | None:
    """Return what two texts hold when both are documents in JSON, as ConfigMaps carry them."""
    if not all(isinstance(each, str) and each[:1] in ("{", "[") for each in (before, after)):
        return None
    try:
        return json.loads(before), json.loads(after)
    except ValueError:
        return None


def equal(one: Any, other: Any) -> bool:
    """Say whether two values are the same to Kubernetes; to Python, 1 and True are."""
    return one is other or (one == other and _text(one) == _text(other))


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _mappings(before: Mapping[str, Any], after: Mapping[str, Any], path: Path) -> Iterator[Difference]:
    for key in dict.fromkeys((*after, *before)):
        yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))


def _lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    name = _name(before, after)
    if name:
        old, new = ({f"{name}={each[name]}": each for each in side} for side in (before, after))
        yield from _mappings(old, new, path)
        kept = [[key for key in one if key in other] for one, other in ((old, new), (new, old))]
        if kept[0] != kept[1]:
            yield Difference((*path, "order"), *kept)
    elif all(not isinstance(each, Mapping | list) for each in (*before, *after)):
        if not equal(before, after):
            yield Difference(path, before, after)
    else:
        yield from _items(before, after, path)


def _name(before: list[Any], after: list[Any]) -> str:
    """Return the key that tells the items of both lists apart, or nothing."""
    if not all(isinstance(each, Mapping) for each in (*before, *after)) or not (before and after):
        return ""
    return next((key for key in _NAMES if _tells_apart(key, before) and _tells_apart(key, after)), "")


def _tells_apart(key: str, items: list[Any]) -> bool:
    return len({each[key] for each in items if isinstance(each.get(key), str | int)}) == len(items)


def _items(before: list[Any], after: list[Any], path: Path) -> Iterator[Difference]:
    """Compare lists of nameless maps: what stands in both is no difference, wherever it stands."""
    matcher = SequenceMatcher(None, [_text(each) for each in before], [_text(each) for each in after], autojunk=False)
    for tag, old, old_end, new, new_end in matcher.get_opcodes():
        paired = min(old_end - old, new_end - new) if tag == "replace" else 0
        for at in range(paired):
            yield from differences(before[old + at], after[new + at], (*path, new + at))
        if tag != "equal":
            yield from (Difference((*path, at), before[at], ABSENT) for at in range(old + paired, old_end))
            yield from (Difference((*path, at), ABSENT, after[at]) for at in range(new + paired, new_end))


def shown(path: Path) -> str:
    """Return a path as people write it: spec.containers[name=engine].image, metadata.labels[helm.sh/chart]."""
    text = ""
    for part in path:
        word = str(part)
        bracket = isinstance(part, int) or "=" in word or "." in word or "/" in word
        text += f"[{word}]" if bracket else f".{word}" if text else word
    return text
