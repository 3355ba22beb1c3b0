"""Promises share the errors of their gate so that the gate keeps its own."""

import pytest

from leanrag.slo.alpha import Levels, levels
from leanrag.slo.objectives import ShareAlpha


@pytest.mark.parametrize("method", ["none", "holm", "bonferroni"])
def test_a_false_pass_is_never_divided_and_a_false_block_is(method: ShareAlpha) -> None:
    assert levels(0.95, 1, method) == Levels(0.05, 0.05)
    assert levels(0.95, 4, method) == Levels(0.05, 0.05 if method == "none" else 0.0125)


def test_false_blocks_of_all_promises_add_up_to_the_gates() -> None:
    assert sum(levels(0.99, 7, "bonferroni").false_block for _ in range(7)) == pytest.approx(0.01)
