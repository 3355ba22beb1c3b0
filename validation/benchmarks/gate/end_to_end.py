"""Gates end to end: GuideLLM against a server whose share of slow requests is known, judged as the gate judges.

Half of the gates measure a service at 0.9 of its limit, half one at 1.1; each has its own run of GuideLLM, its own
prompts and its own random numbers. One run sends as many requests as the fixed test needs, and every rule decides on
the same requests in the order they were sent, so their error rates can be read beside each other.
"""

import math
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import NormalDist, mean
from typing import Any

from records import Records
from service import Known
from words import share, table

from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.load.judge import judge
from leanrag.load.observe import figure, measured
from leanrag.load.reader import read
from leanrag.load.runner import run_load
from leanrag.slo.binomial import at_most, proves_beyond, proves_within
from leanrag.slo.objectives import Objective, Traffic, Zone
from leanrag.slo.sequential import boundaries, operating, walk

TITLE = "Gates end to end"
# A limit of a second: what the client adds, a few milliseconds, moves the share over it by little.
PERCENTILE, ERROR, SIGMA, LIMIT = 95.0, 0.05, 0.5, 1000.0
ALLOWED = 1 - PERCENTILE / 100
RATIOS = (0.9, 1.1)
# What a fixed test of these two ratios needs, and the most violations it passes.
REQUESTS, PASSES = 313, 15
NAIVE = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What one gate sends; a record of another plan does not count."""

    requests: int = REQUESTS
    rate: float = 50.0
    limit_ms: float = LIMIT
    sigma: float = SIGMA
    tokens: int = 2
    warmup: int = 8


PLAN = Plan()
GATES, SMALL_GATES = 200, 4
# Half of a gate is GuideLLM's start; each gate has its own client and its own server.
AT_ONCE = 2


def slow_share(ratio: float) -> float:
    """The share of requests over the limit when the 95th percentile is `ratio` of it."""
    normal = NormalDist()
    return 1 - normal.cdf(normal.inv_cdf(PERCENTILE / 100) - math.log(ratio) / SIGMA)


def measure(records: Records, guidellm: Path, gates: int) -> None:
    """Run the gates that are not there yet."""
    done = {record["gate"] for record in records.read(asdict(PLAN))}
    missing = [gate for gate in range(gates) if gate not in done]
    if not missing:
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for gate in [pool.submit(_measured, records, guidellm, gate) for gate in missing]:
                say(f"end to end: gate {gate.result() + 1} of {gates} is there")
        finally:
            pool.shutdown(cancel_futures=True)


def _measured(records: Records, guidellm: Path, gate: int) -> int:
    with Known() as server:
        found = _gate(server, guidellm, gate)
    records.add(asdict(PLAN), gate=gate, **found)
    return gate


def _gate(server: Known, guidellm: Path, gate: int) -> dict[str, Any]:
    ratio = RATIOS[gate % 2]
    median = ratio * LIMIT / 1000 / math.exp(SIGMA * NormalDist().inv_cdf(PERCENTILE / 100))
    server.set(median=median, sigma=SIGMA, gap=0.005, seed=1000 + gate)
    traffic = Traffic("constant", PLAN.requests, 16, PLAN.tokens, 10.0, PLAN.warmup, 120.0, rate=PLAN.rate)
    with tempfile.TemporaryDirectory(prefix="leanrag-gate-") as folder:
        step = run_load(server.url, "known", traffic, 1000 + gate, Path(folder), guidellm)
        if "report" not in step.facts:
            return {"ratio": ratio, "outcome": step.outcome.value, "reason": step.reason, "over": None}
        report = read(Path(str(step.facts["report"])))
    promise = Objective("ttft", LIMIT, "ms", 1 - ERROR, PERCENTILE)
    found = judge(report, (promise,), traffic, "known")
    seen = [figure(row, "ttft") for row in measured(report.stages[0], traffic.warmup_requests)]
    truth = [row[2] for row in server.log()][-len(seen) :]
    return {
        "ratio": ratio,
        "n": len(seen),
        "over": [index for index, value in enumerate(seen) if value is None or value > promise.limit_seconds],
        "served_over": sum(value > promise.limit_seconds for value in truth),
        "outcome": found.outcome.value,
        "doubts": [item.name for item in found.evidence if item.outcome is Outcome.INCONCLUSIVE],
        "reason": found.reason,
    }


# What a rule says of one run's violations in the order of sending, and after how many requests.
Answer = tuple[Outcome, int]
Rule = Callable[[Sequence[bool]], Answer]


def _sequential(flags: Sequence[bool]) -> Answer:
    found = walk(boundaries(ALLOWED, zone(), ERROR, ERROR), flags)
    return found.decision, found.n


def zone() -> Zone:
    """Between 0.9 and 1.1 of the limit either answer is right."""
    return Zone(slow_share(RATIOS[0]), slow_share(RATIOS[1]))


def _naive(flags: Sequence[bool]) -> Answer:
    return (Outcome.PASS if sum(flags[:NAIVE]) <= ALLOWED * NAIVE else Outcome.FAIL), NAIVE


def _fixed(flags: Sequence[bool]) -> Answer:
    return (Outcome.PASS if sum(flags) <= PASSES else Outcome.FAIL), len(flags)


def _exact(flags: Sequence[bool]) -> Answer:
    seen = sum(flags), len(flags), ALLOWED, 1 - ERROR
    if proves_beyond(*seen):
        return Outcome.FAIL, len(flags)
    return (Outcome.PASS if proves_within(*seen) else Outcome.INCONCLUSIVE), len(flags)


def _nominal(ratio: float) -> dict[str, tuple[float, float]]:
    """By arithmetic, of independent requests: the share that passes and that fails, for each rule."""
    p, n = slow_share(ratio), PLAN.requests
    passes = max((k for k in range(n + 1) if proves_within(k, n, ALLOWED, 1 - ERROR)), default=-1)
    fails = min(k for k in range(n + 1) if proves_beyond(k, n, ALLOWED, 1 - ERROR))
    walked = operating(boundaries(ALLOWED, zone(), ERROR, ERROR), p)
    naive, fixed = at_most(int(ALLOWED * NAIVE), NAIVE, p), at_most(PASSES, n, p)
    return {
        "naive": (naive, 1 - naive),
        "fixed": (fixed, 1 - fixed),
        "exact": (at_most(passes, n, p), 1 - at_most(fails - 1, n, p)),
        "sequential": (walked.passed, walked.failed),
    }


RULES: tuple[tuple[str, str, Rule], ...] = (
    ("naive", f"naive: sample p95 of {NAIVE} requests", _naive),
    ("fixed", f"fixed: at most {PASSES} of {REQUESTS}", _fixed),
    ("exact", f"exact, three-way, {REQUESTS}", _exact),
    ("sequential", "sequential, three-way", _sequential),
)


def render(records: Records, small: bool) -> str:
    """Return the section of docs/statistics.md."""
    taken = [record for record in records.read(asdict(PLAN)) if record["over"] is not None]
    if not taken:
        return ""
    whole = [record for record in taken if record["n"] == PLAN.requests]
    rows = [row for ratio in RATIOS for row in _rows(ratio, [one for one in whole if one["ratio"] == ratio])]
    head = ("service", "rule", "PASS", "nominal", "FAIL", "nominal", "undecided", "requests, mean")
    return "\n".join([_words(taken, whole), table(head, rows)])


def _rows(ratio: float, gates: Sequence[dict[str, Any]]) -> Iterable[tuple[str, ...]]:
    nominal = _nominal(ratio)
    for key, name, rule in RULES:
        answers = [rule(_flags(one)) for one in gates]
        said = [answer for answer, _ in answers]
        yield (
            f"{ratio:g} of the limit",
            name,
            share(said.count(Outcome.PASS), len(said)),
            f"{100 * nominal[key][0]:.1f} %",
            share(said.count(Outcome.FAIL), len(said)),
            f"{100 * nominal[key][1]:.1f} %",
            share(said.count(Outcome.INCONCLUSIVE), len(said)),
            f"{mean(n for _, n in answers):.0f}" if answers else "-",
        )


def _flags(one: dict[str, Any]) -> list[bool]:
    over = set(one["over"])
    return [index in over for index in range(one["n"])]


def _words(taken: Sequence[dict[str, Any]], whole: Sequence[dict[str, Any]]) -> str:
    requests = sum(one["n"] for one in whole)
    seen, served = sum(len(one["over"]) for one in whole), sum(one["served_over"] for one in whole)
    doubted = [one for one in taken if one["doubts"]]
    alike = sum(one["outcome"] == _exact(_flags(one))[0].value for one in whole)
    names = ", ".join(sorted({name for one in doubted for name in one["doubts"]}))
    return (
        f"{len(taken)} gates, {AT_ONCE} at a time, {requests:,} requests; every gate is a run of GuideLLM 0.8.1 "
        f"at {PLAN.rate:g}/s against a server with lognormal times to the first token (sigma {SIGMA:g}); "
        f"p95 promised at {LIMIT:,g} ms. "
        f"GuideLLM saw {seen:,} requests over the limit, the server itself {served:,}. "
        f"Doubted by their evidence: {len(doubted)}{f' ({names})' if names else ''}. With fewer requests than planned, "
        f"and not in the table: {len(taken) - len(whole)}. "
        f"The whole gate, evidence included, answered as the exact rule in {alike} of {len(whole)}. "
        "The interval is exact, 95 %; nominal is arithmetic on independent requests.\n"
    )
