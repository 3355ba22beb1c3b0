"""Whoever reads a FAIL reads why, and which value to change next."""

import pytest

from leanrag.gate.reading import schema_problems
from leanrag.report import html, text

KNOWN = {
    "model": "tiny",
    "reason": "queueing explains it",
    "cause": "queueing",
    "symptom": "ttft p95: 60 of 200 requests broke it",
    "confidence": 0.97,
    "evidence": ["seats: all 8 were taken"],
    "change": {"key": "capacity.maxNumSeqs", "now": "8", "next": "16", "why": "13 requests were there"},
}
NONE = dict.fromkeys(("cause", "symptom", "confidence", "change"))
UNKNOWN = KNOWN | NONE | {"reason": "nobody measured the engine", "evidence": []}
SHOWN = {"text": text.render, "page": html.render}


@pytest.mark.parametrize("shape", SHOWN)
def test_a_cause_is_shown_with_its_evidence_and_the_next_value(verdict, shape):
    document = verdict("fail-slow") | {"diagnoses": [KNOWN]}
    assert not schema_problems(document)
    shown = " ".join(SHOWN[shape](document).split())
    for told in ("queueing, 97 % confidence", "seats: all 8 were taken", "capacity.maxNumSeqs: 8 → 16"):
        assert told in shown


@pytest.mark.parametrize("shape", SHOWN)
def test_an_unknown_cause_is_said_and_nothing_is_advised(verdict, shape):
    shown = SHOWN[shape](verdict("fail-slow") | {"diagnoses": [UNKNOWN]})
    assert "o cause is known" in shown
    assert "nobody measured the engine" in shown
    assert "→" not in shown


@pytest.mark.parametrize("shape", SHOWN)
def test_a_verdict_of_before_is_shown_without_causes(sample, shape):
    assert "what to change next" not in SHOWN[shape](sample)


def test_what_a_server_wrote_cannot_become_markup(verdict):
    page = html.render(verdict("fail-slow") | {"diagnoses": [KNOWN | {"cause": "<script>"}]})
    assert "<script" not in page
