"""Only a whole, fresh, signed PASS about this very commit on this very cluster may promote; each doubt is named."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import build, read
from leanrag.evidence.token import claims_of, sign
from leanrag.promote.evidence import UNSIGNED, Sought, refusals, token_refusals

SHA, CONTENT = "a" * 40, "sha256:" + "b" * 64
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PEM, PUBLIC = make_key()
KEY = parse_key(PEM, "test")
OTHER = parse_key(make_key()[0], "test")
WANTED = Sought("dev", [PUBLIC], SHA, CONTENT, None, NOW, timedelta(days=7))
STEP = {"name": "smoke", "outcome": "PASS", "reason": "", "seconds": 1, "items": [], "facts": {}}
STEPS = [STEP | {"name": name} for name in ("converge", "check", "smoke", "load", "judge", "verdict")]
OBJECTIVE = {
    "model": "tiny",
    "name": "ttft p95",
    "metric": "ttft",
    "unit": "ms",
    "percentile": 95,
    "limit": 500,
    "confidence": 0.95,
    "n": 200,
    "required": 59,
    "violations": 1,
    "estimate": 412.5,
    "allowed": 0.05,
    "interval": {"lower": 0.0001, "upper": 0.0275},
    "outcome": "PASS",
    "reason": "met",
}
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
    "steps": STEPS,
    "objectives": [OBJECTIVE],
    "distributions": [],
    "evidence": [],
    "skipped": [],
    "subject": {"api": None, "vectorStore": None, "models": [], "images": []},
    "tools": {},
    "seed": 1,
    "reproduce": [],
    "start": "2026-11-21T10:00:00Z",
    "end": "2026-11-21T11:00:00Z",
    "trigger": "postsync",
    "attempt": 1,
    "carriedFrom": None,
    "measuredAt": "2026-11-21T11:00:00Z",
    "fingerprint": "sha256:" + "c" * 64,
}


def record(key=KEY, **changes):
    document = copy.deepcopy(VERDICT) | changes
    text = json.dumps(document)
    claims = claims_of(document, text)
    token = sign(claims, key) if key else ""
    return read(build(claims, text, token=token, sentence="", metrics="", namespace="dev-gate"), [PUBLIC])


def refused(found=None, now=NOW, max_age=timedelta(days=7), requires=None, **changes):
    wanted = replace(WANTED, requires=requires, now=now, max_age=max_age)
    return refusals(found or record(**changes), wanted)


def test_a_perfect_signed_verdict_is_accepted():
    assert refused() == ()


def test_an_otherwise_perfect_verdict_without_a_signature_is_refused():
    assert refused(record(key=None)) == (UNSIGNED,)


def test_a_signature_of_a_key_that_the_cluster_does_not_name_is_refused():
    assert "which the cluster does not name" in refused(record(key=OTHER))[0]


def test_a_record_judged_with_other_keys_than_those_of_now_is_refused():
    found = refusals(record(), replace(WANTED, keys=[OTHER.public]))
    assert "which the cluster does not name" in found[0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scope": "local"}, "scope local"),
        ({"cluster": "staging"}, "about the cluster staging, not dev"),
        ({"revision": "c" * 40}, "about the commit cccccccccccc, not aaaaaaaaaaaa"),
        ({"dirty": True}, "differed from its commit"),
        ({"contentHash": "sha256:" + "0" * 64}, "other content"),
        ({"outcome": "FAIL", "reason": "TTFT p95: too slow"}, "the outcome is FAIL"),
        ({"outcome": "INCONCLUSIVE"}, "the outcome is INCONCLUSIVE"),
        ({"outcome": "NOT_RUN"}, "the outcome is NOT_RUN"),
        ({"steps": [*STEPS[:-1], STEPS[-1] | {"outcome": "FAIL"}]}, "it says PASS, but steps has verdict: FAIL"),
        ({"evidence": [{"name": "n", "outcome": "INCONCLUSIVE", "reason": ""}]}, "evidence has n: INCONCLUSIVE"),
        ({"steps": [step for step in STEPS if step["name"] != "load"]}, "the step load was not run"),
        ({"objectives": []}, "no objective was met"),
        (
            {"end": "2026-11-22T11:00:00Z", "measuredAt": "2026-11-22T11:00:00Z"},
            "ends in the future",
        ),
        ({"unknown": 1}, "not a verdict"),
    ],
)
def test_each_doubt_is_named_and_refuses_by_itself(changes, told):
    found = refused(**changes)
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize(("mode", "requires"), [("smoke", "full"), ("observe", "full"), ("observe", "smoke")])
def test_a_mode_that_proves_less_than_required_is_refused(mode, requires):
    assert refused(mode=mode, requires=requires) == (f"it was measured in mode {mode}, and {requires} is required",)


def test_the_age_counts_from_the_measurement_that_was_carried():
    carried = {"carriedFrom": "dev-0", "measuredAt": "2026-11-14T11:00:00Z"}
    assert "too old: it measured 7.04 days ago" in refused(**carried)[0]


def test_the_last_allowed_moment_is_still_allowed():
    end = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
    assert refused(now=end + timedelta(days=7)) == ()
    assert "too old" in refused(now=end + timedelta(days=7, seconds=1))[0]


def test_all_doubts_are_told_at_once():
    found = refused(scope="local", cluster="x", dirty=True, outcome="FAIL", contentHash="sha256:" + "0" * 64)
    assert len(found) == 5


def test_the_claims_alone_suffice_for_what_git_keeps():
    wanted = replace(WANTED, requires="full")
    assert token_refusals(record().token, wanted) == ()
    assert "about the commit" in token_refusals(record().token, replace(wanted, revision="d" * 40))[0]
    assert token_refusals("", wanted) == (UNSIGNED,)


def test_a_document_put_in_place_of_the_signed_one_is_refused():
    found = record(outcome="FAIL", objectives=[OBJECTIVE | {"outcome": "FAIL"}])
    good = record()
    assert refused(replace(good, text=found.text)) == ("its document is not the one that was signed",)
