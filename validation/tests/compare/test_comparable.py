"""Sides that differ in what matters, or of which too little is known, are not compared, and the reason is said."""

from dataclasses import replace

import pytest

from leanrag.compare.answer import Answer
from leanrag.compare.comparison import compare
from leanrag.compare.facts import Facts, Terms, terms
from leanrag.compare.sides import Run, Side, SideFile
from leanrag.core.errors import InputError
from leanrag.load.report import Complaint, Stage

from . import sides
from .comparing import BASE, QUICK, failing, staged
from .sides import changed, side


def test_a_side_on_which_nothing_succeeded_cannot_be_compared() -> None:
    found = compare(BASE, failing(side("new", range(10, 14)), 1), asked=QUICK)
    assert found.answer is Answer.NOT_COMPARABLE
    assert any("no request succeeded" in doubt for doubt in found.doubts)


@pytest.mark.parametrize("fact", ["scenario", "gpu", "engine", "model", "tool"])
def test_sides_that_differ_in_what_matters_cannot_be_compared(fact: str) -> None:
    found = compare(BASE, changed(side("new", range(10, 14)), **{fact: "other"}), asked=QUICK)
    assert found.answer is Answer.NOT_COMPARABLE
    assert found.answer.outcome.exit_code == 2
    assert not found.contrasts
    assert fact in found.reason


@pytest.mark.parametrize("fact", ["scenario", "gpu", "engine", "arguments", "model", "tool"])
def test_what_nobody_knows_is_not_the_same(fact: str) -> None:
    empty = {fact: None if fact == "arguments" else ""}
    base, new = changed(BASE, **empty), changed(side("new", range(10, 14)), **empty)
    assert compare(base, new, asked=QUICK).answer is Answer.NOT_COMPARABLE


def test_what_somebody_answers_for_is_said_to_be_so() -> None:
    found = compare(changed(BASE, gpu=""), side("new", range(10, 14)), asked=replace(QUICK, terms=terms([], ["gpu"])))
    assert found.answer is Answer.INDISTINGUISHABLE
    assert [one.kind for one in found.matters if one.name == "gpu"] == ["said"]


def test_a_word_does_not_make_two_gpus_one() -> None:
    other = changed(side("new", range(10, 14)), gpu="NVIDIA-A100")
    found = compare(BASE, other, asked=replace(QUICK, terms=terms([], ["gpu"])))
    assert found.answer is Answer.NOT_COMPARABLE


def test_only_the_argument_that_is_meant_to_differ_may() -> None:
    asked = replace(QUICK, terms=terms(["arguments.quantization"], []))
    one = changed(side("new", range(10, 14)), arguments={"cache_dtype": "auto", "quantization": "awq"})
    two = changed(one, arguments={"cache_dtype": "fp8", "quantization": "awq"})
    assert compare(BASE, one, asked=asked).answer is Answer.INDISTINGUISHABLE
    refused = compare(BASE, two, asked=asked)
    assert refused.answer is Answer.NOT_COMPARABLE
    assert "cache_dtype" in refused.reason


@pytest.mark.parametrize(
    ("varies", "same", "words"),
    [
        (["gpu"], [], "must be the same on both sides"),
        (["arguements"], [], "did you mean arguments?"),
        ([], ["tool"], "must be the same on both sides"),
    ],
)
def test_a_term_that_may_not_be_is_refused(varies: list[str], same: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        terms(varies, same)


def test_runs_of_another_service_tell_nothing_of_this_ones_noise() -> None:
    other = changed(side("same", range(20, 26)), engine="vllm 0.9.0")
    found = compare(BASE, side("new", range(10, 14)), other, QUICK)
    assert found.answer is Answer.NOT_COMPARABLE
    assert "same-code" in found.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"saturated": True}, "over-saturated"),
        ({"warnings": (Complaint("root_late", "late"),)}, "client was the bottleneck"),
    ],
)
def test_figures_that_are_not_the_services_own_are_not_compared(change: dict[str, object], words: str) -> None:
    found = compare(BASE, staged(side("new", range(10, 14)), lambda stage: replace(stage, **change)), asked=QUICK)
    assert found.answer is Answer.NOT_COMPARABLE
    assert words in found.reason


def test_shorter_answers_are_not_faster_ones() -> None:
    def halve(stage: Stage) -> Stage:
        return replace(stage, rows=tuple(replace(row, output_tokens=16) for row in stage.rows))

    new = side("new", range(10, 14))
    short = staged(new, halve)
    found = compare(BASE, short, asked=QUICK)
    assert found.answer is Answer.NOT_COMPARABLE
    assert "output tokens differ: median 32 and 16" in found.reason


def test_other_loads_are_other_questions() -> None:
    found = compare(BASE, staged(side("new", range(10, 14)), lambda stage: replace(stage, streams=4)), asked=QUICK)
    assert found.answer is Answer.INDISTINGUISHABLE
    runs = tuple(Run(run.source, dict.fromkeys(["concurrent 8"], *run.stages.values())) for run in BASE.runs)
    renamed = replace(BASE, runs=runs)
    assert "the loads differ" in compare(renamed, side("new", range(10, 14)), asked=QUICK).reason


def test_nothing_measured_is_no_answer() -> None:
    empty = Side("empty", "out", sides.FACTS, (Run("x", {}),), SideFile(schema="leanrag.io/side/v1"))
    assert compare(empty, empty, asked=QUICK).answer is Answer.NOT_COMPARABLE


def test_facts_of_a_weaker_source_fill_gaps_only() -> None:
    found = Facts(gpu="L4").over(Facts(gpu="A100", model="m"))
    assert (found.gpu, found.model) == ("L4", "m")


def test_terms_are_empty_unless_given() -> None:
    assert terms([], []) == Terms()
