"""A verdict that is too big is cut to what the cluster holds, keeps what decides, and says what it lost."""

import json
from dataclasses import replace

import pytest

from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.evidence.store import read
from leanrag.gate.reading import parse_verdict
from leanrag.gate.thin import thin
from leanrag.gate.verdict import Cause, Change, Distribution

from .board import KEY, FakeBoard


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
