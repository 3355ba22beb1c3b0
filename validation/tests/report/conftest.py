"""Sample verdicts: whole files named for what they show; their figures come from recorded GuideLLM 0.8.1 reports."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

VERDICTS = Path(__file__).parent / "verdicts"
NAMES = ("pass", "fail-slow", "inconclusive-few-requests")


@pytest.fixture
def verdict() -> Callable[[str], dict[str, Any]]:
    return lambda name: json.loads((VERDICTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def verdict_file() -> Callable[[str], Path]:
    return lambda name: VERDICTS / f"{name}.json"


@pytest.fixture(params=NAMES)
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    return json.loads((VERDICTS / f"{request.param}.json").read_text(encoding="utf-8"))


@pytest.fixture
def nothing_measured(verdict: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """A verdict whose smoke step failed, so that no load was run."""
    document = verdict("fail-slow")
    empty = dict.fromkeys(("violations", "estimate", "allowed", "interval", "required")) | {"n": 0}
    why = {"outcome": "INCONCLUSIVE", "reason": "no result: load: smoke failed"}
    document |= {"objectives": [entry | empty | why for entry in document["objectives"]]}
    return document | {"distributions": [], "evidence": []}
