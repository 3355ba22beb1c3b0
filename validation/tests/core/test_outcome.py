"""Only PASS may promote, so nothing else may look like it."""

import itertools

import pytest

from leanrag.core.outcome import Outcome, worst


def test_only_pass_exits_zero() -> None:
    assert {outcome: outcome.exit_code for outcome in Outcome} == {
        Outcome.PASS: 0,
        Outcome.FAIL: 1,
        Outcome.INCONCLUSIVE: 2,
        Outcome.NOT_RUN: 2,
    }


def test_nothing_at_all_is_not_run() -> None:
    assert worst([]) is Outcome.NOT_RUN


@pytest.mark.parametrize("outcomes", list(itertools.product(Outcome, repeat=3)))
def test_a_whole_passes_only_when_every_part_passes(outcomes: tuple[Outcome, ...]) -> None:
    assert (worst(outcomes) is Outcome.PASS) == (set(outcomes) == {Outcome.PASS})
    assert (worst(outcomes) is Outcome.FAIL) == (Outcome.FAIL in outcomes)
