"""The newest decisive attempt counts; doubt about it, or about anything newer, is never a PASS."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.core.outcome import Outcome


def test_nothing_is_not_run(gate):
    found = gate.judge()
    assert (found.outcome, found.reason) == (Outcome.NOT_RUN, "no verdict about aaaaaaaaaaaa on dev")


def test_a_pass_grants_with_its_reason(gate):
    found = gate.judge(gate.record())
    assert (found.outcome, found.reason) == (Outcome.PASS, "All 5 objectives are met.")
    assert found.record.name == "verdict-aaaaaaaaaaaa-1"


@pytest.mark.parametrize("trigger", ["nightly", "manual"])
def test_a_later_fail_revokes_a_pass(gate, trigger):
    later = gate.record(attempt=2, outcome="FAIL", trigger=trigger, ended="11:30", reason="TTFT p95: too slow")
    found = gate.judge(later, gate.record())
    assert (found.outcome, found.reason) == (Outcome.FAIL, "TTFT p95: too slow")


def test_a_later_pass_grants_again(gate):
    found = gate.judge(gate.record(outcome="FAIL"), gate.record(attempt=2, ended="11:30"))
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize("outcome", ["INCONCLUSIVE", "NOT_RUN"])
@pytest.mark.parametrize("answer", ["PASS", "FAIL"])
def test_no_answer_neither_grants_nor_revokes_but_is_shown(gate, outcome, answer):
    found = gate.judge(gate.record(outcome=answer), gate.record(attempt=2, outcome=outcome, ended="11:30"))
    assert found.outcome == answer
    assert (found.record.attempt, found.newest.attempt) == (1, 2)


def test_only_no_answers_are_no_answer(gate):
    found = gate.judge(gate.record(outcome="INCONCLUSIVE", reason="too few requests"))
    assert (found.outcome, found.reason, found.record) == (Outcome.INCONCLUSIVE, "too few requests", None)


def test_ten_is_newer_than_nine(gate):
    found = gate.judge(gate.record(attempt=9, ended="10:00"), gate.record(attempt=10, outcome="FAIL", ended="10:30"))
    assert found.outcome is Outcome.FAIL


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cluster": "staging"}, "about the cluster staging, not dev"),
        ({"scope": "local"}, "scope local"),
        ({"contentHash": "sha256:" + "0" * 64}, "renders from other content"),
        ({"ended": "12:03"}, "ends in the future"),
        ({"carriedFrom": "dev-0", "measuredAt": "2026-11-14T11:59:59Z"}, "too old: it measured 7 days ago"),
    ],
)
def test_a_pass_that_does_not_speak_for_this_is_not_run_with_the_reason(gate, changes, told):
    found = gate.judge(gate.record(**changes))
    assert found.outcome is Outcome.NOT_RUN
    assert told in found.reason


def test_a_verdict_of_another_commit_under_our_name_is_refused(gate):
    body = gate.body(revision="a" * 12 + "b" * 28)
    found = gate.judge(gate.read(body))
    assert found.outcome is Outcome.NOT_RUN
    assert f"about the commit {'a' * 12}{'b' * 28}, not {'a' * 40}" in found.reason


def test_clocks_may_differ_by_two_minutes(gate):
    assert gate.judge(gate.record(ended="12:02")).outcome is Outcome.PASS


def test_a_fail_never_gets_too_old(gate):
    found = gate.judge(gate.record(outcome="FAIL"), now=gate.now + timedelta(days=400))
    assert found.outcome is Outcome.FAIL


def test_a_fail_from_the_future_is_no_answer_either(gate):
    found = gate.judge(gate.record(outcome="FAIL", ended="12:30"))
    assert (found.outcome, found.record) == (Outcome.NOT_RUN, None)
    assert "ends in the future" in found.reason


def test_without_a_content_hash_the_rest_still_holds(gate):
    assert gate.judge(gate.record(), content=None).outcome is Outcome.PASS
    assert gate.judge(gate.record(ended="12:30"), content=None).outcome is Outcome.NOT_RUN


def test_a_refused_newest_answer_never_falls_back_to_an_older_pass(gate):
    newest = gate.record(attempt=2, contentHash="sha256:" + "0" * 64, ended="11:30")
    assert gate.judge(gate.record(), newest).outcome is Outcome.NOT_RUN


def broken(gate, kind, attempt):
    body = gate.body(attempt=attempt, outcome="FAIL", ended="11:30", signed=kind != "unsigned")
    if kind == "edited":
        body["data"]["verdict.json"] = body["data"]["verdict.json"].replace("FAIL", "PASS")
    if kind == "truncated":
        body["data"]["verdict.json"] = body["data"]["verdict.json"][:100]
    if kind == "re-signed":
        body = gate.body(gate.other, attempt=attempt, outcome="PASS", ended="11:30")
    return gate.read(body)


@pytest.mark.parametrize("kind", ["unsigned", "edited", "truncated", "re-signed"])
def test_a_newer_record_that_cannot_be_believed_may_hide_a_fail_so_nothing_passes(gate, kind):
    found = gate.judge(gate.record(), broken(gate, kind, 2))
    assert found.outcome is Outcome.NOT_RUN
    assert "a newer attempt cannot be believed: verdict-aaaaaaaaaaaa-2" in found.reason
    assert len(found.refused) == 1


@pytest.mark.parametrize("kind", ["unsigned", "edited", "truncated", "re-signed"])
def test_an_older_record_that_cannot_be_believed_is_shown_and_no_more(gate, kind):
    found = gate.judge(broken(gate, kind, 1), gate.record(attempt=2, ended="11:45"))
    assert found.outcome is Outcome.PASS
    assert found.refused[0].startswith("verdict-aaaaaaaaaaaa-1: ")


def test_an_older_pass_renamed_as_the_newest_does_not_undo_a_fail(gate):
    body = gate.body()
    body["metadata"]["name"] = "verdict-aaaaaaaaaaaa-3"
    found = gate.judge(gate.record(), gate.record(attempt=2, outcome="FAIL", ended="11:30"), gate.read(body))
    assert found.outcome is Outcome.NOT_RUN
    assert "copied or renamed" in found.reason


def test_a_replayed_higher_attempt_of_earlier_days_does_not_undo_a_fail(gate):
    old = gate.record(attempt=7, ended="09:00")
    found = gate.judge(old, gate.record(attempt=1, outcome="FAIL", ended="11:00"))
    assert found.outcome is Outcome.NOT_RUN
    assert "a replay, or a clock that ran backwards" in found.reason


def test_two_signed_verdicts_of_one_attempt_cancel_each_other(gate):
    found = gate.judge(gate.record(), gate.record(id="dev-2", outcome="FAIL"))
    assert found.outcome is Outcome.NOT_RUN
    assert "two signed verdicts claim attempt 1" in found.reason


def test_the_same_verdict_twice_is_one(gate):
    assert gate.judge(gate.record(), gate.record()).outcome is Outcome.PASS


def test_verdicts_of_other_commits_change_nothing(gate):
    other = gate.record(revision="d" * 40, attempt=9, outcome="FAIL", ended="11:30")
    found = gate.judge(other, gate.record())
    assert found.outcome is Outcome.PASS
    assert gate.judge(other).outcome is Outcome.NOT_RUN


@given(data=st.data(), key=st.sampled_from(["verdict.json", "evidence.jws"]))
def test_no_changed_byte_makes_a_pass_count(gate, data, key):
    body = gate.body()
    text = body["data"][key]
    at = data.draw(st.integers(0, len(text) - 1))
    body["data"][key] = text[:at] + data.draw(st.characters().filter(lambda c: c != text[at])) + text[at + 1 :]
    assert gate.judge(gate.read(body)).outcome is Outcome.NOT_RUN


STORIES = st.lists(st.sampled_from(["PASS", "FAIL", "INCONCLUSIVE", "broken"]), min_size=1, max_size=6)


@given(story=STORIES, order=st.randoms(use_true_random=False))
def test_whatever_happened_only_a_newest_answer_of_pass_with_nothing_broken_after_it_passes(gate, story, order):
    records = [
        broken(gate, "edited", n)
        if what == "broken"
        else gate.record(attempt=n, id=f"dev-{n}", outcome=what, ended=f"10:{n:02}")
        for n, what in enumerate(story, start=1)
    ]
    order.shuffle(records)
    rest = [what for what in story if what != "INCONCLUSIVE"]
    assert (gate.judge(*records).outcome is Outcome.PASS) == (rest[-1:] == ["PASS"])
