"""Whatever happens during a run, one verdict is written, and it is PASS only when everything required was PASS."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.process import run as run_program
from leanrag.core.result import StepResult
from leanrag.gate.discover import Targets, discover
from leanrag.gate.probe import Engine
from leanrag.gate.reading import read_verdict, schema_problems
from leanrag.gate.revision import Revision
from leanrag.gate.run import run_gate, verdict_path


def outcomes(verdict):
    return {step.name: step.outcome for step in verdict.steps}


def test_all_steps_passing_is_a_pass_and_the_file_says_the_same(plan, steps):
    verdict = run_gate(plan(), steps())
    assert verdict.outcome is Outcome.PASS
    read = read_verdict(verdict_path(plan().out))
    assert read.outcome is Outcome.PASS
    assert read.document == verdict.document()
    assert schema_problems(verdict.document()) == ()
    assert verdict.reason.startswith("The objective is met with 95 % confidence")
    assert list(outcomes(verdict)) == ["converge", "check", "smoke", "load", "judge", "verdict"]


def test_local_scope_lists_converge_as_not_run_and_says_so(plan, steps):
    verdict = run_gate(plan(), steps())
    converge = verdict.steps[0]
    assert (converge.name, converge.outcome) == ("converge", Outcome.NOT_RUN)
    assert converge.reason.startswith("local scope")
    assert verdict.scope == "local"
    assert any(entry.what == "converge" for entry in verdict.skipped)


def test_cluster_scope_without_a_converge_step_is_inconclusive(plan, steps):
    verdict = run_gate(plan(scope="cluster"), steps())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "converge: this gate has no step converge"


@pytest.mark.parametrize("missing", ["check", "smoke", "load", "judge"])
def test_a_required_step_that_is_absent_is_inconclusive(plan, steps, missing):
    verdict = run_gate(plan(), steps(**{missing: None}))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert missing in verdict.reason


@pytest.mark.parametrize("failing", ["check", "smoke", "load", "judge"])
def test_a_failing_step_fails_the_whole(plan, steps, failing):
    verdict = run_gate(plan(), steps(**{failing: Outcome.FAIL}))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith(f"{failing}: {failing} case: {failing} says fail")


def test_a_smoke_failure_stops_load_and_the_verdict_is_still_written(plan, steps):
    verdict = run_gate(plan(), steps(smoke=Outcome.FAIL, load=AssertionError("must not run")))
    assert outcomes(verdict)["load"] is Outcome.NOT_RUN
    assert outcomes(verdict)["judge"] is Outcome.NOT_RUN
    assert verdict.steps[3].reason == "smoke failed, so this could not change the verdict"
    assert read_verdict(verdict_path(plan().out)).outcome is Outcome.FAIL


def test_a_step_that_raises_is_inconclusive_with_its_message(plan, steps):
    verdict = run_gate(plan(), steps(smoke=UnreachableError("http://127.0.0.1:2: nothing listens")))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "smoke: http://127.0.0.1:2: nothing listens"


def test_a_defect_in_a_step_is_inconclusive_and_says_where(plan, steps):
    verdict = run_gate(plan(), steps(load=KeyError("x")))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "unexpected KeyError at conftest.py:" in verdict.reason


def test_a_declared_objective_without_a_result_is_inconclusive(plan, steps):
    silent = StepResult("judge", Outcome.PASS, "nothing to say", 0.0)
    verdict = run_gate(plan(), steps(judge=silent))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.objectives[0].name == "ttft p95"
    assert verdict.reason == "TTFT p95: no result: the judge did not decide it"


def test_a_declared_objective_that_was_not_run_is_inconclusive(plan, steps, objective):
    result = StepResult("judge", Outcome.PASS, "", 0.0, (), {"objectives": [objective(outcome="NOT_RUN")]})
    assert run_gate(plan(), steps(judge=result)).outcome is Outcome.INCONCLUSIVE


def test_a_cluster_with_nothing_to_measure_is_inconclusive(plan, steps, rag):
    only_rag = discover([rag()], None)
    verdict = run_gate(plan(targets=only_rag), steps())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "Git declares no objective" in verdict.reason


def test_a_failing_objective_outweighs_a_passing_judge(plan, steps, objective):
    late = objective(outcome="FAIL", violations=61, limit=2000)
    verdict = run_gate(plan(), steps(judge=StepResult("judge", Outcome.PASS, "", 0.0, (), {"objectives": [late]})))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == ("TTFT p95: 61 of 200 requests slower than 2,000 ms; at most 5 % may be")


@pytest.mark.parametrize("bad", [{"estimate": float("nan")} | {"n": -1}, {"outcome": "GREEN"}, {"extra": 1}])
def test_malformed_objectives_are_never_believed(plan, steps, objective, bad):
    result = StepResult("judge", Outcome.PASS, "", 0.0, (), {"objectives": [objective(**bad)]})
    verdict = run_gate(plan(), steps(judge=result))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "judge: objectives[0]" in verdict.steps[4].reason


def test_another_model_at_the_address_fails(plan, steps):
    verdict = run_gate(plan(ask=lambda _: Engine(("other",))), steps())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason == "verdict: model tiny: before the run the engine served other, not tiny"


def test_an_engine_that_changes_during_the_run_is_noticed(plan, steps):
    seen = iter([Engine(("tiny",), "0.32.0"), Engine(("tiny",), "0.33.0")])
    verdict = run_gate(plan(ask=lambda _: next(seen)), steps())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "changed from 0.32.0 to 0.33.0" in verdict.reason


def test_a_revision_that_changes_during_the_run_is_noticed(plan, steps):
    seen = iter([Revision("a" * 40, False, None), Revision("c" * 40, False, None)])
    verdict = run_gate(plan(revision_now=lambda: next(seen)), steps())
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "changed from aaaaaaaaaaaa to cccccccccccc" in verdict.reason


def test_smoke_mode_sends_no_load_and_asks_for_no_objective(plan, steps):
    verdict = run_gate(plan(mode="smoke"), steps(load=AssertionError("must not run")))
    assert verdict.outcome is Outcome.PASS
    assert outcomes(verdict)["load"] is Outcome.NOT_RUN
    assert verdict.objectives == ()


def test_two_runs_of_one_commit_have_different_seeds(plan, steps):
    assert run_gate(plan(), steps()).seed != run_gate(plan(id="local-2"), steps()).seed


def test_the_deadline_ends_a_step_and_the_verdict_is_written(plan, steps):
    verdict = run_gate(plan(deadline=0.3), steps(smoke=lambda _: time.sleep(30)))
    assert outcomes(verdict)["check"] is Outcome.PASS
    assert verdict.reason == "smoke: the deadline of 0 s for the whole gate was reached"
    assert outcomes(verdict)["load"] is Outcome.NOT_RUN
    assert read_verdict(verdict_path(plan().out)).outcome is Outcome.INCONCLUSIVE


def test_a_step_that_swallows_the_interruption_cannot_pass(plan, steps):
    def swallow(_context):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except Exception:
            return StepResult("smoke", Outcome.PASS, "all well", 0.0)

    verdict = run_gate(plan(), steps(smoke=swallow))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == "smoke: stopped by SIGTERM"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_kills_the_children_and_writes_an_inconclusive_verdict(plan, steps, tmp_path, number):
    pid_file = tmp_path / "pid"
    program = f"import os, pathlib, time; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"

    def long_load(_context):
        killer = f"while [ ! -s {pid_file} ]; do sleep 0.05; done; kill -{int(number)} {os.getpid()}"
        with subprocess.Popen(["sh", "-c", killer]):
            run_program([sys.executable, "-c", program], what="the load generator")
        raise AssertionError("not stopped")

    verdict = run_gate(plan(), steps(load=long_load))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.reason == f"load: stopped by {number.name}"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_failure_seen_before_the_signal_stays_a_failure(plan, steps):
    def interrupted(_context):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    verdict = run_gate(plan(), steps(check=Outcome.FAIL, smoke=interrupted))
    assert verdict.outcome is Outcome.FAIL


def test_a_signal_while_the_verdict_is_written_does_not_tear_it(plan, steps, monkeypatch):
    from leanrag.gate import plan as module

    real = module.write_atomic

    def interrupted(path: Path, text: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        real(path, text)

    monkeypatch.setattr(module, "write_atomic", interrupted)
    run_gate(plan(), steps())
    assert read_verdict(verdict_path(plan().out)).document is not None


def test_a_folder_that_cannot_be_written_is_one_sentence(plan, steps, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run_gate(plan(out=tmp_path / "file"), steps())


def test_tokens_never_reach_the_verdict(plan, steps, chat):
    auth = {"secretName": "engine", "secretKey": "key"}
    secret: Targets = discover([chat(auth=auth)], None, {"engine/key": "s3cret-t0ken"})
    assert secret.models[0].token == "s3cret-t0ken"
    verdict = run_gate(plan(targets=secret), steps())
    assert "s3cret" not in verdict.text()
    assert "s3cret" not in repr(secret)
