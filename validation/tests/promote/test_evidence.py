"""Only a whole, fresh, signed PASS about this very commit on this very cluster may promote; each doubt is named."""

import copy
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.promote.evidence import UNSIGNED, refusals

SHA, CONTENT = "a" * 40, "sha256:" + "b" * 64
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STEP = {"name": "smoke", "outcome": "PASS", "reason": "", "seconds": 1, "items": [], "facts": {}}
VERDICT = {
    "schema": "leanrag.io/verdict/v1",
    "id": "dev-1",
    "scope": "cluster",
    "cluster": "dev",
    "environment": "dev",
    "revision": SHA,
    "dirty": False,
    "contentHash": CONTENT,
    "mode": "full",
    "outcome": "PASS",
    "reason": "All 5 objectives are met.",
    "steps": [STEP],
    "objectives": [],
    "distributions": [],
    "evidence": [],
    "skipped": [],
    "subject": {"api": None, "vectorStore": None, "models": [], "images": []},
    "tools": {},
    "seed": 1,
    "reproduce": [],
    "start": "2026-11-21T10:00:00Z",
    "end": "2026-11-21T11:00:00Z",
}


def refused(now=NOW, max_age=timedelta(days=7), **changes):
    verdict = copy.deepcopy(VERDICT) | changes
    return refusals(verdict, cluster="dev", revision=SHA, content_hash=CONTENT, now=now, max_age=max_age)


def test_an_otherwise_perfect_verdict_is_refused_as_unsigned_and_for_nothing_else():
    assert refused() == (UNSIGNED,)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope": "local"}, "scope local"),
        ({"cluster": "staging"}, "about the cluster staging, not dev"),
        ({"revision": "c" * 40}, "about the commit cccccccccccc, not aaaaaaaaaaaa"),
        ({"revision": None}, "about the commit none"),
        ({"dirty": True}, "differed from its commit"),
        ({"contentHash": "sha256:" + "0" * 64}, "other content"),
        ({"contentHash": None}, "other content"),
        ({"outcome": "FAIL", "reason": "TTFT p95: too slow"}, "the outcome is FAIL: TTFT p95: too slow"),
        ({"outcome": "INCONCLUSIVE"}, "the outcome is INCONCLUSIVE"),
        ({"outcome": "NOT_RUN"}, "the outcome is NOT_RUN"),
        ({"steps": [STEP | {"outcome": "FAIL"}]}, "it says PASS, but steps has smoke: FAIL"),
        ({"evidence": [{"name": "n", "outcome": "INCONCLUSIVE", "reason": ""}]}, "evidence has n: INCONCLUSIVE"),
        ({"end": "2026-11-21T09:00:00Z"}, "times are impossible"),
        ({"end": "2026-02-31T09:00:00Z"}, "times are impossible"),
        ({"end": "2026-11-22T11:00:00Z"}, "ends in the future"),
    ],
)
def test_each_doubt_is_named_and_refuses_by_itself(changes, told):
    found = refused(**changes)
    assert len(found) == 2
    assert told in found[0]


def test_an_old_verdict_is_refused_with_its_age():
    assert refused(now=NOW + timedelta(days=8))[0] == "too old: it ended 8.0 days ago, at most 7.0 days are allowed"


def test_the_last_allowed_moment_is_still_allowed():
    end = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
    assert refused(now=end + timedelta(days=7)) == (UNSIGNED,)
    assert "too old" in refused(now=end + timedelta(days=7, seconds=1))[0]


def test_all_doubts_are_told_at_once():
    assert len(refused(scope="local", cluster="x", dirty=True, outcome="FAIL")) == 5


@pytest.mark.parametrize(
    "changes", [{"schema": "leanrag.io/verdict/v2"}, {"outcome": "GREEN"}, {"steps": None}, {"x": 1}]
)
def test_what_is_not_a_verdict_by_the_schema_is_refused(changes):
    assert refused(**changes)[0].startswith("not a verdict: ")


def test_an_empty_document_is_refused():
    assert refusals({}, cluster="dev", revision=SHA, content_hash=CONTENT, now=NOW, max_age=timedelta(days=7))
