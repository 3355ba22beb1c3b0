"""The section of the page: every figure beside the one that was published before, and the gate's promises."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import reference
from words import table

from leanrag.slo.decide import percent

_BY_CHANCE = 3.0
_INTRODUCTION = """Ours first; in brackets the figure that this gate was designed by, which came from another program.
Exact figures are sums over every course of a run; drawn ones are simulated, with the number of runs. A ratio is the p95
of a service over its limit T; latency is lognormal with sigma 0.5.
"""


def section(found: Mapping[str, list[Any]], runs: int) -> str:
    """Return the section from what was computed; empty when nothing was. `runs`: of every drawn gate."""
    writers = {"promised": _promised, "4": _required, "5.1": _counted, "5.2": _measured, "5.3": _exact}
    writers |= {"5.4": _open, "5.5": _cut}
    parts = [writer(found[name]) for name, writer in writers.items() if name in found]
    if series := {name: rows for name, rows in found.items() if name not in writers}:
        parts.insert(1, _series(series, runs))
    return "\n".join([_INTRODUCTION, *parts]) if parts else ""


def _promised(rows: list[Any]) -> str:
    points, (good, bad), (least,), looks, (cap, passes, fails) = rows
    mean = (good[3] + bad[3]) / 2
    head = ("true share", "pass", "block", "undecided", "requests", "naive pass", "one exact look: pass, block")
    body = [
        (f"{share:.4f}", *map(_p, did[:3]), f"{did[3]:.0f}", _p(naive), f"{once[0]:.3f}, {once[1]:.3f}")
        for share, did, naive, once in points
    ]
    return f"""### What the gate's test does

p95, zone 0.9T to 1.1T, 5 % both ways; exact. At most {cap} requests, where up to {passes} slow ones pass and {fails}
block. False pass {percent(bad[0])}, false block {percent(good[1])}, undecided {percent(good[2])} and {percent(bad[2])},
requests on average {good[3]:.0f} and {bad[3]:.0f}. No test with these errors, this cap and these undecided shares takes
fewer than {least:.0f} on average over both ends; this one takes {mean:.0f}.

![The operating characteristic](operating.svg)

{table(head, body)}
Looking more rarely costs requests, never errors:

{table(("a look every", "false block", "false pass", "requests at 0.9T", "at 1.1T"), _rarely(looks))}"""


def _rarely(looks: list[Any]) -> Iterator[tuple[str, ...]]:
    for every, good, bad in looks:
        yield f"{every}", _p(good[1]), _p(bad[0]), f"{good[3]:.0f}", f"{bad[3]:.0f}"


def _series(found: Mapping[str, list[Any]], runs: int) -> str:
    outcome = ("block", "undecided", "requests")
    head = ("series", "rule", "0.9T: pass", *outcome, "1.1T: pass", *outcome)
    body = [
        (name if place == 0 else "", rule, *map(_p, good[:3]), f"{good[3]:.0f}", *map(_p, bad[:3]), f"{bad[3]:.0f}")
        for name, rows in found.items()
        for place, (rule, good, bad) in enumerate(rows)
    ]
    return f"""### Requests that hang together

{runs:,} runs each, every rule on the same ones. rho: correlation of each log latency with the one before it.
"sequential" is what the gate does: it measures the correlation from the run itself. Standard error at 5 %:
{_error(0.05, runs):.4f}.

{table(head, body)}
{_bar(found, runs)}
Where it fails: slow requests in bursts that leave no trace in the other latencies, and a load that drifts slowly.
Before the first burst nothing in a run tells that there will be one. Only other runs do: more and shorter ones, at
other times.
"""


# Series → most false passes, least decided at both ends, most requests at both ends.
_PROMISES = {"independent": (0.05, 0.94, 188.0), "rho 0.5": (0.055, 0.5, math.inf), "rho 0.8": (0.055, 0.0, math.inf)}


def _bar(found: Mapping[str, list[Any]], runs: int) -> str:
    """What was promised of these runs, and whether it held."""
    lines = []
    for name, (wrong, decided, requests) in _PROMISES.items():
        if name not in found:
            continue
        _, good, bad = next(row for row in found[name] if row[0] == "sequential")
        # Of independent requests the errors are summed, above; drawn ones scatter around at most those.
        chance = _BY_CHANCE * _error(wrong, runs) if name == "independent" else 0.0
        sure = 1 - good[2], 1 - bad[2]
        kept = bad[0] <= wrong + chance and min(sure) >= decided and max(good[3], bad[3]) <= requests
        lines.append(
            f"- {name}: false pass {_p(bad[0])} (at most {wrong}), false block {_p(good[1])}, decided {_p(sure[0])} "
            f"and {_p(sure[1])} (at least {decided}), requests {good[3]:.0f} and {bad[3]:.0f}"
            f"{f' (at most {requests:.0f})' if math.isfinite(requests) else ''}: {'kept' if kept else 'missed'}"
        )
    return "\n".join(lines) + "\n"


def _required(rows: list[Any]) -> str:
    wanted = [*reference.REQUIRED.values(), *reference.ERROR_FREE.values()]
    pairs = [(own, ref) for row, told in zip(rows, wanted, strict=True) for own, ref in zip(row[2], told, strict=True)]
    told = [(own, ref) for own, ref in pairs if ref is not None]
    same = sum(own == ref for own, ref in told)
    head = ("promise, confidence", *(f"{k} slow" for k in reference.SEEN))
    body = [
        (f"p{100 - 100 * allowed:g}, {c:.0%}", *("-" if own is None else f"{own:,}" for own in numbers))
        for allowed, c, numbers in rows
        if allowed is not None
    ]
    return f"""### Table 4: fewest requests for a PASS

Exact. {same} of {len(told)} figures (with {len(reference.ERRORS) * 2} of error rates) are the published ones.

{table(head, body)}"""


def _counted(rows: list[Any]) -> str:
    head = ("n", *(f"{1 - share:.2f} within" for share in reference.SHARES))
    body = [(f"{n}", *_beside(own, reference.COUNTED[n], 2)) for n, own in rows]
    worst = max(abs(a - b) for n, own in rows for a, b in zip(own, reference.COUNTED[n], strict=True))
    return f"""### Table 5.1: the naive rule as a count

Chance to pass; exact. Largest difference {worst:.3f}; the published ones have two decimals.

{table(head, body)}"""


def _measured(rows: list[Any]) -> str:
    head = ("n", *(f"{ratio:g}T" for ratio in reference.RATIOS))
    plain = [row for row in rows if row[0] != "peeking"]
    body = [(f"{n}", *_beside(own, reference.MEASURED[n], 3)) for n, own, _ in plain]
    far = sum(
        abs(own - ref) > _BY_CHANCE * math.hypot(_error(own, many), _error(ref, reference.MEASURED_RUNS[n])) + 5e-4
        for n, owns, many in plain
        for own, ref in zip(owns, reference.MEASURED[n], strict=True)
    )
    total = sum(len(row[1]) for row in plain)
    peeked = next(row for row in rows if row[0] == "peeking")
    said = ", ".join(
        f"{ratio:g}T ends {color} {own:.1%} ({ref:.0%})"
        for ((ratio, color), ref), own in zip(reference.PEEKED.items(), peeked[1], strict=True)
    )
    return f"""### Table 5.2: the naive rule on latencies

Chance to pass; drawn, 20,000 runs, 5,000 from n = 1,000. {far} of {total} differ by more than three standard errors.

{table(head, body)}
Looked at every 25 requests from 50 to 500, and stopped at the first colour: {said}.
"""


def _exact(rows: list[Any]) -> str:
    head = ("n", *(f"{ratio:g}T: pass, block, undecided" for ratio in reference.EXACT_RATIOS))
    body, worst = [], 0.0
    for n, points in rows:
        cells = []
        for own, ref in zip(points, reference.EXACT[n], strict=True):
            worst = max(worst, *(abs(a - b) for a, b in zip(own[:3], ref, strict=True)))
            cells.append(f"{_three(own)} ({_three(ref)})")
        body.append((f"{n}", *cells))
    return f"""### Table 5.3: the exact three-way test, one look

Exact. Largest difference {worst:.3f}; the published ones have two decimals.

{table(head, body)}"""


def _open(rows: list[Any]) -> str:
    head = ("rule", *(f"{ratio:g}T: pass, requests" for ratio in reference.EXACT_RATIOS))
    body = [(name, *map(_pass_and_n, points, reference.OPEN[name])) for name, points in rows]
    return f"""### Table 5.4: rules that look after every request, up to 2,000

Exact beside {reference.OPEN_RUNS:,} drawn runs. The e-value's prior was not told; ours is
Beta(0.5, 9.5) on either side.

{table(head, body)}"""


def _cut(rows: list[Any]) -> str:
    ends = ("good", "middle", "bad", "1.5 bad")
    wald, ours = [], []
    for key, (n, passes), plain, own in rows:
        name = f"p{key[0]:g}, {key[1]:g} to {key[2]:g}, {key[3]:.0%}"
        told, *points = reference.CUT[tuple(key)]
        wald.append((name, f"{n:,} ({passes}), [{told[0]:,} ({told[1]})]", *map(_pass_and_n, plain, points)))
        good, _, bad, _ = own
        both = (_p(good[1]), _p(bad[0]), _p(good[2]), _p(bad[2]), f"{good[3]:.0f}", f"{bad[3]:.0f}")
        ours.append((name, *both))
    return f"""### Table 5.5: Wald's test cut off at the fixed number, and ours

Wald's distances, exact, beside drawn runs: pass and mean requests. Its errors are larger than their nominal ones. The
fixed numbers of p99 differ from the published ones, which were computed for slightly other shares.

{table(("gate", "fixed number (passes), [published]", *ends), wald)}
Ours, exact, with the same nominal errors:

{table(("gate", "false block", "false pass", "undecided at good", "at bad", "requests at good", "at bad"), ours)}"""


def _pass_and_n(own: Sequence[float], ref: tuple[float | None, float | None]) -> str:
    share, n = ("-" if one is None else f"{one:.3f}" if place == 0 else f"{one:.0f}" for place, one in enumerate(ref))
    return f"{own[0]:.3f}, {own[3]:.0f} ({share}, {n})"


def _beside(own: Sequence[float], ref: Sequence[float], digits: int) -> list[str]:
    return [f"{a:.{digits}f} ({b:.{digits}f})" for a, b in zip(own, ref, strict=True)]


def _three(shares: Sequence[float]) -> str:
    return " ".join(f"{one:.2f}" for one in shares[:3])


def _p(share: float) -> str:
    return f"{share:.4f}"


def _error(share: float, runs: int) -> float:
    return math.sqrt(share * (1 - share) / runs)
