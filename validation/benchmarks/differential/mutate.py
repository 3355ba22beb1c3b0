"""Seeded faults: one change somewhere in a rendered object, of every sort that a hand or a template makes."""

import copy
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from leanrag.checks.schemas import Schemas

Place = tuple[str | int, ...]
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|m|k|M|G)?")
_WORDS = ("", "Nonsense", "a b", "UPPER", "-a", "a" * 64, "1", "http", "../x", "true", "é")
_NUMBERS = (-1, 0, 1, 65536, 2**31, 2**31 - 1, 2**63 - 1, 2**63, 1.5)
_QUANTITIES = ("8Gib", "1 Gi", "-1", "1.5.5", "1e3", "0x10", "", "9999999Ei", "0.5", 1, "1e400")
_NAMES = ("Upper", "a_b", "-a", "a..b", "a" * 64, "a" * 254, "a b", "a.b", "1a", "é")
_KEYS = ("a b", "a/b/c", "-a", "é", "a" * 64, "example.org/", "UPPER.org/x")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed object: which object, what was done to it and where."""

    body: dict[str, Any]
    sort: str
    place: Place


class Mutator:
    """Makes mutants of objects; the same seed makes the same ones."""

    def __init__(self, seed: int, schemas: Schemas) -> None:
        self._chance = random.Random(seed)
        self._schemas = schemas

    def mutants(self, body: Mapping[str, Any], count: int) -> Iterator[Mutant]:
        """Yield mutants of one object; a change that changes nothing is left out."""
        for _ in range(count):
            sort = self._chance.choice(list(_SORTS))
            changed = copy.deepcopy(dict(body))
            place = _SORTS[sort](self, changed)
            if place is not None and changed != body and isinstance(changed.get("metadata"), dict):
                name = changed["metadata"].get("name")
                if isinstance(name, str) and name and isinstance(changed.get("kind"), str):
                    yield Mutant(changed, sort, place)

    def _pick(self, body: Any, fits: Callable[[Place, Any], bool]) -> tuple[Place, Any, str | int] | None:
        """Return a place that fits with what holds it and its last part; status is the cluster's."""
        found = [(path, holder, last) for path, holder, last in places(body) if fits(path, holder[last])]
        return self._chance.choice(found) if found else None

    def _replace(self, body: Any, fits: Callable[[Place, Any], bool], values: tuple[Any, ...]) -> Place | None:
        picked = self._pick(body, fits)
        if picked is None:
            return None
        path, holder, last = picked
        holder[last] = copy.deepcopy(self._chance.choice(values))
        return path

    def type_changed(self, body: Any) -> Place | None:
        """Give a value another type."""
        return self._replace(
            body, lambda path, value: len(path) > 1, ("text", 7, True, [], {}, ["x"], {"a": "b"}, 1.5, "7")
        )

    def null(self, body: Any) -> Place | None:
        """Leave a value out as templates do: null."""
        return self._replace(body, lambda path, value: len(path) > 1, (None,))

    def word(self, body: Any) -> Place | None:
        """Write another word."""
        return self._replace(body, lambda path, value: isinstance(value, str) and len(path) > 1, _WORDS)

    def case(self, body: Any) -> Place | None:
        """Write a word in other letters, as with enumerations."""
        picked = self._pick(body, lambda path, value: isinstance(value, str) and value.swapcase() != value)
        if picked:
            picked[1][picked[2]] = picked[1][picked[2]].swapcase()
        return picked and picked[0]

    def number(self, body: Any) -> Place | None:
        """Write a number beyond a bound."""
        return self._replace(body, lambda _, value: type(value) is int, _NUMBERS)

    def quantity(self, body: Any) -> Place | None:
        """Write something like a quantity."""
        return self._replace(
            body, lambda path, value: "resources" in path and bool(_QUANTITY.fullmatch(str(value))), _QUANTITIES
        )

    def name(self, body: Any) -> Place | None:
        """Give the object, or something in it, a bad name."""
        return self._replace(body, lambda path, value: path[-1] == "name" and isinstance(value, str), _NAMES)

    def label(self, body: Any) -> Place | None:
        """Write a bad key or value among labels, annotations and selectors."""
        held = {"labels", "annotations", "matchLabels", "selector", "nodeSelector"}
        picked = self._pick(body, lambda path, value: path[-1] in held and isinstance(value, dict))
        if picked is None:
            return None
        target = picked[1][picked[2]]
        if self._chance.random() < 0.5:
            target[self._chance.choice(_KEYS)] = "x"
        else:
            target[self._chance.choice([*target, "new"])] = self._chance.choice(
                ("a b", "x" * 64, True, 1, "-x", "é", None)
            )
        return picked[0]

    def unknown(self, body: Any) -> Place | None:
        """Write a field that nobody knows."""
        picked = self._pick(body, lambda path, value: isinstance(value, dict))
        if picked:
            picked[1][picked[2]]["unknwonField"] = self._chance.choice(("x", 1, {}, []))
        return picked and picked[0]

    def removed(self, body: Any) -> Place | None:
        """Forget a field."""
        picked = self._pick(body, lambda path, value: isinstance(path[-1], str) and path != ("metadata", "name"))
        if picked:
            del picked[1][picked[2]]
        return picked and picked[0]

    def emptied(self, body: Any) -> Place | None:
        """Leave a list, an object or a word empty."""
        picked = self._pick(body, lambda path, value: isinstance(value, str | list | dict) and bool(value))
        if picked:
            picked[1][picked[2]] = type(picked[1][picked[2]])()
        return picked and picked[0]

    def doubled(self, body: Any) -> Place | None:
        """Write an item of a list twice."""
        picked = self._pick(body, lambda path, value: isinstance(value, list) and bool(value))
        if picked:
            items = picked[1][picked[2]]
            items.append(copy.deepcopy(self._chance.choice(items)))
        return picked and picked[0]

    def moved(self, body: Any) -> Place | None:
        """Copy a value from elsewhere in the object under the same key."""
        names: dict[str, list[Any]] = {}
        for path, holder, last in places(body):
            names.setdefault(str(path[-1]), []).append(holder[last])
        return self._replaced_by_sibling(body, {key: held for key, held in names.items() if len(held) > 1})

    def _replaced_by_sibling(self, body: Any, names: Mapping[str, list[Any]]) -> Place | None:
        picked = self._pick(body, lambda path, value: str(path[-1]) in names)
        if picked:
            picked[1][picked[2]] = copy.deepcopy(self._chance.choice(names[str(picked[2])]))
        return picked and picked[0]

    def added(self, body: Any) -> Place | None:
        """Set a field that the kind knows and the object did not set."""
        version = str(body.get("apiVersion") or "")
        if not self._schemas.knows(version, str(body["kind"])):
            return None
        schema = self._schemas.load(version, str(body["kind"]))[0]
        found = [
            each
            for each in _unset(body, schema, schema)
            if each[0] and each[0][0] != "metadata" and each[2] != "status"
        ]
        if not found:
            return None
        path, holder, key, wanted = self._chance.choice(found)
        holder[key] = self._made(wanted, schema)
        return (*path, key)

    def _made(self, wanted: Mapping[str, Any], root: Mapping[str, Any], depth: int = 0) -> Any:
        """Return a plausible value for a schema."""
        wanted = _resolved(wanted, root)
        if wanted.get("enum"):
            return self._chance.choice(wanted["enum"])
        kinds = wanted.get("type", "string")
        kind = kinds[0] if isinstance(kinds, list) else kinds
        if kind == "object":
            known = wanted.get("properties", {})
            keys = set(wanted.get("required", ()))
            if known and depth < 3:
                keys |= set(self._chance.sample(sorted(known), min(len(known), self._chance.randint(0, 2))))
            return {key: self._made(known.get(key, {}), root, depth + 1) for key in sorted(keys)}
        if kind == "array":
            return [self._made(wanted.get("items", {}), root, depth + 1)]
        return self._chance.choice(
            {"integer": (1, 3, 100), "boolean": (True, False), "number": (1, 0.5)}.get(kind, ("a", "1", "1s", "/x"))
        )


def places(value: Any, path: Place = ()) -> Iterator[tuple[Place, Any, str | int]]:
    """Yield every place below a value with what holds it and its last part; some are left."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(pairs):
        # The namespace is part of the address, so another one would be another question.
        if (*path, key) not in {("apiVersion",), ("kind",), ("status",), ("metadata", "namespace")}:
            yield (*path, key), value, key
            yield from places(each, (*path, key))


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return root["$defs"][schema["$ref"].removeprefix("#/$defs/")]  # type: ignore[no-any-return]
    options = [each for each in schema.get("anyOf", ()) if "type" in each]
    return options[0] if options and "type" not in schema else schema


def _unset(
    value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: Place = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield path, object, key and schema of every field that could be set and is not."""
    schema = _resolved(schema, root)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from ((path, value, key, each) for key, each in known.items() if key not in value)
        for key, each in value.items():
            yield from _unset(each, known.get(key, {}), root, (*path, key))
    elif isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from _unset(each, schema["items"], root, (*path, index))


_SORTS: Mapping[str, Callable[[Mutator, Any], Place | None]] = {
    "another type": Mutator.type_changed,
    "null": Mutator.null,
    "another word": Mutator.word,
    "other letters": Mutator.case,
    "a number out of bounds": Mutator.number,
    "a bad quantity": Mutator.quantity,
    "a bad name": Mutator.name,
    "a bad label": Mutator.label,
    "an unknown field": Mutator.unknown,
    "a field removed": Mutator.removed,
    "emptied": Mutator.emptied,
    "an item twice": Mutator.doubled,
    "a value from elsewhere": Mutator.moved,
    "another known field": Mutator.added,
}
