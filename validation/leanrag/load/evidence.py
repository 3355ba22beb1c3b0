"""Whether the report can be believed at all, asked before any objective: a written-out list, in the order it is read.

A missing figure is never a good one: GuideLLM 0.8.1 exits 0 and writes p95 = 0.0 when every request failed.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev
from typing import Literal

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.load.beside import agreement
from leanrag.load.engine_figures import EngineFigures
from leanrag.load.observe import SHOWN, figure, outcomes, values
from leanrag.load.report import Report, Row, Stage
from leanrag.slo.binomial import proves_beyond, required
from leanrag.slo.correlation import Correlation, measure
from leanrag.slo.decide import percent
from leanrag.slo.objectives import REQUEST_LATENCIES, Decision, Metric, Objective, Traffic
from leanrag.slo.shape import Shape

# Without a promised error rate this is what a run may show and still be evidence of latencies.
ERRORS_ALLOWED = 0.01
CONFIDENCE = 0.95
# With ignore_eos the engine gives exactly what was asked; servers that count differently stay within a tenth.
OUTPUT_TOLERANCE = 0.1
OUTPUT_SHARE = 0.95
# Prompts are words: a foreign tokenizer makes up to twice as many tokens of them, or half.
PROMPT_FACTOR = 2.0
FIGURES_SHARE = 0.95
MEAN_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Case:
    """What a check looks at: `rows` are the measured requests of `stage`; `model` is the name that was to be tested.

    `decision` is how the promises are decided; `figures` are the engine's own, None where nobody read them.
    `shape` is the declared one of the traffic, None for even distances and one length.
    """

    report: Report
    stage: Stage
    rows: tuple[Row, ...]
    objectives: tuple[Objective, ...]
    traffic: Traffic
    model: str
    decision: Decision = "exact"
    figures: EngineFigures | None = None
    shape: Shape | None = None

    @property
    def answered(self) -> tuple[Row, ...]:
        """The measured requests that succeeded."""
        return tuple(row for row in self.rows if row.status == "successful")


Check = Callable[[Case], Item]


def passed(name: str, reason: str) -> Item:
    """An item in favour."""
    return Item(name, Outcome.PASS, reason)


def refused(name: str, reason: str) -> Item:
    """An item that takes the figures' worth away."""
    return Item(name, Outcome.INCONCLUSIVE, reason)


def readable(case: Case) -> Item:
    """The report is whole and of a known version; the reader refuses others."""
    return passed("report", f"{case.report.tool}, {case.stage.name}, {len(case.rows)} requests measured")


def subject(case: Case) -> Item:
    """The model that was asked is the one under test."""
    if case.model and case.report.model != case.model:
        return refused("subject", f"the report is of model {case.report.model!r}, not {case.model!r}")
    return passed("subject", f"model {case.report.model or 'not named'} at {case.report.target}")


def live(case: Case) -> Item:
    """The revision under test is the one that runs."""
    return Item("live revision", Outcome.NOT_RUN, "needs the cluster; the gate's converge and verdict steps ask it")


def rows(case: Case) -> Item:
    """Every request that ended is listed."""
    listed = Counter(row.status for row in case.stage.rows)
    made = case.stage.made
    if (listed["successful"], listed["errored"]) != (made.successful, made.errored):
        return refused(
            "rows",
            f"the report lists {listed['successful']} successful and {listed['errored']} failed requests, "
            f"its totals say {made.successful} and {made.errored}",
        )
    return passed("rows", f"all {made.successful + made.errored} requests that ended are listed")


def enough(case: Case) -> Item:
    """There are as many requests as the strictest promise needs when none breaks it."""
    if not case.rows:
        return refused("enough requests", "no request was measured")
    if case.decision == "sequential":
        return passed("enough requests", f"{len(case.rows)} measured; each promise says itself whether they suffice")
    needs = {one.name: required(one.allowed, one.confidence) or 0 for one in case.objectives}
    strictest = max(needs, key=lambda name: needs[name], default="")
    if strictest and len(case.rows) < needs[strictest]:
        return refused("enough requests", f"{strictest} needs {needs[strictest]} requests, {len(case.rows)} measured")
    return passed("enough requests", f"{len(case.rows)} measured, {needs.get(strictest, 0)} needed")


def errors(case: Case) -> Item:
    """Few requests failed, warm-up included."""
    made, rate = case.stage.made, _promised(case)
    allowed, confidence = (rate.allowed, rate.confidence) if rate else (ERRORS_ALLOWED, CONFIDENCE)
    ended = made.successful + made.errored
    if not ended:
        return refused("errors", f"no request ended; {made.incomplete} were given up")
    said = f"{made.errored} of {ended} requests failed, warm-up included{_most_frequent(case)}"
    if proves_beyond(made.errored, ended, allowed, confidence):
        return Item("errors", Outcome.FAIL, said)
    return (refused if made.errored / ended > allowed else passed)("errors", f"{said}; {percent(allowed)} allowed")


def _promised(case: Case) -> Objective | None:
    return next((one for one in case.objectives if one.metric == "errorRate"), None)


def _most_frequent(case: Case) -> str:
    texts = Counter(
        _one_line(row.error) if row.error else "no text" for row in case.stage.rows if row.status == "errored"
    )
    if not texts:
        return ""
    text, count = texts.most_common(1)[0]
    return f"; {count} times: {text}"


def _one_line(text: str) -> str:
    # httpx appends a link in the repr of its message, behind a newline that repr has escaped.
    return text.replace("\\n", "\n").splitlines()[0][:200]


def incomplete(case: Case) -> Item:
    """Requests given up at the end are few and young, or counted as violations."""
    given_up = [row for row in case.rows if row.status == "incomplete"]
    old = sum(row.age > case.traffic.timeout_seconds for row in given_up)
    if len(given_up) > max(1, len(case.rows)) / 2:
        oldest = max(row.age for row in given_up)
        return refused(
            "incomplete", f"{len(given_up)} of {len(case.rows)} requests never ended; the oldest waited {oldest:.1f} s"
        )
    return passed("incomplete", f"{len(given_up)} given up at the end, {old} older than the timeout (violations)")


def figures(case: Case) -> Item:
    """Successful requests carry positive times: none means that the answer was not streamed."""
    wanted: tuple[Metric, ...] = SHOWN if case.traffic.output_tokens > 1 else ("ttft", "e2e")
    for metric in wanted:
        there = sum(figure(row, metric) is not None for row in case.answered)
        if there < FIGURES_SHARE * max(1, len(case.answered)):
            return refused(
                "figures",
                f"only {there} of {len(case.answered)} successful requests carry {metric}: was the answer streamed?",
            )
    return passed("figures", f"{len(case.answered)} successful requests carry {', '.join(wanted)}")


def output_length(case: Case) -> Item:
    """Answers are as long as asked: a short one looks fast."""
    asked, got = case.traffic.output_tokens, [row.output_tokens or 0 for row in case.answered]
    if not got:
        return refused("output length", "no successful request")
    if case.shape and case.shape.mixed:
        return _mixed_length("output length", fmean(_recorded(case, "output_tokens") or [asked]), got)
    slack = max(1.0, asked * OUTPUT_TOLERANCE)
    right = sum(abs(tokens - asked) <= slack for tokens in got)
    said = f"{right} of {len(got)} answers have {asked} tokens, within {slack:g}; median {median(got):g}"
    return (passed if right >= OUTPUT_SHARE * len(got) else refused)("output length", said)


def prompt_length(case: Case) -> Item:
    """Prompts are about as long as declared, by the server's own count."""
    asked, got = case.traffic.prompt_tokens, [row.prompt_tokens for row in case.answered if row.prompt_tokens]
    if not got:
        return refused("prompt length", "the server reports no prompt tokens")
    mixed = case.shape is not None and case.shape.mixed
    wanted = fmean(_recorded(case, "prompt_tokens") or [asked]) if mixed else asked
    seen = fmean(got) if mixed else median(got)
    near = wanted / PROMPT_FACTOR <= seen <= wanted * PROMPT_FACTOR
    return (passed if near else refused)("prompt length", f"{wanted:g} tokens declared, the server counts {seen:g}")


def _mixed_length(name: str, asked: float, got: Sequence[int]) -> Item:
    """Requests of many lengths: their mean is the declared one, as nearly as so many draws can tell."""
    slack = asked * OUTPUT_TOLERANCE + MEAN_ERRORS * pstdev(got) / math.sqrt(len(got))
    said = f"answers have {fmean(got):.4g} tokens on average, {asked:.4g} asked, within {slack:.3g}"
    return (passed if abs(fmean(got) - asked) <= slack else refused)(name, said)


def _recorded(case: Case, field: Literal["prompt_tokens", "output_tokens"]) -> list[int]:
    """What the requests of a recording ask for; empty without one."""
    recording = case.shape.recording if case.shape else ()
    return [getattr(one, field) for one in recording[case.traffic.warmup_requests : case.traffic.sent]]


def shaped(case: Case) -> Item:
    """The traffic had the declared shape: bursts prove nothing of even distances, nor these of bursts."""
    wanted = case.shape.name if case.shape and case.shape.scheduled else ""
    said = f"{case.stage.shape or 'even distances'} measured, {wanted or 'even distances'} declared"
    return (passed if case.stage.shape == wanted else refused)("shape", said)


def engine(case: Case) -> Item:
    """The engine's own figures agree."""
    if case.figures is not None:
        return agreement(case.figures, case.stage)
    return Item("engine metrics", Outcome.NOT_RUN, "needs the engine's /metrics during the run; not read here")


def independent(case: Case) -> Item:
    """How far requests hang together; a sequential decision reckons with it, and refuses a PASS where it is too far."""
    if case.decision == "exact":
        reason = "requests are taken as independent; correlation is not measured"
        return Item("independence", Outcome.NOT_RUN, reason)
    said = [_correlation(one, case) for one in case.objectives if one.metric in (*REQUEST_LATENCIES, "goodput")]
    return passed(
        "independence", "; ".join(said) or "no latency is promised, so nothing tells how far they hang together"
    )


def _correlation(objective: Objective, case: Case) -> str:
    told = [one is True for one in outcomes(objective, case.rows, case.traffic, case.objectives)]
    seen = measure(told, values(objective, case.rows, case.objectives), objective.allowed)
    lags = [f"{value:.2f} of {what}" for what, value in _lags(seen) if value is not None]
    return f"{objective.name}: lag-1 {' and '.join(lags) or 'unknown'}; {seen.n} are worth {seen.effective:.0f}"


def _lags(seen: Correlation) -> tuple[tuple[str, float | None], ...]:
    return ("latencies", seen.latencies), ("violations", seen.violations)
