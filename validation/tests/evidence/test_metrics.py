"""The exposition is OpenMetrics 1.0 that a strict reader takes, in base units, and says what the verdict says."""

import re

import pytest

from leanrag.evidence.metrics import FAMILIES, exposition, openmetrics

OBJECTIVES = [
    {
        "model": "tiny",
        "name": "ttft p95",
        "metric": "ttft",
        "unit": "ms",
        "n": 200,
        "violations": 1,
        "limit": 500,
        "estimate": 412.5,
        "allowed": 0.05,
        "interval": {"lower": 0.0, "upper": 0.02},
        "outcome": "PASS",
    },
    {
        "model": "tiny",
        "name": "errorRate",
        "metric": "errorRate",
        "unit": "share",
        "n": 0,
        "violations": None,
        "limit": 0.01,
        "estimate": None,
        "allowed": 0.01,
        "interval": None,
        "outcome": "INCONCLUSIVE",
    },
]
STEPS = [
    {"name": "check", "outcome": "PASS", "seconds": 1.25},
    {"name": "load", "outcome": "NOT_RUN", "seconds": 0.0},
]
SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (-?[0-9.e+]+)')


def documents(gate, **changes):
    return [gate.document() | {"steps": STEPS, "objectives": OBJECTIVES} | changes]


def samples(text):
    """Read strictly: each sample belongs to the family announced last, and no series occurs twice."""
    found, family, seen = {}, "", set()
    for line in text.splitlines():
        if line.startswith("# "):
            _, word, family, *_ = line.split(" ", 3)
            if word == "TYPE":
                assert family not in seen, f"{family} is announced twice"
                seen.add(family)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1].removesuffix("_info") == family.removesuffix("_info")
        assert (match[1], match[2]) not in found
        found[match[1], match[2]] = float(match[3])
    return found


def test_every_line_is_a_sample_of_the_family_before_it(gate):
    text = openmetrics(documents(gate))
    assert text.endswith("\n# EOF\n")
    assert len(samples(text.removesuffix("# EOF\n"))) > 20


def test_two_clusters_share_the_families(gate):
    both = [*documents(gate), *documents(gate, cluster="staging")]
    one, two = samples(exposition(documents(gate))), samples(exposition(both))
    assert len(two) == 2 * len(one)


def test_figures_are_in_base_units(gate):
    found = samples(exposition(documents(gate)))
    ttft = 'cluster="dev",model="tiny",objective="ttft p95"'
    assert found["leanrag_gate_objective_estimate_seconds", ttft] == 0.4125
    assert found["leanrag_gate_objective_limit_seconds", ttft] == 0.5
    assert found["leanrag_gate_objective_violations_ratio", ttft] == 0.005
    assert found["leanrag_gate_objective_margin_ratio", ttft] == pytest.approx(0.6)
    assert found["leanrag_gate_end_timestamp_seconds", 'cluster="dev"'] == 1795258800


def test_exactly_one_outcome_is_one(gate):
    found = samples(exposition(documents(gate, outcome="FAIL")))
    states = {labels: value for (name, labels), value in found.items() if name == "leanrag_gate_outcome"}
    assert len(states) == 4
    assert [labels for labels, value in states.items() if value == 1] == ['cluster="dev",outcome="FAIL"']


def test_what_was_not_measured_has_no_figure(gate):
    found = samples(exposition(documents(gate)))
    errors = 'cluster="dev",model="tiny",objective="errorRate"'
    assert ("leanrag_gate_objective_estimate_ratio", errors) not in found
    assert ("leanrag_gate_objective_margin_ratio", errors) not in found
    assert ("leanrag_gate_step_duration_seconds", 'cluster="dev",step="load"') not in found
    assert found["leanrag_gate_objective_requests", errors] == 0


def test_a_model_name_cannot_add_a_line_or_a_label(gate):
    evil = [OBJECTIVES[0] | {"model": 'a"} 1\nleanrag_gate_outcome{cluster="dev\\'}]
    assert samples(exposition(documents(gate, objectives=evil)))


def test_names_end_in_their_unit_and_help_is_one_line():
    for family in FAMILIES:
        assert family.name.startswith("leanrag_gate_")
        assert "\n" not in family.help
        assert not family.name.endswith(("_ms", "_percent", "_total", "_info"))
