"""What must be the same on both sides before figures may be held against each other, and what says so."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

from leanrag.catalog.nearest import nearest
from leanrag.core.errors import InputError

# Two sides are compared because of one of these; the rest must never differ.
MAY_VARY = ("engine", "arguments", "model", "store")
# Few reports hold these, so a person may answer for them; that loads and lengths are alike is measured all the same.
MAY_BE_SAID = ("scenario", "gpu", "engine", "arguments", "store")


@dataclass(frozen=True, slots=True)
class Facts:
    """One side, as far as it is known; empty texts and a missing map are "not known".

    `scenario` is a hash of the declared traffic; `arguments` are the engine's settings by name; `tool` is the load
    generator with its version; `model` the served name.
    """

    scenario: str = ""
    gpu: str = ""
    engine: str = ""
    arguments: Mapping[str, str] | None = None
    model: str = ""
    store: str = ""
    tool: str = ""

    def over(self, weaker: "Facts") -> "Facts":
        """Return these facts, completed from a weaker source."""
        names = [each.name for each in fields(self) if not getattr(self, each.name)]
        return replace(self, **{name: getattr(weaker, name) for name in names})


NAMES = tuple(each.name for each in fields(Facts))


@dataclass(frozen=True, slots=True)
class Terms:
    """`varies`: what is meant to differ, `arguments.quantization` for one of them; `same`: taken on somebody's word."""

    varies: frozenset[str] = frozenset()
    same: frozenset[str] = frozenset()


def terms(varies: Iterable[str], same: Iterable[str]) -> Terms:
    """Return the terms of a comparison; a fact that may not be varied or said is an InputError."""
    found = Terms(frozenset(varies), frozenset(same))
    for name in found.varies:
        _known(name.partition(".")[0] if name.startswith("arguments.") else name, MAY_VARY, "--varies")
    for name in found.same:
        _known(name, MAY_BE_SAID, "--same")
    return found


def _known(name: str, allowed: tuple[str, ...], option: str) -> None:
    if name in allowed:
        return
    near = nearest(name, allowed)
    why = "must be the same on both sides" if name in NAMES else f"did you mean {near}?" if near else "is no fact"
    raise InputError(f"{option} {name}: {why}", hint=f"{option} takes {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Matter:
    """One fact of both sides: `kind` is same, varied, said, unknown or differs; the last two forbid a comparison."""

    name: str
    base: str
    new: str
    kind: str
    note: str = ""

    @property
    def forbids(self) -> bool:
        """Whether the figures may not be compared because of it."""
        return self.kind in ("unknown", "differs")


def matters(base: Facts, new: Facts, given: Terms) -> tuple[Matter, ...]:
    """Return every fact with what it means for the comparison, in a written-out order."""
    return tuple(_matter(name, base, new, given) for name in NAMES if _counts(name, base, new))


def _counts(name: str, base: Facts, new: Facts) -> bool:
    # A side without a vector store is a bare engine: only where one has one it is part of the question.
    return name != "store" or bool(base.store or new.store)


def _matter(name: str, base: Facts, new: Facts, given: Terms) -> Matter:
    left, right = getattr(base, name), getattr(new, name)
    shown = (_shown(left), _shown(right))
    if left and right:
        if left == right:
            return Matter(name, *shown, "same")
        found = tuple(_differing(left, right)) if name == "arguments" else (name,)
        if name in given.varies or (name == "arguments" and all(f"arguments.{key}" in given.varies for key in found)):
            return Matter(name, *shown, "varied", _which(name, found))
        return Matter(name, *shown, "differs", _which(name, found))
    if name in given.varies:
        return Matter(name, *shown, "varied")
    if name in given.same:
        return Matter(name, *shown, "said")
    return Matter(name, *shown, "unknown", _way_out(name))


def _way_out(name: str) -> str:
    said = f", or answer for it with --same {name}" if name in MAY_BE_SAID else ""
    return f"write it into side.json{said}"


def _which(name: str, found: Iterable[str]) -> str:
    return ", ".join(found) if name == "arguments" else ""


def _differing(left: Mapping[str, str], right: Mapping[str, str]) -> Iterator[str]:
    yield from (key for key in sorted({*left, *right}) if left.get(key) != right.get(key))


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={value[key]}" for key in sorted(value))
    return str(value or "")


def scenario_of(*parts: object) -> str:
    """Return the hash of declared traffic: equal exactly when every key of it is."""
    plain = [_plain(part) for part in parts if part is not None]
    return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _plain(part: Any) -> Any:
    return asdict(part) if is_dataclass(part) and not isinstance(part, type) else part
