"""An engine that counted what the client counted is evidence, and an engine that is silent changes no decision."""

import shutil

import pytest

from leanrag.core.outcome import Outcome
from leanrag.engine.recording import write_snapshots
from leanrag.load import runs
from leanrag.load.commands import judge_report

from .recorded import MODEL, REPORT, SLO, STAGE, around


@pytest.fixture
def folder(tmp_path):
    shutil.copy(REPORT, tmp_path / "guidellm.json.gz")
    return tmp_path


def judged(folder, snapshots):
    write_snapshots(folder / runs.ENGINE, snapshots)
    found = judge_report(folder / "guidellm.json.gz", SLO, MODEL)
    return found.outcome, next(item for item in found.evidence if item.name == "engine metrics")


def test_an_engine_that_counted_the_same_requests_is_evidence(folder):
    outcome, item = judged(folder, around(5.0, 5.0 + STAGE.made.successful))
    assert (outcome, item.outcome) == (Outcome.PASS, Outcome.PASS)


def test_an_engine_that_others_used_too_is_no_evidence(folder):
    outcome, item = judged(folder, around(0.0, 1000.0))
    assert (outcome, item.outcome) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert "others used it" in item.reason


@pytest.mark.parametrize(
    ("snapshots", "why"),
    [
        (around(None, None), "does not say how many requests"),
        ((), "not read both before and after"),
        (around(1.0, 2.0, 3.0, 4.0, started=(1.0, 2.0, 1.0, 2.0)), "several engines answer at one address"),
        (around(9.0, 1.0, 9.0, 1.0, 9.0, 1.0, started=(None,) * 6), "several engines answer at one address"),
    ],
    ids=["without-counters", "never-scraped", "in-turns", "in-turns-without-a-start"],
)
def test_an_engine_that_cannot_be_held_against_the_client_changes_no_decision(folder, snapshots, why):
    outcome, item = judged(folder, snapshots)
    assert (outcome, item.outcome) == (Outcome.PASS, Outcome.NOT_RUN)
    assert why in item.reason


@pytest.mark.parametrize("started", [(1.0, 2.0), (None, None)])
def test_an_engine_that_started_again_is_no_evidence(folder, started):
    outcome, item = judged(folder, around(900.0, 3.0, started=started))
    assert (outcome, item.outcome) == (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert "started again" in item.reason
