"""The real GuideLLM against a server of known latency: from traffic to judgement, nothing in between replaced."""

import importlib.util
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leanrag.core.files import cache_dir
from leanrag.core.outcome import Outcome
from leanrag.load import kept, prompts
from leanrag.load.chunks import run_chunks
from leanrag.load.judge import Judgement, judge
from leanrag.load.reader import read
from leanrag.load.runner import run_load
from leanrag.load.scenario import SCENARIO_LABEL, fingerprint
from leanrag.slo.objectives import Objective, Traffic
from leanrag.slo.shape import Burst, Prefix, Shape

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


def test_two_workers_send_our_own_list_as_planned(tmp_path: Path) -> None:
    """GuideLLM's own Poisson profile repeats every gap here, and is 44 % too fast."""
    traffic = replace(RATE, rate=25.0, requests=140)
    shape = Shape("burst", burst=Burst(factor=4.0, share=0.25, every=2.0), prefix=Prefix(0.5, 3), spread=0.3)
    planned = prompts.plan(traffic, shape, 11)
    step, _, seen = measure(server.Behaviour(), traffic, tmp_path, shape=shape)
    stage = kept.read(Path(str(step.facts["report"]))).stages[0]
    assert (stage.name, stage.workers) == ("burst, 3 shared prefixes, mixed lengths 25/s", 2)
    assert "dataset_incomplete" not in {one.code for one in stage.warnings}
    # Of a hundred, GuideLLM may lose the last word of one; the server saw them all.
    moments = {round(row.targeted - min(one.targeted for one in stage.rows), 3) for row in stage.rows}
    assert len(moments - {round((ask.at or 0) - (planned[0].at or 0), 3) for ask in planned}) <= len(stage.rows) // 50
    assert 0 <= len(planned) - len(stage.rows) <= 2
    assert Counter(body["max_completion_tokens"] for body in seen.bodies) == Counter(
        one.output_tokens for one in planned
    )
    assert {text(body) for body in seen.bodies} == {one.prompt for one in planned}
    assert stage.client is not None and stage.client.cpu_share is not None and 0 < stage.client.cpu_share < 1
    assert stage.client.loop_lag is not None and stage.client.achieved is not None


def text(body: dict[str, Any]) -> str:
    content = body["messages"][0]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@pytest.mark.long
def test_a_run_in_chunks_is_ended_by_a_decision_and_asks_nothing_twice(tmp_path: Path) -> None:
    with server.FakeModel(server.Behaviour()) as model:
        enough = lambda seen: "enough" if len(seen) == 2 else ""  # noqa: E731 - one word
        done = run_chunks(model.url, "tiny", RATE, 11, tmp_path, GUIDELLM, enough, each=40)
    assert (done.outcome, done.reason) == (Outcome.PASS, "enough, after chunk 2 of 3")
    assert len(done.rows) >= 50 and len(model.seen.bodies) == 34 + 33 + 2 * 5 == len(
        {text(body) for body in model.seen.bodies}
    )


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
