"""The moments at which an open loop sends, as a list of ours: the same for the same seed, whatever runs the workers.

GuideLLM 0.8.1's own Poisson profile gives each worker the same seed, so that with several every gap repeats.
"""

import math
import random
from collections.abc import Callable

from leanrag.core.errors import InputError
from leanrag.slo.shape import Burst, Shape, between

# From how much of the traffic has come (in requests) to when (in seconds since the start).
Clock = Callable[[float], float]


def offsets(shape: Shape, rate: float, count: int, seed: int) -> tuple[float, ...]:
    """Return when each of `count` requests is sent, in seconds since the start; `rate` a second is the mean.

    A ramp begins with that rate.

    `count` points thrown evenly over the traffic and sorted are a Poisson process that keeps its number, and so its
    mean rate; bursts and ramps bend the clock it runs by (time-change of a Poisson process). Raises InputError when a
    recording is too short.
    """
    if shape.arrivals == "steady":
        return tuple(index / rate for index in range(count))
    if shape.arrivals == "replay":
        return _recorded(shape, rate, count)
    clock = _clock(shape, rate, count)
    draw = random.Random(f"arrivals {seed}")
    return tuple(clock(mass) for mass in sorted(draw.uniform(0.0, count) for _ in range(count)))


def _clock(shape: Shape, rate: float, count: int) -> Clock:
    if shape.burst is not None:
        return _bursts(shape.burst, rate)
    if shape.ramp_to is not None:
        return _ramp(rate, shape.ramp_to, count)
    return lambda mass: mass / rate


def _bursts(burst: Burst, rate: float) -> Clock:
    low = between(burst, rate)
    high, long = low * burst.factor, burst.every * burst.share

    def clock(mass: float) -> float:
        periods, rest = divmod(mass, rate * burst.every)
        inside = rest / high if rest <= high * long else long + (rest - high * long) / low
        return periods * burst.every + inside

    return clock


def _ramp(start: float, end: float, count: int) -> Clock:
    seconds = 2.0 * count / (start + end)
    steep = (end - start) / seconds

    def clock(mass: float) -> float:
        # The root of start*t + steep*t^2/2 = mass, in the form that does not cancel for a flat ramp.
        return 2.0 * mass / (start + math.sqrt(max(0.0, start * start + 2.0 * steep * mass)))

    return clock


def _recorded(shape: Shape, rate: float, count: int) -> tuple[float, ...]:
    rows = shape.recording[:count]
    if len(rows) < count or rows[-1].at <= rows[0].at:
        raise InputError(
            f"the recording holds {len(rows)} requests of different moments, {count} are to be sent",
            hint="lower traffic.requests, or record more",
        )
    scale = (count - 1) / rate / (rows[-1].at - rows[0].at)
    return tuple((row.at - rows[0].at) * scale for row in rows)
