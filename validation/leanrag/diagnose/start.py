"""Cold start: the promise is broken at the beginning only, under the same traffic that is well afterwards."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.diagnose.explain import HALF
from leanrag.diagnose.slow import Portrait

# What is left must be able to show that it is well.
FEWEST_LEFT = 20
# Chance that slow requests in random order crowd at the beginning like that, over all places looked at.
CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Start:
    """The first `count` requests and the rest: seconds in the mean, and the shares of them that were slow."""

    count: int
    head: float
    rest: float
    head_slow: float
    rest_slow: float


def cold(seen: Sequence[Portrait], allowed: float) -> Start | None:
    """Return the cold start that explains the symptom, or None.

    After it all is well; of those before it at least half are slow, they are at least half of all slow ones, and that
    is no chance. Of several such places it is the one that tells the slow from the others best.
    """
    slow = [index for index, each in enumerate(seen) if each.slow]
    places = [index + 1 for index in slow if index + 1 <= min(len(seen) / 2, len(seen) - FEWEST_LEFT)]
    starts = [_start(seen[:place], seen[place:]) for place in places]
    explaining = [each for each in starts if explains(each, len(seen), allowed)]
    if not explaining:
        return None
    found = max(explaining, key=lambda each: _told_apart(each, len(seen)))
    early = round(found.head_slow * found.count)
    likely = crowded(early, found.count, len(slow), len(seen)) * len(places)
    return found if likely < CHANCE else None


def explains(start: Start, n: int, allowed: float) -> bool:
    """Whether the slow requests are those of the beginning, and the rest keeps the promise."""
    before, after = start.head_slow * start.count, start.rest_slow * (n - start.count)
    most = start.head_slow >= HALF and before >= HALF * (before + after)
    return most and start.rest_slow <= allowed and start.head > start.rest


def crowded(early: int, count: int, slow: int, n: int) -> float:
    """Return the chance that at least `early` of `slow` requests in `n` are in the first `count` (hypergeometric)."""
    most = min(slow, count)
    return math.fsum(
        math.exp(_choose(count, each) + _choose(n - count, slow - each) - _choose(n, slow))
        for each in range(max(early, slow - (n - count)), most + 1)
    )


def _choose(n: int, k: int) -> float:
    """Return the logarithm of a binomial coefficient."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _told_apart(start: Start, n: int) -> float:
    """Return the log-likelihood of one share of slow requests before the place and another after it."""
    parts = ((start.count, start.head_slow), (n - start.count, start.rest_slow))
    return sum(count * part * math.log(part) for count, share in parts for part in (share, 1.0 - share) if part > 0.0)


def again(head: Sequence[Portrait], rest: Sequence[Portrait], allowed: float) -> bool:
    """Whether a resample of the beginning and one of the rest say the same."""
    return explains(_start(head, rest), len(head) + len(rest), allowed)


def _start(head: Sequence[Portrait], rest: Sequence[Portrait]) -> Start:
    return Start(len(head), _mean(head), _mean(rest), _slow(head), _slow(rest))


def _mean(seen: Sequence[Portrait]) -> float:
    return sum(each.value for each in seen) / len(seen)


def _slow(seen: Sequence[Portrait]) -> float:
    return sum(each.slow for each in seen) / len(seen)
