"""The registry's families know each metric by its names, and say what the pinned wheels and our own code say."""

from typing import Any

import pytest

from leanrag.core.errors import LeanragError
from leanrag.engine import family_file
from leanrag.engine.registry import families, family, scraped
from leanrag.evidence.claims import OUTCOMES
from leanrag.evidence.metrics import FAMILIES
from leanrag.promote.serving import Health


def test_every_family_says_where_it_is_from_and_its_metrics_have_a_known_type() -> None:
    for each in families():
        assert each.source
        assert {metric.type for metric in each.metrics.values()} <= {
            "counter",
            "gauge",
            "histogram",
            "summary",
            "info",
            "",
        }
        assert all(version in each.versions for metric in each.metrics.values() for version in metric.versions)


def test_a_metric_is_known_by_its_names_on_the_wire() -> None:
    assert family("vllm:request_success_total") is family("kserve_vllm:request_success_total")
    found = family("vllm:time_to_first_token_seconds_bucket")
    assert found and found.wire["vllm:time_to_first_token_seconds_bucket"].labels_of(
        "vllm:time_to_first_token_seconds_bucket"
    ) == {"model_name", "engine", "le"}
    assert found.wire["vllm:iteration_tokens_total_sum"].type == "histogram"  # called _total, and none
    assert "vllm:time_to_first_token_seconds" not in found.wire
    assert family("http_requests_total") and family("http_other_total") is None
    assert {"namespace", "pod", "job", "instance"} <= scraped()


def test_the_file_of_vllm_says_what_the_pinned_wheels_say() -> None:
    try:
        wanted = family_file.text()
    except LeanragError as error:
        pytest.skip(f"the lists cannot be had: {error.message}")
    assert family_file.PATH.read_text() == wanted, "run: python -m leanrag.engine --registry"


def test_the_files_of_our_own_metrics_say_what_the_code_exposes() -> None:
    [own] = [each for each in families() if each.name == "leanrag"]
    gate = {each.name: each for each in FAMILIES}
    assert {name for name in own.metrics if name.startswith("leanrag_gate_")} == set(gate)
    for name, each in gate.items():
        assert own.metrics[name].type == each.kind
        for labels, _ in each.samples(document()):
            assert set(labels) == own.metrics[name].labels, name
    types = dict(line.split()[2:4] for line in Health(5.0).metrics().splitlines() if line.startswith("# TYPE"))
    assert types == {name: each.type for name, each in own.metrics.items() if name.startswith("leanrag_promoter_")}


def document() -> dict[str, Any]:
    """A verdict with one of everything that the families read."""
    interval = {"lower": 0.0, "upper": 0.01}
    objective = {"model": "m", "name": "ttft p95", "outcome": "PASS", "allowed": 0.05, "n": 100, "violations": 1}
    latency = {**objective, "interval": interval, "unit": "ms", "estimate": 100.0, "limit": 500.0}
    share = {**latency, "unit": "share", "estimate": 0.0, "limit": 0.01}
    step = {"name": "check", "outcome": OUTCOMES[0], "seconds": 1.0}
    moments = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z", "measuredAt": "2026-01-01T00:00:00Z"}
    named = dict.fromkeys(("environment", "revision", "id", "mode", "trigger", "attempt", "carriedFrom"), "x")
    return {"cluster": "dev", "outcome": "PASS", "steps": [step], "objectives": [latency, share], **moments, **named}
