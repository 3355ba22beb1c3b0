"""`leanrag gate run --scope=cluster`: its exit code is its answer, but in mode observe it blocks nothing."""

import click
import pytest

from leanrag.cli import gate as module
from leanrag.core.errors import UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.gate import clusterrun
from leanrag.gate.publish import Published
from leanrag.gate.verdict import Verdict

SHA = "a" * 40
GIVEN = ("--scope=cluster", f"--revision={SHA}", "--repository=https://git.example.com/x.git", "--cluster=dev")


def verdict(outcome, mode):
    moment = "2026-11-21T08:00:00Z"
    return Verdict(
        "dev-1", "cluster", "dev", "dev", SHA, False, None, mode, outcome, "because", (), start=moment, end=moment
    )


@pytest.fixture
def run(monkeypatch):
    asked = []

    def call(*options, outcome=Outcome.PASS, mode="full", problem="", error=None):
        def gate_cluster(given, page):
            asked.append(given)
            if error:
                raise error
            return Published(verdict(outcome, mode), "verdict-1", "", problem)

        monkeypatch.setattr(clusterrun, "gate_cluster", gate_cluster)
        monkeypatch.setattr(module, "REPORTERS", {"text": lambda _: "text", "html": lambda _: "html"})
        return module.gate_group.main(["run", *options], standalone_mode=False)

    call.asked = asked
    return call


@pytest.mark.parametrize(
    ("outcome", "code"), [(Outcome.PASS, 0), (Outcome.FAIL, 1), (Outcome.INCONCLUSIVE, 2), (Outcome.NOT_RUN, 2)]
)
def test_the_exit_code_is_the_answer(run, outcome, code):
    assert run(*GIVEN, outcome=outcome) == code


@pytest.mark.parametrize("outcome", list(Outcome))
def test_observe_blocks_nothing(run, outcome, capsys):
    assert run(*GIVEN, "--mode=observe", outcome=outcome, mode="observe") == 0
    assert outcome.value in capsys.readouterr().out


def test_observe_blocks_nothing_even_without_an_answer(run, capsys):
    assert run(*GIVEN, "--mode=observe", error=UnreachableError("git fetch: no route")) == 0
    assert "git fetch: no route" in capsys.readouterr().err


def test_without_an_answer_another_mode_is_an_error(run):
    with pytest.raises(UnreachableError):
        run(*GIVEN, error=UnreachableError("git fetch: no route"))


def test_a_verdict_that_the_cluster_does_not_know_is_no_answer(run, capsys):
    assert run(*GIVEN, problem="the verdict could not be published") == 2
    assert capsys.readouterr().out.splitlines()[-1].startswith("the verdict could not be published")


def test_the_last_line_is_the_verdict_in_one_sentence(run, capsys):
    run(*GIVEN)
    assert capsys.readouterr().out.splitlines()[-1] == f"PASS: dev at {SHA[:12]}: because"


@pytest.mark.parametrize("left_out", ["--revision", "--repository"])
def test_what_a_cluster_run_needs_is_said(run, left_out):
    from leanrag.core.errors import InputError

    with pytest.raises(InputError, match=f"needs {left_out}"):
        run(*(option for option in GIVEN if not option.startswith(left_out)))


def test_the_options_that_the_chart_passes_are_all_known(run, tmp_path):
    options = (
        *("--mode=full", "--trigger=postsync", "--applications=argocd", "--converge-deadline=1800", "--deadline=3600"),
        *("--out=/var/lib/gate", "--tokens=/etc/gate/tokens", "--signing-key=/etc/gate/signing/ed25519.pem"),
        *("--repository-credentials=/etc/gate/repository", "--hub-kubeconfig=/etc/gate/hub/kubeconfig"),
        *("--injected-env=OTEL_", "--injected-env=VAULT_"),
    )
    assert run(*GIVEN, *options) == 0
    given = run.asked[0]
    assert (given.trigger, given.applications, given.injected) == ("postsync", "argocd", ("OTEL_", "VAULT_"))
    assert (given.converge_deadline, given.deadline) == (1800.0, 3600.0)


def test_a_trigger_that_does_not_exist_is_refused(run):
    with pytest.raises(click.ClickException):
        run(*GIVEN, "--trigger=hourly")
