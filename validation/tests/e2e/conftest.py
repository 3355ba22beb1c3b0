"""The world is made once and shared: the stories follow one another, and each leaves it good again."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .genesis import make_world
from .late import Late
from .world import ROOT, World

HERE = Path(__file__).parent
_SECONDS: dict[str, float] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Everything here needs the bench, and one worker of xdist."""
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.bench)
            if config.pluginmanager.hasplugin("xdist"):
                item.add_marker(pytest.mark.xdist_group("bench"))


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The bench, its repository, and three clusters: dev tracks main, staging follows it, prod follows staging."""
    if not os.environ.get("LEANRAG_BENCH"):
        pytest.skip("needs the bench: make e2e")
    made = make_world()
    try:
        began = time.monotonic()
        made.expect("dev", made.operator.main(), "PASS", within=420)
        made.figures.add("first push → first PASS of dev", time.monotonic() - began)
        yield made
    finally:
        made.figures.write(ROOT / "docs" / "e2e.md", _SECONDS)
        print("\n" + "\n".join(made.figures.rows()))


@pytest.fixture(scope="session")
def late(world: World) -> Late:
    """A cluster whose CRD arrives late, in the background of the other stories."""
    made = Late(world)
    made.begin()
    return made


@pytest.fixture(autouse=True)
def _timed(request: pytest.FixtureRequest) -> Iterator[None]:
    began = time.monotonic()
    yield
    _SECONDS[request.node.name.removeprefix("test_").replace("_", " ")] = time.monotonic() - began
