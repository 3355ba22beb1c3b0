"""Objects of any shape are judged, never crashed on: values anywhere in sound and broken objects are replaced."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.model import App
from leanrag.checks.registry import OBJECTS
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope, usable
from leanrag.core import yamlio
from leanrag.render.manifest import Manifest

HERE = Path(__file__).parent
APP = App("dev-thing", "dev", "rag", "thing", "thing", "lr-rag", Path("c"), Path("o"), ())
JUNK: list[Any] = [None, [], {}, "", 0, -1, 1.5, True, "x", [None], [[]], {"a": None}, 10**30, "\x00", {"": ""}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from places(each, (*path, key))


def spoilt(documents: list[Any], chance: random.Random) -> list[Any]:
    documents = copy.deepcopy(documents)
    for _ in range(chance.randint(1, 4)):
        *parents, last = chance.choice([path for path in places(documents) if len(path) > 1] or [(0,)])
        holder = documents
        for key in parents:
            holder = holder[key]
        holder[last] = copy.deepcopy(chance.choice(JUNK))
    return [body for body in documents if isinstance(body, dict)]


@pytest.mark.parametrize("seed", range(8))
def test_no_shape_of_an_object_breaks_a_rule(seed: int) -> None:
    chance = random.Random(seed)
    files = sorted((*HERE.glob("sound/*.yaml"), *HERE.glob("broken/*.yaml")))
    whole = [list(yamlio.load_all(path.read_text(), path.name)) for path in files]
    for _ in range(100):
        bodies = spoilt(chance.choice(whole), chance)
        scope = Scope(usable(Manifest(APP, "t.yaml", body) for body in bodies), schemas(), apps=(APP,))
        for check in OBJECTS:
            assert all(str(finding) for finding in check.find(scope)), check.id
