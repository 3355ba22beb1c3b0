"""One good run made by hand, and one defect at a time: each alone takes the PASS away."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.core.outcome import Outcome
from leanrag.load.judge import Judgement, judge
from leanrag.load.report import Complaint, Counts, Report, Row, Stage
from leanrag.slo.objectives import Objective, Traffic

N = 100
OPEN = Traffic("constant", N, 64, 32, 10.0, 0, 60.0, rate=10.0)
CLOSED = Traffic("concurrent", N, 64, 32, 10.0, 0, 60.0, streams=4)
PROMISES = (
    Objective("ttft", 500, "ms", 0.95, 95),
    Objective("itl", 50, "ms", 0.95, 95),
    Objective("e2e", 5, "s", 0.95, 95),
    Objective("errorRate", 0.05, "share", 0.95),
    Objective("availability", 0.95, "share", 0.95),
)


def row(index: int, every: float = 0.1) -> Row:
    start = 1000 + index * every
    return Row("successful", start, start + 0.4, start, 0.1, 0.0097, 0.4, 64, 32)


def stage(kind: str) -> Stage:
    counts, rate, streams = Counts(N, 0, 0), (10.0 if kind == "constant" else None), 4
    rows = tuple(row(index) for index in range(N))
    streams_asked = streams if kind == "concurrent" else None
    return Stage(kind, rate, streams_asked, 1, 1000.0, 1010.0, counts, rows, ("max_requests",), False, ())


def judged(found: Stage, traffic: Traffic = OPEN) -> Judgement:
    return judge(Report("r", "guidellm 0.8.1", "tiny", "http://m", 1, (found,)), PROMISES, traffic, "tiny")


def each(found: Stage, change: Callable[[Row], Row], first: int = N) -> Stage:
    return replace(found, rows=tuple(change(one) if i < first else one for i, one in enumerate(found.rows)))


def faster(found: Stage, every: float) -> Stage:
    return replace(found, rows=tuple(row(index, every) for index in range(N)))


@pytest.mark.parametrize(("kind", "traffic"), [("constant", OPEN), ("concurrent", CLOSED)])
def test_the_good_run_passes(kind: str, traffic: Traffic) -> None:
    found = judged(stage(kind), traffic)
    assert (found.outcome, found.reason) == (Outcome.PASS, "all 5 objectives hold, by 100 requests")


def test_evidence_is_asked_in_its_order_and_what_needs_a_cluster_is_not_run() -> None:
    items = judged(stage("constant")).evidence
    assert [item.name for item in items][:7] == [
        "report", "subject", "live revision", "rows", "profile", "enough requests", "errors",
    ]  # fmt: skip
    waiting = {item.name for item in items if item.outcome is Outcome.NOT_RUN}
    assert waiting == {"live revision", "engine metrics", "independence"}


DEFECTS: dict[str, tuple[str, Callable[[Stage], Stage], str]] = {
    "arrives too fast": ("pace", lambda s: faster(s, 0.07), "14.29/s achieved, 10/s asked"),
    "arrives too slowly": ("pace", lambda s: replace(faster(s, 0.12), end=1020.0), "8.33/s achieved"),
    "the tool says it was late": (
        "client",
        lambda s: replace(s, warnings=(Complaint("root_late", "p95"),)),
        "root_late",
    ),
    "an unknown complaint": ("client", lambda s: replace(s, warnings=(Complaint("new_thing", "?"),)), "new_thing"),
    "left late": ("client", lambda s: each(s, lambda r: replace(r, targeted=r.start - 0.5)), "0.50 s late"),
    "another profile": ("profile", lambda s: replace(s, kind="poisson"), "poisson 10/s measured"),
    "another rate": ("profile", lambda s: replace(s, rate=10.1), "constant 10.1/s measured"),
    "stopped by errors": ("end of run", lambda s: replace(s, stopped_by=("max_errors",)), "not as planned"),
    "stopped by nothing": ("end of run", lambda s: replace(s, stopped_by=()), "nothing that is written"),
    "over-saturated": ("saturation", lambda s: replace(s, saturated=True), "above its capacity"),
    "prompts too short": ("prompt length", lambda s: each(s, lambda r: replace(r, prompt_tokens=20)), "counts 20"),
    "prompts too long": ("prompt length", lambda s: each(s, lambda r: replace(r, prompt_tokens=300)), "counts 300"),
    "no usage": ("output length", lambda s: each(s, lambda r: replace(r, output_tokens=None)), "median 0"),
    "short answers": ("output length", lambda s: each(s, lambda r: replace(r, output_tokens=20), 6), "94 of 100"),
    "requests missing": ("rows", lambda s: replace(s, rows=s.rows[1:]), "its totals say 100 and 0"),
    "zero TTFT": ("figures", lambda s: each(s, lambda r: replace(r, ttft=0.0)), "only 0 of 100"),
    "negative TTFT": ("figures", lambda s: each(s, lambda r: replace(r, ttft=-1.0)), "only 0 of 100"),
    "one packet": ("figures", lambda s: each(s, lambda r: replace(r, itl=0.0)), "carry itl"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_one_defect_alone_takes_the_pass_away(defect: str) -> None:
    name, change, words = DEFECTS[defect]
    found = judged(change(stage("constant")))
    assert found.outcome is Outcome.INCONCLUSIVE, found.reason
    item = next(item for item in found.evidence if item.name == name)
    assert item.outcome is Outcome.INCONCLUSIVE and words in item.reason


def lost(count: int) -> Stage:
    found = stage("constant")
    return replace(found, rows=found.rows[: N - count], made=Counts(N - count, 0, 0), stopped_by=())


def test_a_request_that_the_client_lost_counts_against_every_promise() -> None:
    found = judged(lost(1))
    assert found.outcome is Outcome.PASS, found.reason
    assert [(one.n, one.violations) for one in found.objectives] == [(N, 1)] * len(PROMISES)
    assert next(i for i in found.evidence if i.name == "end of run").reason.startswith("the client lost 1 of 100")


def test_a_client_that_lost_more_than_two_in_a_hundred_proves_nothing() -> None:
    assert judged(lost(3)).outcome is Outcome.INCONCLUSIVE


def test_fewer_streams_than_asked_are_not_the_declared_traffic() -> None:
    found = judged(each(stage("concurrent"), lambda r: replace(r, end=r.start + 0.3)), CLOSED)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "pace: 3.0 requests in flight on average, 4 asked" in found.reason


def test_gaps_that_repeat_are_found_and_random_ones_are_not() -> None:
    repeated = each(replace(stage("constant"), kind="poisson", workers=10), lambda r: r)
    spread = replace(
        repeated, rows=tuple(replace(r, targeted=1000 + i * i * 0.01) for i, r in enumerate(repeated.rows))
    )
    said = [{item.name: item for item in judged(one).evidence}["arrivals"] for one in (repeated, spread)]
    assert [item.outcome for item in said] == [Outcome.INCONCLUSIVE, Outcome.PASS]
    assert "1 distinct gaps among 99 with 10 workers" in said[0].reason


def test_a_slow_client_proves_nothing_against_the_service_either() -> None:
    late = each(stage("constant"), lambda r: replace(r, targeted=r.start - 0.5, ttft=0.39))
    found = judge(Report("r", "g", "tiny", "u", 1, (late,)), (Objective("ttft", 100, "ms", 0.95, 95),), OPEN)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.objectives[0].reason.startswith("not judged (the client was the bottleneck")


@pytest.mark.parametrize("value", [0.0, -1.0, None, float("nan"), float("inf")])
def test_a_request_without_its_figure_holds_a_pass_back(value: float | None) -> None:
    """Four of a hundred are few enough to be believed, and one too many to be proven good."""
    found = judged(each(stage("constant"), lambda r: replace(r, ttft=value), 4))
    assert found.objectives[0].outcome is Outcome.INCONCLUSIVE
    assert "4 cannot be told" in found.objectives[0].reason


def fail(one: Row) -> Row:
    return replace(one, status="errored", error="ReadTimeout('')", e2e=None)


@given(errors=st.integers(0, N - 1), slow=st.integers(0, N - 1))
@settings(deadline=None, max_examples=60)
def test_one_error_or_slow_request_more_never_improves_the_outcome(errors: int, slow: int) -> None:
    order = (Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL)

    def outcome(failed: int, late: int) -> int:
        found = each(each(stage("constant"), lambda r: replace(r, ttft=0.6, e2e=6.0), late), fail, failed)
        found = replace(found, made=Counts(N - failed, failed, 0))
        return order.index(judged(found).outcome)

    here = outcome(errors, slow)
    assert here <= outcome(errors + 1, slow)
    assert here <= outcome(errors, slow + 1)
