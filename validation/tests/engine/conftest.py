"""What an engine said once, and the same a while later."""

from pathlib import Path

import pytest

from leanrag.engine.exposition import Series
from leanrag.engine.snapshot import Snapshot, snapshot

RECORDED = Path(__file__).parent / "metrics" / "vllm-0.32.0.prom"


@pytest.fixture(scope="session")
def text() -> str:
    return RECORDED.read_text()


@pytest.fixture
def recorded(text) -> Snapshot:
    return snapshot(text, 1000.0)


@pytest.fixture
def later(recorded):
    """The recorded engine `seconds` later, with some readings changed: a number adds, a callable maps the old one."""

    def at(seconds: float, changes: dict[str, float], base: Snapshot = recorded) -> Snapshot:
        samples = dict(base.samples)
        for each in base.samples:
            for name, by in changes.items():
                if each.name == name or str(each).startswith(name):
                    samples[each] = samples[each] + by
        return Snapshot(base.moment + seconds, samples)

    return at


@pytest.fixture
def key():
    def of(name: str, **labels: str) -> Series:
        return Series(name, tuple(sorted({"engine": "0", "model_name": "small", **labels}.items())))

    return of
