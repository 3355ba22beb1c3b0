"""What GuideLLM is told, and what it is not told."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from leanrag.core.errors import StoppedError, ToolError
from leanrag.core.outcome import Outcome
from leanrag.load import prompts, runner, scenario
from leanrag.load.prompts import Ask
from leanrag.load.scenario import RATE_LABEL, SCENARIO_LABEL, SHAPE_LABEL, Work
from leanrag.slo.objectives import Traffic
from leanrag.slo.shape import Burst, Prefix, Shape

CONSTANT = Traffic("constant", 320, 256, 64, 30.0, 16, 120.0, rate=4.0)
CONCURRENT = Traffic("concurrent", 320, 256, 64, 30.0, 16, 120.0, streams=64)
SECRET = "sk-not-in-any-file"


def spec(traffic: Traffic) -> Any:
    return scenario.scenario("http://m:8000", "granite", traffic, 7, Work(Path("/w")), {"revision": "abc"})["spec"]


def test_the_dangerous_defaults_are_not_left() -> None:
    backend = spec(CONSTANT)["backend"]
    assert {key: backend[key] for key in ("timeout", "verify", "follow_redirects", "stream")} == {
        "timeout": 30.0,
        "verify": True,
        "follow_redirects": False,
        "stream": True,
    }
    assert spec(CONSTANT)["seed"] == {"kind": "static", "value": 7}


def test_the_profile_is_the_declared_one_and_ends_after_warm_up_and_requests() -> None:
    assert spec(CONSTANT)["profile"] == {"kind": "constant", "rate": 4.0}
    assert spec(CONCURRENT)["profile"] == {"kind": "concurrent", "streams": 64}
    limits = {one["kind"]: one for one in spec(CONSTANT)["constraints"]}
    assert limits["max_requests"]["count"] == 336 and limits["max_duration"]["seconds"] == 120.0
    assert limits["over_saturation"]["mode"] == "monitor"
    assert scenario.deadline(CONSTANT) == 180.0


def test_a_list_of_moments_is_replayed_by_its_own_times_and_ends_with_its_last_request() -> None:
    told = scenario.scenario("http://m", "g", CONSTANT, 7, Work(Path("/w")), {}, shape=Shape("poisson"))
    content: Any = told["spec"]
    assert content["profile"] == {"kind": "replay", "schedule_turn": "timestamp"}
    assert "max_requests" not in {one["kind"] for one in content["constraints"]}


def test_a_run_that_may_end_early_is_ended_by_growing_queues() -> None:
    told: Any = scenario.scenario("http://m", "g", CONSTANT, 7, Work(Path("/w")), {}, enforce=True)["spec"]
    watched = next(one for one in told["constraints"] if one["kind"] == "over_saturation")
    assert watched == {"kind": "over_saturation", "mode": "enforce", "min_seconds": scenario.ENFORCED_AFTER}


def test_a_report_names_its_traffic_by_labels_that_a_caller_cannot_forge() -> None:
    told: Any = scenario.scenario(
        "http://m", "g", CONSTANT, 7, Work(Path("/w")), {RATE_LABEL: "9", "run": "x"}, shape=Shape("poisson")
    )["metadata"]
    assert (told["labels"][RATE_LABEL], told["labels"][SHAPE_LABEL], told["labels"]["run"]) == ("4", "poisson", "x")


def test_the_scenarios_name_changes_with_traffic_and_shape_and_not_with_the_seed() -> None:
    same = [scenario.scenario("http://m", "g", CONSTANT, seed, Work(Path("/w")), {})["metadata"] for seed in (1, 2)]
    assert same[0] == same[1] == {"labels": {SCENARIO_LABEL: scenario.fingerprint(CONSTANT)}}
    names = {
        scenario.fingerprint(CONSTANT, shape) for shape in (Shape(), Shape(spread=0.1), Shape(prefix=Prefix(0.5, 2)))
    }
    assert len(names | {scenario.fingerprint(CONCURRENT)}) == 4


def test_workers_follow_the_peak_and_every_listed_request_can_be_held() -> None:
    slow = Traffic("constant", 320, 256, 64, 30.0, 16, 120.0, rate=10.0)
    burst = Shape("burst", burst=Burst(5.0, 0.1, 10.0))
    env = scenario.environment(slow, Work(Path("/w")), shape=burst)
    assert (env["GUIDELLM__MAX_WORKER_PROCESSES"], env["GUIDELLM__MAX_CONCURRENCY"]) == ("2", "336")
    assert "GUIDELLM__MAX_CONCURRENCY" not in scenario.environment(slow, Work(Path("/w")))


def test_the_environment_is_closed_and_holds_the_key_that_nothing_else_holds() -> None:
    work = Work(Path("/w"))
    with patch.dict(os.environ, {"HTTPS_PROXY": "http://p", "GUIDELLM__MAX_CONCURRENCY": "1", "HF_TOKEN": "t"}):
        env = scenario.environment(CONSTANT, work, SECRET)
    assert not {"HTTPS_PROXY", "GUIDELLM__MAX_CONCURRENCY", "HF_TOKEN"} & set(env)
    assert (env["HOME"], env["HF_HUB_OFFLINE"], env["GUIDELLM__MAX_WORKER_PROCESSES"]) == ("/w/home", "1", "1")
    assert scenario.environment(CONCURRENT, work)["GUIDELLM__MAX_WORKER_PROCESSES"] == "2"
    assert SECRET in env.values()
    assert SECRET not in " ".join(scenario.argv(Path("guidellm"), work)) + json.dumps(spec(CONSTANT))


def test_prompts_are_the_same_for_a_seed_and_share_nothing_between_seeds() -> None:
    first, again, other = (prompts.prompts(seed, 300, 64) for seed in (1, 1, 2))
    assert first == again
    assert len({text.split()[0] for text in (*first, *other)}) == 600
    assert all(len(text.split()) == 64 - prompts.SALT_TOKENS + 1 for text in first)


def test_another_run_of_the_same_revision_has_another_seed() -> None:
    assert prompts.seed_of("abc", "1") == prompts.seed_of("abc", "1") != prompts.seed_of("abc", "2")
    assert 0 <= prompts.seed_of("abc", "1") < 2**31


def test_every_row_of_the_prompt_file_asks_for_its_output_tokens() -> None:
    rows = list(csv.DictReader(io.StringIO(prompts.as_csv((Ask('a "b", c', 32), Ask("d", 7))))))
    assert rows == [
        {"prompt": 'a "b", c', "output_tokens_count": "32"},
        {"prompt": "d", "output_tokens_count": "7"},
    ]


def program(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "guidellm"
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then echo "guidellm version: 0.8.1"; exit 0; fi\n{body}\n')
    path.chmod(0o755)
    return path


def test_another_version_of_guidellm_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "guidellm"
    other.write_text('#!/bin/sh\necho "guidellm version: 0.7.3"\n')
    other.chmod(0o755)
    with pytest.raises(ToolError, match=r"GuideLLM 0\.7\.3, not 0\.8\.1"):
        runner.check_version(other)


def test_a_program_is_asked_for_its_version_once_until_it_changes(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    same = program(tmp_path, "")
    same.write_text(same.read_text().replace("then", f"then echo >> {asked};"))
    runner.check_version(same)
    runner.check_version(same)
    os.utime(same, ns=(1, 1))
    runner.check_version(same)
    assert len(asked.read_text().splitlines()) == 2


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot start"):
        runner.check_version(tmp_path / "none")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo 'RuntimeError: no server' >&2; exit 1", "GuideLLM wrote no report (exit 1): RuntimeError: no server"),
        ("exit 0", "GuideLLM wrote no report (exit 0)"),
        ("echo '{\"metadata\": {' > guidellm.json; exit 0", "the report is cut off"),
        ('echo \'{"metadata": {"version": 3, "guidellm_version": "0.8.1"}}\' > guidellm.json', "schema 3"),
    ],
)
def test_without_a_readable_report_there_is_no_answer(tmp_path: Path, body: str, words: str) -> None:
    out = tmp_path / "out"
    result = runner.run_load("http://m", "g", CONSTANT, seed=1, out=out, guidellm=program(tmp_path, body))
    assert result.outcome is Outcome.INCONCLUSIVE and words in result.reason
    assert "report" not in result.facts


def test_an_old_report_is_not_taken_for_this_runs(tmp_path: Path) -> None:
    (tmp_path / "guidellm.json").write_text("{}")
    (tmp_path / "guidellm.json.gz").write_text("{}")
    result = runner.run_load("http://m", "g", CONSTANT, seed=1, out=tmp_path, guidellm=program(tmp_path, "exit 0"))
    assert "wrote no report" in result.reason
    assert not (tmp_path / "guidellm.json.gz").exists()


def test_a_run_beyond_its_deadline_is_no_answer(tmp_path: Path) -> None:
    guidellm = program(tmp_path, "sleep 60")
    with patch.object(scenario, "deadline", return_value=0.3):
        result = runner.run_load("http://m", "g", CONSTANT, seed=1, out=tmp_path, guidellm=guidellm)
    assert result.outcome is Outcome.INCONCLUSIVE and "did not end within" in result.reason


def test_a_signal_is_the_callers_to_answer(tmp_path: Path) -> None:
    guidellm = program(tmp_path, "exit 0")
    with (
        patch.object(runner, "check_version"),
        patch.object(runner, "run", side_effect=StoppedError("SIGTERM")),
        pytest.raises(StoppedError, match="SIGTERM"),
    ):
        runner.run_load("http://m", "g", CONSTANT, seed=1, out=tmp_path, guidellm=guidellm)
    assert not (tmp_path / "home").exists()
