"""The arithmetic of the plots: within the budget is left, over it is right, and nothing leaves the field."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.report import plot

SHARE = st.floats(0, 1)
ALLOWED = st.floats(0.0001, 0.5)
VALUES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)


@pytest.mark.parametrize(("share", "place"), [(0, 0), (0.025, 0.25), (0.05, 0.5), (1, 1)])
def test_the_budget_scale_has_its_fixed_points(share, place):
    assert plot.budget_position(share, 0.05) == pytest.approx(place)


@given(SHARE, SHARE, ALLOWED)
def test_a_larger_share_is_never_further_left(one, other, allowed):
    low, high = sorted((one, other))
    assert 0 <= plot.budget_position(low, allowed) <= plot.budget_position(high, allowed) <= 1


@given(SHARE, ALLOWED)
def test_only_what_is_over_the_allowed_share_is_right_of_the_line(share, allowed):
    assert (plot.budget_position(share, allowed) <= 0.5) == (share <= allowed * (1 + 1e-12))


def test_with_nothing_allowed_any_violation_is_at_the_far_end():
    assert (plot.budget_position(0, 0), plot.budget_position(0.01, 0)) == (0.5, 1.0)


@given(VALUES, st.one_of(st.none(), st.floats(0.001, 1e6)))
def test_every_value_and_the_limit_are_on_the_axis(values, limit):
    scale = plot.axis(values, limit)
    shown = values if limit is None else [*values, limit]
    assert all(scale.low <= value <= scale.high for value in shown)
    assert all(0 <= scale.at(value) <= 1 for value in shown)


@given(VALUES)
def test_ticks_lie_on_the_axis_in_order(values):
    scale = plot.axis(values, None)
    found = plot.ticks(scale)
    assert list(found) == sorted(set(found))
    assert all(scale.low <= tick <= scale.high * (1 + 1e-9) for tick in found)


def test_a_wide_range_is_logarithmic_and_a_narrow_one_is_not():
    assert plot.axis([10, 1000], None).log
    assert not plot.axis([100, 150], 200).log
    assert plot.axis([100, 150], 50_000).log


@pytest.mark.parametrize("values", [[], [0, 0]])
def test_an_axis_without_anything_to_show_still_exists(values):
    assert plot.axis(values, None) == plot.Axis(0.0, 1.0, False)


def test_the_ecdf_rises_to_the_top_and_counts_every_value():
    path = plot.ecdf_path([30, 10, 20, 40], plot.Axis(0, 50, False))
    assert path == "M0 1000H200V750H400V500H600V250H800V0H1000"
    assert plot.ecdf_path([], plot.Axis(0, 1, False)) == ""


@given(VALUES)
def test_the_ecdf_never_falls_and_never_turns_back(values):
    path = plot.ecdf_path(values, plot.axis(values, None))
    across = [float(number) for number in re.findall(r"H([\d.]+)", path)]
    up = [float(number) for number in re.findall(r"V([\d.]+)", path)]
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)
    assert up[-1] == 0


@given(VALUES, st.floats(1, 99.9))
def test_the_percentile_covers_its_share_and_no_smaller_value_does(values, percent):
    found = plot.percentile(values, percent)
    assert sum(v <= found for v in values) >= len(values) * percent / 100 - 1e-6
    assert sum(v < found for v in values) < len(values) * percent / 100 + 1e-6


def test_percentiles_of_known_values():
    values = list(range(1, 101))
    assert [plot.percentile(values, p) for p in (1, 50, 95, 99.9)] == [1, 50, 95, 100]
    assert plot.percentile([], 95) is None


def test_small_values_on_a_log_axis_are_clipped_not_broken():
    assert plot.axis([1, 1000], None).at(0) == 0.0
    assert math.isfinite(plot.Axis(0.5, 2000, True).at(1e-9))
