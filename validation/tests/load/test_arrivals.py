"""When an open loop sends: our own lists keep the declared mean, and are what their names say."""

from itertools import pairwise
from statistics import mean, pstdev

import pytest

from leanrag.core.errors import InputError
from leanrag.load.arrivals import offsets
from leanrag.slo.shape import Burst, Recorded, Shape

POISSON = Shape("poisson")
BURST = Shape("burst", burst=Burst(factor=5.0, share=0.2, every=10.0))
RAMP = Shape("ramp", ramp_to=12.0)
SHAPES = [POISSON, BURST, RAMP]


def gaps(times: tuple[float, ...]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.arrivals)
def test_a_list_is_the_same_for_a_seed_and_rises(shape: Shape) -> None:
    first, again, other = (offsets(shape, 4.0, 300, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 300 and first[0] >= 0 and all(gap >= 0 for gap in gaps(first))


def test_a_poisson_list_keeps_its_mean_rate_and_its_gaps_are_exponential() -> None:
    times = offsets(POISSON, 5.0, 4000, 3)
    assert times[-1] <= 800.0 and times[-1] > 795.0
    found = gaps(times)
    # An exponential distribution's standard deviation is its mean; even distances have none.
    assert pstdev(found) / mean(found) == pytest.approx(1.0, abs=0.06)
    assert len({round(gap, 9) for gap in found}) == len(found)


def test_a_burst_is_as_much_faster_as_declared_and_the_mean_stays() -> None:
    times = offsets(BURST, 5.0, 10_000, 3)
    inside = sum(at % 10.0 < 2.0 for at in times)
    # 20 % of the time at 5 times the rate: 1 of 1.8 parts of all requests.
    assert inside / len(times) == pytest.approx(1 / 1.8, abs=0.02)
    assert times[-1] == pytest.approx(2000.0, rel=0.01)


def test_a_ramp_begins_at_the_declared_rate_and_ends_at_the_other() -> None:
    times = offsets(RAMP, 4.0, 16_000, 3)
    assert times[-1] == pytest.approx(2000.0, rel=0.01)
    assert sum(at < 100 for at in times) / 100 == pytest.approx(4.2, rel=0.1)
    assert sum(at > 1900 for at in times) / 100 == pytest.approx(11.8, rel=0.1)


def test_a_ramp_to_its_own_rate_is_flat() -> None:
    assert offsets(Shape("ramp", ramp_to=4.0), 4.0, 50, 3) == pytest.approx(offsets(POISSON, 4.0, 50, 3))


def test_a_recording_keeps_its_gaps_and_takes_the_declared_mean_rate() -> None:
    shape = Shape("replay", recording=(Recorded(10, 1, 1), Recorded(11, 1, 1), Recorded(14, 1, 1), Recorded(99, 1, 1)))
    assert offsets(shape, 2.0, 3, 0) == pytest.approx((0.0, 0.25, 1.0))


@pytest.mark.parametrize("count", [1, 4])
def test_a_recording_that_is_too_short_sends_nothing(count: int) -> None:
    shape = Shape("replay", recording=(Recorded(0, 1, 1), Recorded(1, 1, 1), Recorded(2, 1, 1)))
    with pytest.raises(InputError, match=rf"{count} are to be sent"):
        offsets(shape, 2.0, count, 0)


def test_steady_is_even() -> None:
    assert offsets(Shape(), 4.0, 3, 0) == (0.0, 0.25, 0.5)
