"""Promises share the errors of their gate so that the gate keeps its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.slo.alpha import Levels, levels, standing
from leanrag.slo.objectives import ShareAlpha

values = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)


@pytest.mark.parametrize("method", ["none", "holm", "bonferroni"])
def test_a_false_pass_is_never_divided_and_a_false_block_is(method: ShareAlpha) -> None:
    assert levels(0.95, 1, method) == Levels(0.05, 0.05)
    assert levels(0.95, 4, method) == Levels(0.05, 0.05 if method == "none" else 0.0125)


@given(
    keeps=st.lists(st.floats(0.5, 1.0), min_size=1, max_size=5),
    breaks=st.lists(st.floats(0.0, 0.05), min_size=1, max_size=5),
)
def test_more_promises_make_a_false_pass_rarer(keeps: list[float], breaks: list[float]) -> None:
    """Whatever each promise's own chance to pass: the gate passes no more often than the one that errs least."""
    chance = 1.0
    for one in (*keeps, *breaks):
        chance *= one
    assert chance <= min(breaks) <= levels(0.95, len(keeps) + len(breaks), "none").false_pass


def test_false_blocks_of_all_promises_add_up_to_the_gates() -> None:
    assert sum(levels(0.99, 7, "bonferroni").false_block for _ in range(7)) == pytest.approx(0.01)


@given(values=values)
def test_holm_names_at_least_what_bonferroni_names_and_no_gate_more(values: list[float]) -> None:
    holm, bonferroni = standing(values, 0.05, "holm"), standing(values, 0.05, "bonferroni")
    assert all(h or not b for h, b in zip(holm, bonferroni, strict=True))
    assert any(holm) == any(bonferroni)


def test_the_published_example_of_holm() -> None:
    assert standing([0.01, 0.04, 0.03, 0.005], 0.05, "holm") == (True, False, False, True)
    assert standing([0.01, 0.04, 0.03, 0.005], 0.05, "bonferroni") == (True, False, False, True)
    assert standing([0.012, 0.02, 0.005], 0.05, "holm") == (True, True, True)
    assert standing([0.012, 0.02, 0.005], 0.05, "none") == (True, True, True)


@pytest.mark.parametrize("method", ["none", "holm", "bonferroni"])
def test_what_is_no_figure_stands_for_nothing(method: ShareAlpha) -> None:
    assert standing([float("nan")], 0.05, method) == (False,)
    assert standing([], 0.05, method) == ()
