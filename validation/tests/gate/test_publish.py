"""A verdict becomes known whole, once, under the next number; or it is kept, the exit says so, and the next run too."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leanrag.core.errors import InputError, UnreachableError
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item, StepResult
from leanrag.evidence.effective import effective
from leanrag.evidence.keys import make_key, parse_key
from leanrag.evidence.store import read
from leanrag.gate import notice
from leanrag.gate.publish import publish
from leanrag.gate.reading import parse_verdict, read_verdict
from leanrag.gate.run import run_gate
from leanrag.gate.shelf import Shelf
from leanrag.gate.thin import thin
from leanrag.gate.verdict import Cause, Change, Distribution

SHA = "a" * 40
KEY = parse_key(make_key()[0], "test")
WHERE = notice.Place("Job", "gate", "u1", "batch/v1")


class FakeBoard:
    """A namespace in memory. `faults` are raised by the next calls, one each; a callable acts instead."""

    namespace = "dev-gate"

    def __init__(self, *faults):
        self.maps, self.events, self.faults, self.count = {}, [], list(faults), 0

    def _next(self, body=None):
        if self.faults:
            fault = self.faults.pop(0)
            if callable(fault):
                fault(body)
            elif fault:
                raise fault

    def verdicts(self):
        self._next()
        return tuple(self.maps.values())

    def create(self, body):
        self._next(body)
        return self.add(body)

    def add(self, body):
        name = body["metadata"]["name"]
        if name in self.maps:
            return False
        self.count += 1
        stamp = f"2026-11-21T11:{self.count // 60:02}:{self.count % 60:02}Z"
        self.maps[name] = {**body, "metadata": {**body["metadata"], "creationTimestamp": stamp}}
        return True

    def delete(self, name):
        del self.maps[name]

    def event(self, body):
        self.events.append(body)


@pytest.fixture
def verdict(plan, steps):
    def make(**changes):
        given = {"scope": "cluster", "trigger": "postsync", "cluster": "dev", "environment": "dev"}
        return replace(run_gate(plan(), steps()), **given | changes)

    return make


@pytest.fixture
def put(tmp_path):
    def put(verdict, board, key=KEY, **more):
        given = {"out": tmp_path / "store", "deadline": 30.0, "where": WHERE, "sleep": lambda _seconds: None}
        return publish(verdict, board=board, key=key, **given | more)

    return put


DOWN = UnreachableError("verdicts in dev-gate: the API server does not answer")


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


def test_a_full_volume_does_not_keep_a_verdict_from_the_cluster(verdict, put, tmp_path, capsys):
    (tmp_path / "store").write_text("a file where a folder should be")
    assert put(verdict(), FakeBoard()).problem == ""
    assert "warning: report store" in capsys.readouterr().err


def test_a_report_that_cannot_be_made_does_not_cost_the_verdict(verdict, put):
    def page(_verdict):
        raise ZeroDivisionError("a defect of the page")

    assert put(verdict(), FakeBoard(), page=page).problem == ""


def test_the_volume_holds_what_was_published(verdict, put, tmp_path):
    board = FakeBoard()
    done = put(verdict(id="dev-7"), board, page=lambda made: f"<p>attempt {made.attempt}")
    folder = tmp_path / "store" / "verdicts" / "dev-7"
    data = board.maps[done.name]["data"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*data, "report.html"])
    for name, text in data.items():
        assert (folder / name).read_text() == text
    assert (folder / "report.html").read_text() == "<p>attempt 1"
    assert read_verdict(tmp_path / "store" / "verdict.json").outcome is Outcome.PASS


def test_what_the_load_step_recorded_stays_with_its_verdict(verdict, put, tmp_path):
    load = tmp_path / "store" / "load" / "chat"
    load.mkdir(parents=True)
    (load / "rows.jsonl.zst").write_bytes(b"rows")
    facts = {"reports": {"tiny": str(load / "guidellm.json.gz")}, "files": {"tiny": ["rows.jsonl.zst", "gone"]}}
    steps = (StepResult("load", Outcome.PASS, "", 0.0, facts=facts),)
    put(verdict(id="dev-7", steps=steps), FakeBoard())
    put(verdict(id="dev-8", steps=steps, carried_from="dev-7"), FakeBoard())
    kept = tmp_path / "store" / "verdicts"
    assert (kept / "dev-7" / "load" / "chat" / "rows.jsonl.zst").read_bytes() == b"rows"
    assert not (kept / "dev-8" / "load").exists()


def test_the_volume_keeps_the_newest_runs_only(verdict, put, tmp_path):
    shelf = Shelf(tmp_path / "store", keep=2)
    for number in (1, 2, 3):
        shelf.put(f"dev-{number}", {"verdict.json": "{}"})
        shelf.published(f"dev-{number}", {})
    assert sorted(path.name for path in (tmp_path / "store" / "verdicts").iterdir()) == ["dev-2", "dev-3"]


def test_recordings_go_before_verdicts_and_age_is_that_of_the_verdict(verdict, put, tmp_path):
    (tmp_path / "store" / "load" / "chat").mkdir(parents=True)
    (tmp_path / "store" / "load" / "chat" / "rows").write_text("rows")
    shelf, kept = Shelf(tmp_path / "store", keep=24), tmp_path / "store" / "verdicts"
    for number in range(30):
        shelf.put(f"dev-{number:02}", {"verdict.json": "{}"}, ["chat/rows"])
        os.utime(kept / f"dev-{number:02}" / "verdict.json", (number, number))
        shelf.published(f"dev-{number:02}", {})
    assert sorted(path.name for path in kept.iterdir()) == [f"dev-{number:02}" for number in range(6, 30)]
    assert sorted(path.parent.name for path in kept.glob("*/load")) == [f"dev-{number:02}" for number in range(10, 30)]


def test_a_full_volume_is_made_room_on(verdict, put, tmp_path, monkeypatch):
    shelf = Shelf(tmp_path / "store", keep=1)
    shelf.put("dev-1", {"verdict.json": "{}"})

    def full(*_):
        raise InputError("no space")

    monkeypatch.setattr("leanrag.gate.shelf.write_atomic", full)
    (tmp_path / "store" / "verdicts" / "dev-2").mkdir()
    with pytest.raises(InputError):
        shelf.published("dev-2", {"verdict.json": "{}"})
    assert len(list((tmp_path / "store" / "verdicts").iterdir())) == 1


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


def big(verdict, **more):
    values = tuple(float(n) + 0.123456789 for n in range(400))
    curves = tuple(Distribution("m" * 40, f"metric-{n}", "ms", 1.0, values) for n in range(60))
    return verdict(distributions=curves, **more)


def test_a_verdict_that_is_too_big_loses_points_of_its_curves_and_says_so(verdict):
    whole = big(verdict)
    lean = thin(whole, 200_000)
    assert len(lean.text().encode()) <= 200_000
    assert lean.distributions[0].values[0] == whole.distributions[0].values[0]
    assert lean.distributions[0].values[-1] == whole.distributions[0].values[-1]
    assert lean.skipped[-1].what == "points of the latency curves"
    assert (lean.outcome, lean.objectives, lean.evidence) == (whole.outcome, whole.objectives, whole.evidence)


def test_cases_that_did_not_pass_stay_longest(verdict):
    base = verdict()
    items = tuple(Item(f"case {n}", Outcome.FAIL if n == 7 else Outcome.PASS, "r" * 500) for n in range(400))
    whole = replace(base, steps=(replace(base.steps[2], items=items), *base.steps[3:]))
    assert [item.name for item in thin(whole, 50_000).steps[0].items] == ["case 7"]


def test_a_long_diagnosis_keeps_its_cause_and_the_value_to_change_next(verdict):
    change = Change("capacity.replicas", "1", "2", "w" * 5000)
    cause = Cause("tiny", "r" * 5000, "KV-cache wall", "s" * 5000, 0.9, ("e" * 1000,) * 500, change)
    lean = thin(verdict(diagnoses=(cause,), measured_at="2026-01-01T00:00:00Z"), 50_000)
    (kept,) = lean.diagnoses
    assert (kept.cause, kept.change.key, kept.change.next) == (cause.cause, "capacity.replicas", "2")
    assert "evidence of the diagnoses" in lean.skipped[-1].what
    assert parse_verdict(lean.text(), "x").document is not None


def test_a_verdict_that_fits_is_left_as_it_is(verdict):
    whole = verdict()
    assert thin(whole) is whole


def test_an_endless_reason_does_not_keep_a_verdict_from_the_cluster(verdict, put):
    board = FakeBoard()
    done = put(verdict(reason="r" * 300_000), board)
    assert done.problem == ""
    assert len(board.maps[done.name]["metadata"]["annotations"]["leanrag.io/sentence"].encode()) <= 4096
    assert read(board.maps[done.name], [KEY.public]).problem == ""


def test_what_decides_is_never_cut(verdict):
    with pytest.raises(InputError, match="without its details"):
        thin(verdict(), 1000)


def test_the_whole_of_a_thinned_verdict_stays_on_the_volume(verdict, put, tmp_path):
    values = tuple(float(n) + 0.123456789 for n in range(400))
    many = tuple(Distribution(f"model-{n}", "ttft", "ms", 1.0, values) for n in range(150))
    board = FakeBoard()
    done = put(verdict(id="dev-7", distributions=many), board)
    folder = tmp_path / "store" / "verdicts" / "dev-7"
    assert len(board.maps[done.name]["data"]["verdict.json"].encode()) <= 700 * 1024
    whole = json.loads((folder / "verdict.whole.json").read_text())
    assert len(whole["distributions"][0]["values"]) == 400
    assert whole["attempt"] == 1
    assert read(board.maps[done.name], [KEY.public]).problem == ""
