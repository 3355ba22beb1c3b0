"""Traffic that was really sent becomes traffic to send again."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from leanrag.cli.recording import recording_verb
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.load import reader
from leanrag.load.arrivals import offsets
from leanrag.load.recording import as_yaml, recording
from leanrag.slo.shape import ShapeBlock, problems

REPORT = Path(__file__).parent / "reports" / "constant-good.json.gz"


def test_a_recording_repeats_moments_and_lengths_and_can_be_declared(tmp_path: Path) -> None:
    found = reader.read(REPORT)
    rows = recording(found)
    path = tmp_path / "traffic.yaml"
    path.write_text(as_yaml(rows, warmup=5))
    traffic = yamlio.read(path)
    shape = ShapeBlock.model_validate(traffic["shape"]).shape()
    assert shape.recording == rows and traffic["requests"] == len(rows) - 5
    assert list(problems(shape, traffic["rate"], len(rows), 150.0)) == []
    moments = offsets(shape, traffic["rate"], len(rows), 1)
    told = [row for row in found.stages[0].rows if row.output_tokens]
    assert moments == pytest.approx([row.start - told[0].start for row in told], rel=0.001, abs=0.002)


def test_requests_of_unknown_length_are_left_out_and_two_are_the_least() -> None:
    found = reader.read(REPORT)
    stage = found.stages[0]
    nothing = tuple(replace(row, output_tokens=None) for row in stage.rows)
    with pytest.raises(InputError, match="0 requests with their tokens"):
        recording(replace(found, stages=(replace(stage, rows=nothing),)))
    assert len(recording(replace(found, stages=(replace(stage, rows=(*stage.rows[:2], *nothing)),)))) == 2
    with pytest.raises(InputError, match="2 stages, not one"):
        recording(replace(found, stages=(stage, stage)))


def test_the_verb_prints_yaml_and_refuses_to_leave_nothing() -> None:
    done = CliRunner().invoke(recording_verb, [str(REPORT), "--warmup", "3"])
    assert (
        done.exit_code == 0
        and done.output.startswith("profile: constant\nrate: 5")
        and "  arrivals: replay" in done.output
    )
    refused = CliRunner().invoke(recording_verb, [str(REPORT), "--warmup", "9999"])
    assert isinstance(refused.exception, InputError)
