"""The optional shape of traffic: what it means, and what it must not be."""

from typing import Any

import pytest
from pydantic import ValidationError

from leanrag.slo.shape import STEADY, Burst, Prefix, Recorded, Shape, ShapeBlock, peak, problems

RECORDING = [[0.0, 100, 10], [1.0, 200, 20], [1.5, 50, 5]]


def lines(rate: float | None = 4.0, sent: int = 3, **block: Any) -> str:
    return "\n".join(problems(ShapeBlock(**block).shape(), rate, sent, 150.0))


def test_without_the_key_traffic_is_steady() -> None:
    assert ShapeBlock().shape() == STEADY and not STEADY.scheduled and not STEADY.mixed
    assert list(problems(STEADY, None, 100, 150.0)) == [] == list(problems(STEADY, 4.0, 100, 150.0))


def test_a_shape_says_in_words_what_it_is() -> None:
    shape = Shape("poisson", prefix=Prefix(0.75, 8), spread=0.5)
    assert shape.name == "poisson, 8 shared prefixes, mixed lengths"


def test_a_recording_is_read_as_moments_and_lengths() -> None:
    shape = ShapeBlock(arrivals="replay", recording=RECORDING).shape()
    assert (
        shape.recording[1] == Recorded(1.0, 200, 20)
        and shape.mixed
        and not lines(arrivals="replay", recording=RECORDING)
    )


@pytest.mark.parametrize(
    ("block", "rate", "words"),
    [
        ({"arrivals": "poisson"}, None, "needs traffic.profile constant"),
        ({"arrivals": "burst"}, 4.0, "burst: is missing"),
        ({"burst": {"factor": 2.0, "share": 0.1, "everySeconds": 5.0}}, 4.0, "needs arrivals: burst"),
        ({"arrivals": "ramp"}, 4.0, "rampTo: is missing"),
        ({"rampTo": 8.0}, 4.0, "needs arrivals: ramp"),
        ({"arrivals": "ramp", "rampTo": 200.0}, 4.0, "200/s at its peak"),
        ({"recording": RECORDING}, 4.0, "needs arrivals: replay"),
        ({"arrivals": "replay", "recording": RECORDING[:2]}, 4.0, "holds 2 requests, 3 are sent"),
        ({"arrivals": "replay", "recording": RECORDING, "spread": 0.5}, 4.0, "has lengths of its own"),
        ({"arrivals": "replay", "recording": RECORDING[::-1]}, 4.0, "must rise"),
        ({"arrivals": "replay", "recording": [[1.0, 9, 9]] * 3}, 4.0, "must rise, and not all be one"),
        ({"arrivals": "replay", "recording": [[0.0, 0, 9], *RECORDING[1:]]}, 4.0, "at least one token"),
    ],
)
def test_an_impossible_shape_is_refused_with_its_key(block: dict[str, Any], rate: float | None, words: str) -> None:
    assert words in lines(rate, **block)


@pytest.mark.parametrize(
    "block",
    [
        {"arrivals": "random"},
        {"spread": 1.5},
        {"spread": float("nan")},
        {"prefix": {"share": 1.0, "documents": 1}},
        {"prefix": {"share": 0.5, "documents": 0}},
        {"burst": {"factor": 1.0, "share": 0.5, "everySeconds": 1.0}},
        {"recording": [[0.0, 1]]},
        {"documents": 3},
    ],
)
def test_a_wrong_value_never_becomes_a_shape(block: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShapeBlock(**block)


def test_the_peak_of_a_burst_is_what_keeps_its_mean() -> None:
    burst = Burst(factor=5.0, share=0.2, every=10.0)
    high = peak(Shape("burst", burst=burst), 4.0)
    assert high * 0.2 + high / 5 * 0.8 == pytest.approx(4.0)
