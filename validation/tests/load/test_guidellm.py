"""The real GuideLLM against a server of known latency: from traffic to judgement, nothing in between replaced."""

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.files import cache_dir
from leanrag.core.outcome import Outcome
from leanrag.load.judge import Judgement, judge
from leanrag.load.reader import read
from leanrag.load.runner import run_load
from leanrag.load.scenario import SCENARIO_LABEL, fingerprint
from leanrag.slo.objectives import Objective, Traffic

# Tests are imported by file (importlib mode), so a helper beside them is too.
_SPEC = importlib.util.spec_from_file_location("fake_model_server", Path(__file__).with_name("server.py"))
assert _SPEC and _SPEC.loader
server: Any = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = server
_SPEC.loader.exec_module(server)

GUIDELLM = Path(os.environ.get("LEANRAG_GUIDELLM") or cache_dir() / "venvs" / "guidellm" / "bin" / "guidellm")
pytestmark = [
    pytest.mark.guidellm,
    pytest.mark.skipif(not GUIDELLM.is_file(), reason=f"no GuideLLM at {GUIDELLM}; set LEANRAG_GUIDELLM"),
]
# First token after 50 ms, then 5 ms a token: 11 gaps, 105 ms in all. The limits leave room for a busy machine.
STREAMS = Traffic("concurrent", 100, 40, 12, 10.0, 8, 60.0, streams=4)
RATE = Traffic("constant", 100, 40, 12, 10.0, 5, 60.0, rate=10.0)
GENEROUS = (
    Objective("ttft", 2000, "ms", 0.95, 90),
    Objective("itl", 500, "ms", 0.95, 90),
    Objective("e2e", 5, "s", 0.95, 90),
    Objective("errorRate", 0.05, "share", 0.95),
    Objective("availability", 0.95, "share", 0.95),
)


def measure(behaviour: Any, traffic: Traffic, out: Path, **more: Any) -> tuple[Any, Judgement | None, Any]:
    with server.FakeModel(behaviour) as model:
        step = run_load(model.url, more.pop("model", "tiny"), traffic, 11, out, GUIDELLM, **more)
    if "report" not in step.facts:
        return step, None, model.seen
    return step, judge(read(Path(str(step.facts["report"]))), GENEROUS, traffic, "tiny"), model.seen


@pytest.mark.parametrize("traffic", [pytest.param(STREAMS, marks=pytest.mark.long), RATE], ids=["streams", "rate"])
def test_a_good_server_passes_and_was_asked_what_was_declared(traffic: Traffic, tmp_path: Path) -> None:
    key = "12345"  # GuideLLM's settings would read it as a number
    behaviour = server.Behaviour(api_key=key)
    step, found, seen = measure(behaviour, traffic, tmp_path, api_key=key, labels={"revision": "abc"})
    assert step.outcome is Outcome.PASS, step.reason
    assert found is not None and found.outcome is Outcome.PASS, found
    assert [result.n for result in found.objectives] == [100] * 5
    assert 50 <= (found.objectives[0].estimate or 0) < 2000 and 5 <= (found.objectives[1].estimate or 0) < 500
    assert len(seen.bodies) == traffic.sent == len({str(body["messages"]) for body in seen.bodies})
    assert {(b["max_completion_tokens"], b["ignore_eos"], b["stream"]) for b in seen.bodies} == {(12, True, True)}
    report = read(Path(str(step.facts["report"])))
    assert (report.seed, report.model) == (11, "tiny")
    assert report.labels == {"revision": "abc", SCENARIO_LABEL: fingerprint(traffic)}
    assert not any(key.encode() in path.read_bytes() for path in (tmp_path / "scenario.json", tmp_path / "prompts.csv"))
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("behaviour", "model", "outcome", "words"),
    [
        pytest.param({"status": 500}, "tiny", Outcome.FAIL, "requests failed", marks=pytest.mark.long),
        ({"cut_after": 2}, "tiny", Outcome.FAIL, "requests failed"),
        pytest.param({}, "another", Outcome.FAIL, "404", marks=pytest.mark.long),
        pytest.param({"tokens": 3}, "tiny", Outcome.INCONCLUSIVE, "answers have 12 tokens", marks=pytest.mark.long),
    ],
    ids=["http-500", "cut-stream", "wrong-model", "short-output"],
)
def test_a_bad_server_never_passes(
    behaviour: dict[str, Any], model: str, outcome: Outcome, words: str, tmp_path: Path
) -> None:
    step, found, _ = measure(server.Behaviour(**behaviour), STREAMS, tmp_path, model=model)
    assert found is not None, step.reason
    assert found.outcome is outcome, found.reason
    assert words in found.reason


def test_a_server_that_is_down_is_no_answer(tmp_path: Path) -> None:
    with server.FakeModel() as model:
        url = model.url
    step = run_load(url, "tiny", STREAMS, 1, tmp_path, GUIDELLM)
    assert step.outcome is Outcome.INCONCLUSIVE
    assert "wrote no report (exit 1)" in step.reason and "Could not connect to the server" in step.reason
