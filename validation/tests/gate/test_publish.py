"""A verdict becomes known whole, once, under the next number; or it is kept, the exit says so, and the next run too."""

import json
from datetime import UTC, datetime, timedelta

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.evidence.effective import effective
from leanrag.evidence.store import read
from leanrag.gate import notice
from leanrag.gate.shelf import Shelf

from .board import DOWN, KEY, FakeBoard

SHA = "a" * 40


def test_a_published_pass_counts_for_promotion(verdict, put):
    board = FakeBoard()
    done = put(verdict(), board)
    records = [read(body, [KEY.public]) for body in board.maps.values()]
    now = datetime.now(UTC) + timedelta(seconds=5)
    found = effective(records, "dev", SHA, verdict().content_hash, now=now, max_age=timedelta(days=7))
    assert (found.outcome, found.record.name) == (Outcome.PASS, "verdict-aaaaaaaaaaaa-1")
    assert (done.name, done.problem, done.verdict.attempt) == ("verdict-aaaaaaaaaaaa-1", "", 1)
    assert done.token == records[0].token


def test_attempts_are_appended_and_never_replaced(verdict, put):
    board = FakeBoard()
    for number in (1, 2, 3):
        assert put(verdict(id=f"dev-{number}"), board).verdict.attempt == number
    assert put(verdict(revision="c" * 40, id="dev-c"), board).name == "verdict-cccccccccccc-1"
    assert len(board.maps) == 4


def test_without_a_key_the_verdict_is_put_up_unsigned(verdict, put):
    board = FakeBoard()
    assert put(verdict(), board, key=None).token == ""
    (body,) = board.maps.values()
    assert "evidence.jws" not in body["data"]
    assert read(body, [KEY.public]).problem == "unsigned"


def test_a_number_that_another_run_took_meanwhile_is_left_to_it(verdict, put):
    board, stranger = FakeBoard(), FakeBoard()
    put(verdict(id="other"), stranger)
    (theirs,) = stranger.maps.values()
    board.faults = [None, lambda _body: board.add(theirs)]
    done = put(verdict(), board)
    assert done.name == "verdict-aaaaaaaaaaaa-2"
    assert board.maps["verdict-aaaaaaaaaaaa-1"]["data"] == theirs["data"]


def test_an_api_server_that_restarts_is_asked_again(verdict, put):
    board, pauses = FakeBoard(DOWN, DOWN, None, DOWN), []
    assert put(verdict(), board, sleep=pauses.append).problem == ""
    assert pauses == [1.0, 2.0, 4.0]


def test_an_answer_that_was_lost_on_its_way_makes_no_second_verdict(verdict, put):
    board = FakeBoard()

    def created_but_cut(body):
        board.add(body)
        raise DOWN

    board.faults = [None, created_but_cut]
    assert put(verdict(), board).name == "verdict-aaaaaaaaaaaa-1"
    assert list(board.maps) == ["verdict-aaaaaaaaaaaa-1"]


def test_a_verdict_that_nobody_takes_is_a_problem_and_stays_on_the_volume(verdict, put, tmp_path):
    board = FakeBoard(*[DOWN] * 50)
    done = put(verdict(id="dev-7", outcome=Outcome.FAIL), board, deadline=0.5)
    assert "could not be published" in done.problem
    assert done.sentence.startswith("the verdict could not be published")
    assert "FAIL" in done.sentence
    assert [lost.id for lost in Shelf(tmp_path / "store").lost()] == ["dev-7"]


def test_the_next_run_says_what_was_lost(verdict, put):
    put(verdict(id="dev-7", outcome=Outcome.FAIL), FakeBoard(*[DOWN] * 50), deadline=0.5)
    board = FakeBoard()
    done = put(verdict(id="dev-8"), board)
    told = [each for each in done.verdict.skipped if each.what == "the run dev-7"]
    assert "it ended FAIL" in told[0].why
    assert "the run dev-7" in board.maps[done.name]["data"]["verdict.json"]


def test_what_the_api_server_will_never_take_is_not_tried_for_ever(verdict, put):
    pauses = []
    done = put(verdict(), FakeBoard(None, InputError("ConfigMap x: 422 Invalid")), sleep=pauses.append)
    assert "422" in done.problem
    assert pauses == []


def test_a_verdict_without_a_commit_cannot_be_published_and_says_why(verdict, put):
    assert "the claim revision is 'None'" in put(verdict(revision=None), FakeBoard()).problem


def test_twenty_verdicts_stay_in_the_cluster(verdict, put):
    board = FakeBoard()
    for number in range(1, 24):
        put(verdict(id=f"dev-{number}"), board)
    assert len(board.maps) == 20
    assert "verdict-aaaaaaaaaaaa-3" not in board.maps


def test_the_signed_document_names_its_key_trigger_and_measurement(verdict, put):
    board = FakeBoard()
    put(verdict(trigger="nightly", start="2026-11-21T09:00:00Z", end="2026-11-21T10:00:00Z"), board)
    document = json.loads(board.maps["verdict-aaaaaaaaaaaa-1"]["data"]["verdict.json"])
    assert (document["signedBy"], document["trigger"]) == (KEY.kid, "nightly")
    assert document["measuredAt"] == "2026-11-21T10:00:00Z"


def test_the_event_hangs_on_the_job(verdict, put):
    board = FakeBoard()
    put(verdict(outcome=Outcome.FAIL, reason="TTFT p95: too slow"), board)
    (event,) = board.events
    assert event["involvedObject"] == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": "gate",
        "namespace": "dev-gate",
        "uid": "u1",
    }
    assert (event["type"], event["reason"]) == ("Warning", "GateFailed")
    assert event["message"] == "FAIL: dev at aaaaaaaaaaaa attempt 1: TTFT p95: too slow"


def test_where_a_process_runs_is_told_by_its_environment():
    assert notice.place({"JOB_NAME": "gate", "JOB_UID": "u"}) == notice.Place("Job", "gate", "u", "batch/v1")
    assert notice.place({"POD_NAME": "gate-x"}) == notice.Place("Pod", "gate-x")
    assert notice.place({}).kind == ""


def test_last_words_fit_and_are_one_line(verdict, tmp_path):
    path = tmp_path / "termination-log"
    path.write_text("")
    notice.terminate("first\nsecond \x1b[31m" + "é" * 5000, path)
    data = path.read_bytes()
    assert len(data) <= 4096
    assert data.decode().startswith("first second [31mé")
    notice.terminate("nowhere", tmp_path / "none")
    assert not (tmp_path / "none").exists()
