"""The figures that the gate was designed by, computed again by the code that decides; and what the gate promises."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple
from functools import cache, partial
from pathlib import Path
from typing import Any

import reference
import rules
import simulate
from drawing import curves
from records import Records
from tables_page import section

from leanrag.core.progress import say
from leanrag.slo import binomial, correlation, lines, oc, sequential, walk
from leanrag.slo.binomial import required
from leanrag.slo.lines import operating
from leanrag.slo.objectives import Zone
from leanrag.slo.oc import characteristic, lognormal_share, naive, notable
from leanrag.slo.sequential import boundaries, fixed, fixed_n

TITLE = "Tables"
ALLOWED, ERROR, NEAR, FAR = 0.05, 0.05, 0.9, 1.1
# Of every rule on every kind of series; small shows that it works.
RUNS, SMALL_RUNS = 4_000, 40
_SEED = 20_260
Rows = list[list[Any]]


def zone(allowed: float, near: float, far: float) -> Zone:
    """The shares beyond the limit of a service whose percentile is `near` and `far` times the limit."""
    return Zone(*(lognormal_share(allowed, ratio, simulate.SIGMA) for ratio in (near, far)))


def required_numbers(runs: int) -> Rows:
    """Table 4: fewest requests for a PASS."""
    latencies = [
        [*key, [required(*key, k) if wanted else None for k, wanted in zip(reference.SEEN, row, strict=True)]]
        for key, row in reference.REQUIRED.items()
    ]
    errors = [[None, c, [required(rate, c) for rate in reference.ERRORS]] for c in reference.ERROR_FREE]
    return [*latencies, *errors]


def counted(runs: int) -> Rows:
    """Table 5.1: the naive rule as a count."""
    return [[n, [naive(ALLOWED, n, share) for share in reference.SHARES]] for n in reference.COUNTED]


def by_percentile(runs: int) -> Rows:
    """Table 5.2: the naive rule on latencies, and looking until it is green."""
    whole = runs >= RUNS
    rows: Rows = []
    for n, told in reference.MEASURED_RUNS.items():
        many = told if whole else runs
        rows.append([n, [simulate.passes_by_percentile(n, ratio, many, _SEED) for ratio in reference.RATIOS], many])
    many = 20_000 if whole else runs
    return [*rows, ["peeking", [simulate.stops_at_first(c, r, many, _SEED) for r, c in reference.PEEKED], many]]


def one_look(runs: int) -> Rows:
    """Table 5.3: the exact three-way test."""
    shares = [lognormal_share(ALLOWED, ratio, simulate.SIGMA) for ratio in reference.EXACT_RATIOS]
    return [
        [n, [list(astuple(operating(fixed(ALLOWED, 1 - ERROR, n), share))) for share in shares]]
        for n in reference.EXACT
    ]


def every_look(runs: int) -> Rows:
    """Table 5.4: rules that look after every request."""
    near, far = zone(ALLOWED, 0.9, 1.1), zone(ALLOWED, 0.8, 1.2)
    tests = {
        "SPRT 0.9T to 1.1T": rules.sprt(ALLOWED, near, ERROR, 2000, 99),
        "SPRT 0.8T to 1.2T": rules.sprt(ALLOWED, far, ERROR, 2000, 99),
        "e-value": rules.evalue(ALLOWED, ERROR, 2000, 0.5, 9.5),
        "MLPerf rule, 99 %": rules.mlperf(ALLOWED, 0.99, 2000),
    }
    shares = [lognormal_share(ALLOWED, ratio, simulate.SIGMA) for ratio in reference.EXACT_RATIOS]
    return [[name, [list(astuple(operating(test, share))) for share in shares]] for name, test in tests.items()]


def cut_off(runs: int) -> Rows:
    """Table 5.5: Wald's test cut off at the fixed number, and ours with the same nominal errors."""
    rows: Rows = []
    for percentile, near, far, error in reference.CUT:
        allowed = (100 - percentile) / 100
        around = zone(allowed, near, far)
        shares = (around.good, (around.good + around.bad) / 2, around.bad, 1.5 * around.bad)
        n, passes = reference.CUT[percentile, near, far, error][0]
        plain = rules.sprt(allowed, around, error, n, passes)
        ours = boundaries(allowed, around, error, error)
        rows.append(
            [
                [percentile, near, far, error],
                list(fixed_n(around, error, error)),
                [list(astuple(operating(plain, share))) for share in shares],
                [list(astuple(operating(ours, share))) for share in shares],
            ]
        )
    return rows


def promised(runs: int) -> Rows:
    """The gate's own test: exact characteristic, and the least that any test takes."""
    around = zone(ALLOWED, NEAR, FAR)
    test = boundaries(ALLOWED, around, ERROR, ERROR)
    shares = sorted({*notable(ALLOWED, around), *(0.1 * around.bad * step for step in range(2, 21, 2))})
    points = [[p.share, list(astuple(p.test)), p.naive, list(astuple(p.exact))] for p in characteristic(test, shares)]
    ends = operating(test, around.good), operating(test, around.bad)
    least = rules.least(around, test.cap, ERROR, (ends[0].undecided, ends[1].undecided))
    looks = [[every, *_ends(around, every)] for every in (1, 10, 25, 50)]
    return [points, [list(astuple(end)) for end in ends], [least], looks, [test.cap, *test.cuts]]


def _ends(around: Zone, every: int) -> Iterator[list[float]]:
    test = boundaries(ALLOWED, around, ERROR, ERROR, every=every)
    yield from (list(astuple(operating(test, share))) for share in (around.good, around.bad))


def hanging_together(series: str, runs: int) -> Rows:
    """Every rule on the same runs of one kind of series, at both ends of the zone."""
    around = zone(ALLOWED, NEAR, FAR)
    test, passes = boundaries(ALLOWED, around, ERROR, ERROR), fixed_n(around, ERROR, ERROR)[1]
    ends = [simulate.gates(series, ratio, test, passes, runs, _SEED) for ratio in (NEAR, FAR)]
    return [[name, ends[0][name], ends[1][name]] for name in ends[0]]


TABLES: Mapping[str, Callable[[int], Rows]] = {
    "4": required_numbers,
    "5.1": counted,
    "5.2": by_percentile,
    "5.3": one_look,
    "5.4": every_look,
    "5.5": cut_off,
    "promised": promised,
    **{name: partial(hanging_together, name) for name in (*simulate.SERIES, *simulate.BURSTS)},
}


def measure(records: Records, small: bool, only: Sequence[str] = tuple(TABLES)) -> None:
    """Compute what is not there yet; a table is one record."""
    runs = SMALL_RUNS if small else RUNS
    for name in only:
        plan = _plan(name, small)
        if records.read(plan):
            continue
        began = time.monotonic()
        rows = TABLES[name](runs)
        assert all(math.isfinite(one) for one in _numbers(rows))
        records.add(plan, rows=rows)
        say(f"table {name}: {time.monotonic() - began:.0f} s")


def render(records: Records, small: bool) -> str:
    """Return the section of the page, from what was computed."""
    return section(_found(records, small), SMALL_RUNS if small else RUNS)


def drawing(records: Records, small: bool) -> str | None:
    """Return the operating characteristic as SVG; None when it was not computed."""
    rows = _found(records, small).get("promised")
    around = zone(ALLOWED, NEAR, FAR)
    return curves(rows[0], (around.good, around.bad)) if rows else None


def _found(records: Records, small: bool) -> dict[str, Rows]:
    return {name: kept[-1]["rows"] for name in TABLES if (kept := records.read(_plan(name, small)))}


def _plan(name: str, small: bool) -> dict[str, Any]:
    return {"table": name, "runs": SMALL_RUNS if small else RUNS, "code": _code()}


@cache
def _code() -> str:
    """What a table depends on: one that other code computed does not count."""
    modules = (binomial, lines, sequential, walk, correlation, oc, rules, simulate, reference)
    text = b"".join(Path(str(one.__file__)).read_bytes() for one in modules)
    return hashlib.sha256(text).hexdigest()[:12]


def _numbers(rows: Any) -> Iterator[float]:
    if isinstance(rows, list):
        for one in rows:
            yield from _numbers(one)
    elif isinstance(rows, float):
        yield rows
