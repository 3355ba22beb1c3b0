"""Fixtures of the checks: a store of answers, and a program that nobody edits while it is tested."""

from pathlib import Path

import pytest

from leanrag.checks import run as runs
from leanrag.checks.cache import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def _steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may edit the program while its tests run."""
    monkeypatch.setattr(runs, "program", lambda: "this one")
    monkeypatch.setattr(runs, "rule_set", lambda: "this one")
