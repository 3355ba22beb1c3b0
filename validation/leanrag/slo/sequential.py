"""The three-way sequential test: it stops as soon as the violations seen decide, and its errors are computed.

Whoever declares a zone says: a service that breaks the promise for at most `good` of its requests should pass, one that
breaks it for at least `bad` should not, between them either answer is right. The test counts violations: after n
requests it passes at or under one line and fails at or over another; at the cap what lies between is undecided. The
lines are parallel, as in Wald's sequential probability ratio test (Annals of Mathematical Statistics 16, 1945). Wald's
own distances know neither the cap nor the jump over the line; ours are found by summing over every course that a run
can take. One violation more turns no decision from FAIL towards PASS, so the errors at `good` and `bad` are the largest
that any share outside the zone has.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from statistics import NormalDist

from leanrag.core.errors import InputError
from leanrag.slo.binomial import MOST, at_least, at_most, certain_failure, proves_within, required
from leanrag.slo.lines import Boundaries, Operating, drawn, operating, silent
from leanrag.slo.objectives import Zone
from leanrag.slo.walk import Walk, walk

__all__ = [
    "FIRST",
    "Boundaries",
    "Operating",
    "Walk",
    "boundaries",
    "extended",
    "fixed",
    "fixed_n",
    "operating",
    "walk",
]

# No look earlier: correlation cannot be measured in fewer requests.
FIRST = 50
# The least step of a line, as a log-likelihood ratio, and how far a line may be moved.
_STEP = 1 / 64
_FARTHEST = 30.0
# More than any run sends (slo.traffic.requests ends at 100,000).
_MOST = 100_000
# What an undecided run costs, in runs of the full length: it is sent again, and somebody looks at it.
_UNDECIDED = 3.0
# How many violations a cut at the cap may stand back from where the fixed test has it.
_BACK = 3


def boundaries(
    allowed: float,
    zone: Zone,
    alpha: float,
    beta: float,
    cap: int | None = None,
    first: int = FIRST,
    every: int = 1,
) -> Boundaries:
    """Return the test whose errors are at most alpha (`zone.bad` passes) and beta (`zone.good` fails).

    Without a cap: as many requests as the fixed test with these errors. It looks after `first` requests, then after
    each `every`, and at the cap. Of the cuts at the cap it takes those that need the fewest requests at `good` and at
    `bad`, an undecided run counted three times over. A smaller cap leaves more undecided, never more errors. Raises
    InputError for a zone, an error or a number that is none.
    """
    if wrong := _wrong(allowed, zone, alpha, beta, (1 if cap is None else cap, first, every)):
        raise InputError(f"no sequential test: {wrong}", hint="good < allowed < bad; errors between 0 and 0.5")
    cap = fixed_n(zone, alpha, beta)[0] if cap is None else cap
    return _calibrated(allowed, zone, (alpha, beta), frozenset([*range(first, cap, every), cap]))


def _wrong(allowed: float, zone: Zone, alpha: float, beta: float, numbers: tuple[int, ...]) -> str | None:
    if not 0.0 < zone.good < allowed < zone.bad < 1.0:
        return f"the zone {zone.good:g} to {zone.bad:g} does not lie around the allowed {allowed:g}"
    if not (0.0 < alpha < 0.5 and 0.0 < beta < 0.5):
        return f"the errors {alpha:g} and {beta:g} are not between 0 and 0.5"
    if min(numbers) < 1:
        return "cap, first and every are numbers of requests, 1 or more"
    return None


@lru_cache(maxsize=128)
def fixed_n(zone: Zone, alpha: float, beta: float) -> tuple[int, int]:
    """Return the fewest requests of a test that looks once and is never undecided, and the most violations it passes.

    p95 with 0.0318 to 0.0729 at 5 % both ways: 313 and 15. Raises InputError when a run cannot have so many.
    """
    about = _about(zone, alpha, beta)
    if about > _MOST:
        raise InputError(f"the zone {zone.good:g} to {zone.bad:g} needs about {about:,.0f} requests", hint="widen it")
    passes = max(0, math.floor(0.7 * about * zone.good) - 5)
    while True:
        n = required(zone.bad, 1.0 - alpha, passes) or MOST
        if at_least(passes + 1, n, zone.good) <= beta:
            return n, passes
        passes += 1


def _about(zone: Zone, alpha: float, beta: float) -> float:
    # By the normal approximation, to know where to begin and when not to.
    normal = NormalDist()
    spread = (
        math.sqrt(zone.bad * (1.0 - zone.bad)) * normal.inv_cdf(1.0 - alpha),
        math.sqrt(zone.good * (1.0 - zone.good)) * normal.inv_cdf(1.0 - beta),
    )
    return (sum(spread) / (zone.bad - zone.good)) ** 2


def fixed(allowed: float, confidence: float, cap: int) -> Boundaries:
    """Return the exact test of slo.decide that looks at `cap` requests, ended early only where its answer is certain.

    PASS and FAIL are proofs at this confidence, so nothing is to declare but the share; it is the test for errors.
    """
    alpha = 1.0 - confidence
    cuts = _last(lambda k: proves_within(k, cap, allowed, confidence), cap), certain_failure(cap, allowed, confidence)
    nowhere = (allowed, math.inf, math.inf)
    return drawn(allowed, Zone(allowed, allowed), (alpha, alpha), nowhere, cuts, frozenset(range(1, cap + 1)))


def extended(allowed: float, confidence: float, n: int, more: int) -> Boundaries:
    """Return the exact test that looks after n requests and, undecided, once again after `more` others; all count.

    Each look has half of the errors, so that two chances to be wrong are not more than one.
    """
    halved, total = 1.0 - (1.0 - confidence) / 2.0, n + more
    last = fixed(allowed, halved, total)
    early = _last(lambda k: proves_within(k, n, allowed, halved), n), certain_failure(n, allowed, halved)
    looks = [silent(look) for look in range(n)] + [early, *map(silent, range(n + 1, total))]
    low, high = zip(*looks, (last.pass_at[total], last.fail_at[total]), strict=True)
    error = 1.0 - confidence
    return replace(last, alpha=error, beta=error, pass_at=low, fail_at=high)


@lru_cache(maxsize=64)
def _calibrated(allowed: float, zone: Zone, errors: tuple[float, float], looks: frozenset[int]) -> Boundaries:
    found = [_narrowest(allowed, zone, errors, cuts, looks) for cuts in _cuts(zone, errors, max(looks))]

    def cost(one: Boundaries) -> float:
        ends = operating(one, zone.good), operating(one, zone.bad)
        return sum(end.mean_n + _UNDECIDED * one.cap * end.undecided for end in ends)

    return min((one for one in found if one), key=cost)


def _cuts(zone: Zone, errors: tuple[float, float], cap: int) -> Iterator[tuple[int, int]]:
    low = _last(lambda k: at_most(k, cap, zone.bad) <= errors[0], cap)
    high = 1 + _last(lambda k: at_least(k, cap, zone.good) > errors[1], cap)
    if low >= high:
        low = math.floor(_rates(zone)[1] / _rates(zone)[0] * cap)
        high = low + 1
    for below in range(_BACK):
        yield from ((max(-1, low - below), min(cap + 1, high + above)) for above in range(_BACK))
    # Nothing is decided at the cap: always within the errors.
    yield -1, cap + 1


def _narrowest(
    allowed: float, zone: Zone, errors: tuple[float, float], cuts: tuple[int, int], looks: frozenset[int]
) -> Boundaries | None:
    """The lines nearest to each other that keep both errors; None when these cuts alone break them.

    Moving one line away lowers its own error and can only raise the other's, so both are moved outwards in turn, each
    by what its error is too large (errors fall like exp(-distance)), until neither has to move.
    """
    step, _ = _rates(zone)
    back = ahead = 1.0
    while max(back, ahead) < _FARTHEST:
        line = (_rates(zone)[1] / step, back / step, ahead / step)
        found = drawn(allowed, zone, errors, line, cuts, looks)
        pass_by, fail_by = (
            math.log(max(seen, 1e-300) / wanted)
            for seen, wanted in (
                (operating(found, zone.bad).passed, errors[0]),
                (operating(found, zone.good).failed, errors[1]),
            )
        )
        if pass_by <= 0.0 and fail_by <= 0.0:
            return found
        back += max(_STEP, pass_by) if pass_by > 0.0 else 0.0
        ahead += max(_STEP, fail_by) if fail_by > 0.0 else 0.0
    return None


def _rates(zone: Zone) -> tuple[float, float]:
    """What the log-likelihood ratio of bad to good gains by a violation, and what it loses with every request."""
    falls = math.log((1.0 - zone.good) / (1.0 - zone.bad))
    return math.log(zone.bad / zone.good) + falls, falls


def _last(holds: Callable[[int], bool], most: int) -> int:
    """The largest count up to `most` for which a condition that ends once still holds; -1 when it never does."""
    low, high = -1, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
