"""Whoever reads a verdict reads what the load made of its GPUs, with what that rests on, where it is known."""

import json
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

from leanrag.gate.reading import schema_problems
from leanrag.report import html, text
from leanrag.size.economy import economy

SHOWN = {"text": text.render, "page": html.render}


def with_economy(document, **changes):
    found = economy(100.0, 2, price=3.6, gpu="NVIDIA-L4", assumptions=("2 pods",)).entry() | changes
    load = next(step for step in document["steps"] if step["name"] == "load")
    load["facts"] |= {"economy": {"tiny": found}}
    assert not schema_problems(document)
    return document


@pytest.mark.parametrize("shape", SHOWN)
def test_tokens_price_and_what_they_rest_on_are_shown_as_no_decision(sample, shape):
    shown = " ".join(SHOWN[shape](with_economy(sample)).split())
    for told in ("50 output tokens a GPU-second on 2 GPUs (NVIDIA-L4)", "a million output tokens: 20 at 3.6", "2 pods"):
        assert told in shown
    assert "his decides nothing" in shown


@pytest.mark.parametrize("shape", SHOWN)
def test_a_verdict_without_known_gpus_says_nothing_of_them(sample, shape):
    assert "GPU-second" not in SHOWN[shape](sample)


def test_what_git_calls_a_gpu_cannot_become_markup(sample):
    assert "<script" not in html.render(with_economy(sample, gpu="<script>", assumptions=["<script>"]))


def test_figures_of_another_form_are_no_verdict(verdict):
    document = with_economy(verdict("pass"))
    next(step for step in document["steps"] if step["name"] == "load")["facts"]["economy"]["tiny"]["gpus"] = "two"
    assert schema_problems(document)


def test_a_promoter_of_before_takes_a_verdict_with_figures(verdict):
    schema = json.loads(resources.files("leanrag.gate").joinpath("verdict.schema.json").read_text(encoding="utf-8"))
    schema["$defs"]["step"]["properties"]["facts"] = {"type": "object"}
    del schema["$defs"]["economy"]
    assert not list(Draft202012Validator(schema).iter_errors(with_economy(verdict("pass"))))
