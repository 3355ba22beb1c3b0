"""The history of verdicts: each counts once, the newest answer speaks for its commit, and a copy is no measurement."""

from typing import Any

import pytest

from leanrag.evidence.history import Line, history

A, B = "a" * 40, "b" * 40


def objective(name: str = "ttft p95", estimate: float | None = 100.0, model: str = "chat", **changes: Any):
    return {
        "model": model,
        "name": name,
        "unit": "ms",
        "limit": 300.0,
        "estimate": estimate,
        "outcome": "PASS",
        "n": 168,
        **changes,
    }


def verdict(verdict_id: str, revision: str | None = A, end: str = "2026-11-21T04:00:00Z", **changes: Any):
    return {
        "id": verdict_id,
        "cluster": "dev",
        "scope": "cluster",
        "revision": revision,
        "dirty": False,
        "outcome": "PASS",
        "reason": "all hold",
        "objectives": [objective()],
        "steps": [],
        "end": end,
        **changes,
    }


def lines(*documents: dict[str, Any]) -> tuple[Line, ...]:
    (one,) = history(documents)
    return one.lines


def test_commits_stand_newest_first():
    found = lines(
        verdict("1", A, "2026-11-20T00:00:00Z"),
        verdict("2", B, "2026-11-22T00:00:00Z"),
        verdict("3", "c" * 40, "2026-11-21T00:00:00Z"),
    )
    assert [line.revision[0] for line in found] == ["b", "c", "a"]


def test_the_newest_answer_speaks_for_its_commit():
    runs = [verdict(str(day), end=f"2026-11-2{day}T00:00:00Z") for day in range(4)]
    runs[1]["outcome"], runs[2]["outcome"], runs[3]["outcome"] = "FAIL", "FAIL", "INCONCLUSIVE"
    (line,) = lines(*runs)
    assert (line.counts.id, line.counts.outcome, len(line.runs)) == ("2", "FAIL", 4)


def test_without_an_answer_the_newest_run_is_shown():
    (line,) = lines(*(verdict(str(day), end=f"2026-11-2{day}T00:00:00Z", outcome="INCONCLUSIVE") for day in range(3)))
    assert line.counts.id == "2"


def test_a_copy_of_a_verdict_counts_once():
    (line,) = lines(verdict("1"), verdict("1"))
    assert len(line.runs) == 1


def test_a_carried_verdict_is_shown_and_is_no_measurement():
    carried = verdict("2", B, "2026-11-23T00:00:00Z", carriedFrom="1", measuredAt="2026-11-21T04:00:00Z")
    first, second = sorted(lines(verdict("1"), carried), key=lambda line: line.revision)
    assert (first.measured, second.measured) == (1, 0)
    assert second.counts.measured == "2026-11-21T04:00:00Z"


def test_uncommitted_changes_are_another_line():
    assert [line.dirty for line in lines(verdict("1", dirty=True), verdict("2"))] == [False, True]


def test_models_and_clusters_stand_apart():
    two = [objective(model="chat"), objective(model="code")]
    found = history([verdict("1", objectives=two), verdict("2", cluster="prod"), verdict("3", scope="local")])
    assert [(one.cluster, one.scope, one.model) for one in found] == [
        ("dev", "cluster", "chat"),
        ("dev", "cluster", "code"),
        ("dev", "local", "chat"),
        ("prod", "cluster", "chat"),
    ]


def test_the_engine_s_figures_are_the_models_own():
    load = {"name": "load", "facts": {"engine": {"chat": {"prefixHitRate": 0.1}, "code": {"prefixHitRate": 0.9}}}}
    (line,) = lines(verdict("1", steps=[load]))
    assert line.counts.engine == {"prefixHitRate": 0.1}


@pytest.mark.parametrize("facts", [{}, {"engine": None}, {"engine": []}, {"engine": {"chat": 3}}])
def test_an_engine_that_was_not_watched_says_nothing(facts):
    (line,) = lines(verdict("1", steps=[{"name": "load", "facts": facts}]))
    assert line.counts.engine == {}


def test_verdicts_without_objectives_have_no_history():
    assert history([verdict("1", objectives=[])]) == ()
    assert history([]) == ()


def test_figures_of_a_run_are_those_of_its_verdict():
    (line,) = lines(verdict("1", objectives=[objective(), objective("e2e p95", None, outcome="INCONCLUSIVE", n=200)]))
    assert [(each.name, each.estimate, each.outcome) for each in line.counts.objectives] == [
        ("ttft p95", 100.0, "PASS"),
        ("e2e p95", None, "INCONCLUSIVE"),
    ]
    assert line.counts.requests == 200
