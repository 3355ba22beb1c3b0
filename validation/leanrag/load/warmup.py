"""Whether a run was steady, and from where on: the warm-up's end by MSER-5, a change later, queues that only grow.

MSER (White 1997; with batches of five, White, Cobb and Spratt 2000) cuts where the standard error of what is left is
least. It always cuts somewhere, and what it cuts off a steady run are its slow requests: by itself it would make every
service look better. So a cut counts only when the ranks before and after it differ beyond chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.load.report import Row

BATCH = 5
# What begins later is no warm-up.
LATEST = 0.5
# Steady independent requests are cut in fewer than 1 of 100 runs (simulated), and their violation share stays.
CUT_Z = 3.0
# A change of level in the rest, by Pettitt's test.
CHANGE_P = 0.005
FEWEST = 8 * BATCH
# Growing queues: as many more requests under way, and first tokens later by as many standard deviations.
GROWTH = 1.5
GROWTH_Z = 3.3
GROWTH_FEW = 5


@dataclass(frozen=True, slots=True)
class Cut:
    """`discard` requests from the start are warm-up; not `settled`: the run was no steady state at all."""

    discard: int
    settled: bool
    reason: str


def cut(values: Sequence[float]) -> Cut:
    """Return where steady state begins in latencies (seconds, in the order of sending)."""
    if len(values) < FEWEST:
        return Cut(0, True, f"{len(values)} requests are too few to tell a warm-up")
    logs = [math.log(value) for value in values if value > 0 and math.isfinite(value)]
    if len(logs) < len(values):
        return Cut(0, False, f"{len(values) - len(logs)} requests have no latency")
    means = [sum(logs[at : at + BATCH]) / BATCH for at in range(0, len(logs) - BATCH + 1, BATCH)]
    first = _mser(means)
    place = first * BATCH
    if place == 0 or abs(z := rank_z(logs[:place], logs[place:])) < CUT_Z:
        first, place, said = 0, 0, "steady from the first request"
    else:
        said = f"the first {place} requests are unlike the rest (z {z:.1f})"
    if first >= int(LATEST * len(means)):
        return Cut(place, False, f"{said}: never steady")
    return Cut(place, True, said) if not (drift := _drift(means[first:])) else Cut(place, False, f"{said}; {drift}")


def cut_rows(rows: Sequence[Row]) -> tuple[tuple[Row, ...], Cut]:
    """Return the requests from steady state on, in the order of sending, and why from there.

    Only first tokens that came are looked at: a request that failed or was given up says nothing of the service's pace.
    Where no answer is streamed, whole answers are.
    """
    seen = [row for row in rows if row.ttft is not None]
    if not seen:
        seen = [row for row in rows if row.e2e is not None]
    found = cut([row.ttft if row.ttft is not None else row.e2e or 0.0 for row in seen])
    begin = seen[found.discard].start if found.discard else 0.0
    return tuple(row for row in rows if row.start >= begin), found


def _drift(means: Sequence[float]) -> str:
    """Say that what is left changes, empty when it does not; by batches, which neighbours' likeness disturbs less."""
    chance = pettitt(means)
    return f"what is left changes once more (p {chance:.1g}): never steady" if chance < CHANGE_P else ""


def pettitt(values: Sequence[float]) -> float:
    """Return how likely a change of level as clear as the clearest one here is in steady values (Pettitt 1979)."""
    n, most, seen = len(values), 0, 0
    for at in range(n - 1):
        # U at this place: every value so far against every later one.
        seen += sum((values[at] > other) - (values[at] < other) for other in values)
        most = max(most, abs(seen))
    return min(1.0, 2 * math.exp(-6 * most**2 / (n**3 + n**2))) if n else 1.0


def _mser(means: Sequence[float]) -> int:
    """Return how many batches to leave out so that the mean of the rest is known best."""
    best, place = math.inf, 0
    # The second half is not searched: a few batches at the end look certain by chance.
    for at in range(int(LATEST * len(means)) + 1):
        rest = means[at:]
        middle = sum(rest) / len(rest)
        error = sum((one - middle) ** 2 for one in rest) / len(rest) ** 2
        if error < best:
            best, place = error, at
    return place


def rank_z(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how far the ranks of two samples differ, in standard deviations (Mann-Whitney, ties shared)."""
    n, m = len(first), len(second)
    if not n or not m:
        return 0.0
    marked = sorted([(value, True) for value in first] + [(value, False) for value in second])
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(marked):
        stop = at
        while stop < len(marked) and marked[stop][0] == marked[at][0]:
            stop += 1
        shared = (at + 1 + stop) / 2
        ranks += shared * sum(mine for _, mine in marked[at:stop])
        ties += (stop - at) ** 3 - (stop - at)
        at = stop
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    return (ranks - n * (total + 1) / 2) / math.sqrt(variance) if variance > 0 else 0.0


def growing(rows: Sequence[Row]) -> str:
    """Say why the queue only grew, in an open loop of one mean rate; empty when it did not, or nobody can tell.

    Both must hold, as in GuideLLM's own detector: many more requests under way at the end than at the first third, and
    first tokens later beyond chance. A latency at such a rate measures how long one waited before looking.
    """
    if len(rows) < FEWEST:
        return ""
    third = len(rows) // 3
    early, late = under_way(rows, rows[third].start), under_way(rows, rows[-1].start)
    # Those that still wait at the end of the run would look quick.
    waits = [row.ttft for row in rows if row.ttft is not None]
    third = len(waits) // 3
    slower = rank_z(waits[len(waits) - third :], waits[:third])
    if late < GROWTH * early + GROWTH_FEW or slower < GROWTH_Z:
        return ""
    return (
        f"{early} requests under way after a third of the run, {late} at its end; slower first tokens (z {slower:.1f})"
    )


def under_way(rows: Sequence[Row], moment: float) -> int:
    """Return how many requests were sent and not answered at this moment (Unix seconds)."""
    return sum(row.start <= moment < row.end for row in rows)
