"""Equal content under equal surroundings keeps its verdict, PASS and FAIL; everything else is measured."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.core.outcome import Outcome
from leanrag.core.result import StepResult
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import build, read
from leanrag.evidence.token import claims_of, sign
from leanrag.gate.carry import Carried, Measure, carried, carry
from leanrag.gate.lift import lift
from leanrag.gate.run import run_gate

CONTENT, FINGERPRINT = "sha256:" + "b" * 64, "sha256:" + "f" * 64
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = parse_key(make_key()[0], "test")
JUDGED_FAIL = {"judge": Outcome.FAIL}


@pytest.fixture
def record(plan, steps):
    """A signed record of a real run; `says` changes what steps say, the rest changes the verdict."""

    def make(says=None, key=KEY, edit=None, **changes):
        verdict = run_gate(plan(), steps(**(says or {})))
        given = {
            "id": "dev-0",
            "scope": "cluster",
            "cluster": "dev",
            "environment": "dev",
            "fingerprint": FINGERPRINT,
            "trigger": "postsync",
            "attempt": 1,
            "start": "2026-11-20T08:00:00Z",
            "end": "2026-11-20T09:00:00Z",
            "measured_at": "2026-11-20T09:00:00Z",
        }
        verdict = replace(verdict, **given | changes)
        document = verdict.document()
        if edit:
            edit(document)
        text = json.dumps(document)
        claims = claims_of(document, text)
        token = sign(claims, key) if key else ""
        return read(build(claims, text, token=token, sentence="", metrics="", namespace="n"), [KEY.public])

    return make


def ask(*records, **changes):
    asked = {
        "cluster": "dev",
        "content_hash": CONTENT,
        "fingerprint": FINGERPRINT,
        "mode": "full",
        "trigger": "postsync",
        "now": NOW,
        "max_age": timedelta(days=7),
    }
    return carry(records, **asked | changes)


def test_a_pass_of_equal_content_is_carried_with_its_numbers(record):
    found = ask(record())
    assert isinstance(found, Carried)
    assert (found.id, found.measured_at, found.outcome) == ("dev-0", "2026-11-20T09:00:00Z", Outcome.PASS)
    assert set(found.results) == {"smoke", "load", "judge"}
    assert found.results["load"].reason == "carried from dev-0: load is pass"
    assert lift(found.results.values()).objectives[0].estimate == 412.5


def test_a_fail_is_carried_as_well_so_an_empty_commit_cannot_roll_again(record):
    found = ask(record(JUDGED_FAIL))
    assert isinstance(found, Carried)
    assert (found.outcome, found.results["judge"].outcome) == (Outcome.FAIL, Outcome.FAIL)


@pytest.mark.parametrize("trigger", ["nightly", "manual"])
def test_who_asks_for_numbers_gets_new_ones(record, trigger):
    assert ask(record(), trigger=trigger) == Measure(f"a {trigger} run always measures")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"content_hash": "sha256:" + "0" * 64}, "no signed answer about this content"),
        ({"content_hash": None}, "not known whole"),
        ({"fingerprint": None}, "not known whole"),
        ({"fingerprint": "sha256:" + "0" * 64}, "something else was running"),
        ({"mode": "smoke"}, "no signed answer about this content in this mode"),
        ({"cluster": "staging"}, "no signed answer"),
        ({"now": NOW + timedelta(days=7)}, "it measured 8.12 days ago, at most 7 days"),
        ({"now": NOW - timedelta(days=3)}, "it measured in the future"),
    ],
)
def test_whatever_differs_is_measured(record, asked, told):
    found = ask(record(), **asked)
    assert isinstance(found, Measure)
    assert told in found.why


def test_only_what_our_key_signed_is_repeated_under_our_key(record):
    assert isinstance(ask(record(key=None)), Measure)
    assert isinstance(ask(record(key=parse_key(make_key()[0], "other"))), Measure)


def test_a_local_run_is_not_carried(record):
    assert isinstance(ask(record(scope="local")), Measure)


@pytest.mark.parametrize("what", [Outcome.INCONCLUSIVE, Outcome.NOT_RUN])
def test_no_answer_is_not_carried(record, what):
    assert isinstance(ask(record({"smoke": what})), Measure)


def test_the_newest_answer_about_the_content_decides_whichever_commit_it_was_about(record):
    nightly = record(JUDGED_FAIL, id="dev-9", revision="e" * 40, end="2026-11-20T23:00:00Z", trigger="nightly",
                     measured_at="2026-11-20T23:00:00Z")  # fmt: skip
    for records in ((record(), nightly), (nightly, record())):
        found = ask(*records)
        assert (found.id, found.outcome) == ("dev-9", Outcome.FAIL)


def test_a_newer_pass_outdates_a_fail(record):
    earlier = record(JUDGED_FAIL, id="dev-1", end="2026-11-20T08:30:00Z", measured_at="2026-11-20T08:30:00Z")
    assert ask(earlier, record()).outcome is Outcome.PASS
    assert ask(record(), record(JUDGED_FAIL)).outcome is Outcome.FAIL


def test_an_older_answer_under_the_present_fingerprint_is_not_fetched_back(record):
    newest = record(JUDGED_FAIL, id="dev-9", fingerprint="sha256:" + "1" * 64, end="2026-11-20T23:00:00Z",
                    measured_at="2026-11-20T23:00:00Z")  # fmt: skip
    assert isinstance(ask(record(), newest), Measure)


def test_what_was_carried_is_carried_on_from_the_run_that_measured_and_ages_from_there(record):
    again = record(id="dev-5", carried_from="dev-0", measured_at="2026-11-14T13:00:00Z")
    found = ask(again)
    assert (found.id, found.measured_at) == ("dev-0", "2026-11-14T13:00:00Z")
    assert "it measured 7.04 days ago" in ask(again, now=NOW + timedelta(hours=2)).why


def test_reasons_do_not_pile_up(record):
    def says(document):
        document["steps"][3]["reason"] = "carried from dev-0: load is pass"

    assert ask(record(edit=says)).results["load"].reason == "carried from dev-0: load is pass"


def test_a_fail_that_the_measurement_did_not_cause_is_looked_at_anew(record):
    # The engine served another model after the load: copying the three passed steps would turn the FAIL into a PASS.
    def identity_failed(document):
        document["outcome"] = document["steps"][5]["outcome"] = "FAIL"

    assert "does not come from what was measured" in ask(record(edit=identity_failed)).why


def test_a_fail_of_the_check_alone_is_looked_at_anew(record):
    assert isinstance(ask(record({"check": Outcome.FAIL})), Measure)


def test_a_pass_that_lacks_a_measured_step_is_measured(record):
    def lost(document):
        document["steps"][3]["outcome"] = "NOT_RUN"

    assert "does not come from what was measured" in ask(record(edit=lost)).why


def test_a_signed_document_of_another_form_is_measured(record):
    def other(document):
        del document["objectives"]

    assert "not of this version" in ask(record(edit=other)).why


def test_a_verdict_says_that_it_was_carried(plan, steps, record):
    made = carried(run_gate(plan(), steps()), ask(record()))
    assert (made.carried_from, made.measured_at) == ("dev-0", "2026-11-20T09:00:00Z")


def test_why_a_model_failed_is_carried_with_the_failure(record, plan, steps, objective):
    told = {"model": "tiny", "reason": "why", "cause": "queueing", "symptom": "slow", "confidence": 1.0}
    cause = told | {"evidence": ["full"], "change": {"key": "k", "now": "1", "next": "2", "why": "w"}}
    facts = {"objectives": [objective(outcome="FAIL")], "diagnoses": [cause]}
    failed = {"judge": StepResult("judge", Outcome.FAIL, "slow", 0.1, (), facts)}
    found = ask(record(says=failed))
    assert isinstance(found, Carried)
    assert lift(found.results.values()).diagnoses == lift([failed["judge"]]).diagnoses
