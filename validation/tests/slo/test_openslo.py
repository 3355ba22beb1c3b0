"""OpenSLO v1: what is written is read back whole; what others wrote is understood, or refused with its reason."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from leanrag.cli.openslo import export_verb, import_verb
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.engine.registry import family
from leanrag.slo.openslo import COUNTERS, HISTOGRAMS, export
from leanrag.slo.opensloread import read
from leanrag.slo.spec import parse

BLOCK: dict[str, Any] = {
    "confidence": 0.95,
    "objectives": {
        "ttft": {"percentile": 95, "limit": 500, "unit": "ms", "zone": {"good": 0.0318, "bad": 0.0729}},
        "itl": {"percentile": 95, "limit": 50, "unit": "ms"},
        "tpot": {"percentile": 99, "limit": 0.05, "unit": "s"},
        "e2e": {"percentile": 99.5, "limit": 10, "unit": "s"},
        "queue": {"percentile": 50, "limit": 300, "unit": "ms"},
        "errorRate": {"limit": 0.01, "unit": "share"},
        "availability": {"limit": 0.99, "unit": "share"},
        "goodput": {"limit": 0.9, "unit": "share"},
        "throughput": {"limit": 200, "unit": "tokens/s"},
    },
    "traffic": {
        "profile": "constant",
        "rate": 40,
        "requests": 1000,
        "promptTokens": 256,
        "outputTokens": 64,
        "timeoutSeconds": 30,
        "warmupRequests": 16,
        "maxDurationSeconds": 120,
    },
}
MODEL = "ibm-granite/Granite_3.1-8b"


def written(window: str = "") -> tuple[dict[str, Any], ...]:
    return export(parse(BLOCK, "slo"), MODEL, window)


def ratio(good: str, target: float | None = 0.95, **more: Any) -> dict[str, Any]:
    """Return an SLO as another tool would write it, without an annotation of ours."""
    counted = {"good": {"metricSource": {"type": "Prometheus", "spec": {"query": good}}}}
    indicator = {"metadata": {"name": "i"}, "spec": {"ratioMetric": {"counter": True, **counted}}}
    objective = {} if target is None else {"target": target}
    return slo(indicator, objective | more)


def slo(indicator: dict[str, Any], objective: dict[str, Any]) -> dict[str, Any]:
    spec = {"service": "s", "indicator": indicator, "budgetingMethod": "Occurrences", "objectives": [objective]}
    return {"apiVersion": "openslo/v1", "kind": "SLO", "metadata": {"name": "theirs"}, "spec": spec}


def threshold(query: str, op: str, value: float, target: float = 0.95, **spec: Any) -> dict[str, Any]:
    source = {"type": "leanrag" if spec else "Prometheus", "spec": {"query": query} | spec}
    return slo({"spec": {"thresholdMetric": {"metricSource": source}}}, {"op": op, "value": value, "target": target})


TTFT = ratio('sum(vllm:time_to_first_token_seconds_bucket{model_name="m",le="0.5"})')


def refusal(*documents: Any) -> str:
    with pytest.raises(InputError) as error:
        read(documents, "slos.yaml")
    assert error.value.hint
    return error.value.message


def test_what_is_written_is_read_back_with_unit_zone_and_confidence() -> None:
    assert read(written(), "slos.yaml") == {"confidence": 0.95, "objectives": BLOCK["objectives"]}


def test_the_yaml_of_it_is_the_same() -> None:
    text = "---\n".join(yamlio.dump(each) for each in written("28d"))
    assert read(yamlio.load_all(text, "t"), "t")["objectives"] == BLOCK["objectives"]


def test_every_document_keeps_the_rules_of_the_specification() -> None:
    for document in written("28d"):
        spec, names = (
            document["spec"],
            [document["metadata"]["name"], document["spec"]["indicator"]["metadata"]["name"]],
        )
        assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for name in (*names, spec["service"]))
        assert len(document["metadata"]["displayName"]) <= 63 and len(spec["description"]) <= 1050
        assert all(0 <= one["target"] < 1 for one in spec["objectives"])
        sliced = spec["budgetingMethod"] == "Timeslices"
        assert all(({"timeSliceTarget", "timeSliceWindow"} <= one.keys()) is sliced for one in spec["objectives"])
        assert spec["timeWindow"] == [{"duration": "28d", "isRolling": True}]
    assert len({document["metadata"]["name"] for document in written()}) == 9


def test_every_query_asks_for_a_metric_that_the_engine_has() -> None:
    names = (*(f"{name}{part}" for name in HISTOGRAMS.values() for part in ("_bucket", "_count")), *COUNTERS.values())
    for name in names:
        owner = family(name)
        assert owner is not None and name in owner.wire


def test_the_edge_is_written_as_the_engine_writes_it() -> None:
    text = json.dumps(written())
    assert all(f'le=\\"{edge}\\"' in text for edge in ("0.5", "0.05", "10.0", "0.3"))


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        (TTFT, {"ttft": {"percentile": 95, "limit": 500, "unit": "ms"}}),
        (
            ratio("rate(kserve_vllm:e2e_request_latency_seconds_bucket{le='10.0'}[5m])", None, targetPercent=99.9),
            {"e2e": {"percentile": 99.9, "limit": 10, "unit": "s"}},
        ),
        (
            ratio('vllm:request_time_per_output_token_seconds_bucket{le="5e-2"}', 0.9),
            {"tpot": {"percentile": 90, "limit": 50, "unit": "ms"}},
        ),
        (
            threshold("sum(rate(vllm:generation_tokens_total[1m]))", "gte", 200, 0.5),
            {"throughput": {"limit": 200, "unit": "tokens/s"}},
        ),
        (
            threshold("", "lte", 300, 0.9, metric="queue", unit="ms"),
            {"queue": {"percentile": 90, "limit": 300, "unit": "ms"}},
        ),
    ],
)
def test_documents_of_other_tools_are_understood_by_their_queries(document: Any, wanted: dict[str, Any]) -> None:
    assert read([document], "slos.yaml") == {"objectives": wanted}


def test_an_indicator_may_stand_in_a_document_of_its_own() -> None:
    document = copy.deepcopy(TTFT)
    indicator = document["spec"].pop("indicator")
    document["spec"]["indicatorRef"] = "fast"
    sli = {"apiVersion": "openslo/v1", "kind": "SLI", "metadata": {"name": "fast"}, "spec": indicator["spec"]}
    service = {"apiVersion": "openslo/v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {}}
    assert list(read([document, sli, service], "slos.yaml")["objectives"]) == ["ttft"]
    assert "indicator fast is not among the documents" in refusal(document)


ALPHA = TTFT | {"apiVersion": "openslo/v1alpha"}
QUANTILE = threshold("histogram_quantile(0.95, vllm:time_to_first_token_seconds_bucket)", "lte", 0.5)


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([], "no document of kind SLO"),
        ([ALPHA], "document 1: 'openslo/v1alpha' 'SLO' is not a kind of openslo/v1"),
        (["text"], "document 1: None None is not a kind"),
        ([TTFT, TTFT], "SLO theirs: another promise about ttft"),
        ([QUANTILE], "is no value of a request; write a ratio"),
        ([ratio("sum(http_requests_total)")], "'sum(http_requests_total)' counts no requests within a latency"),
        ([ratio('x_bucket{le="0.5"}')], "counts no requests within a latency"),
        ([ratio('vllm:time_to_first_token_seconds_bucket{le="+Inf"}')], "counts no requests within a latency"),
        ([ratio('vllm:time_to_first_token_seconds_bucket{le="0.5"}', None)], "neither target nor targetPercent"),
        ([ratio("q", 1.0)], "SLO theirs: spec.objectives.0.target: input should be less than 1"),
        ([ratio("q", float("nan"))], "finite number"),
        ([ratio('vllm:time_to_first_token_seconds_bucket{le="0.5"}', 0.4)], "objectives.ttft.percentile: input should"),
        (
            [threshold("sum(rate(vllm:generation_tokens_total[1m]))", "lte", 200, 0.5)],
            "throughput needs a value and op: gte",
        ),
        (
            [threshold("sum(rate(vllm:generation_tokens_total[1m]))", "gte", 200, 0.99)],
            "not of 0.99; write target: 0.5",
        ),
        ([slo({"spec": {}}, {"target": 0.9})], "neither ratioMetric nor thresholdMetric"),
        ([slo({"spec": {"ratioMetric": {"raw": {}}}}, {"target": 0.9})], "a ratio without good or bad"),
        ([{"apiVersion": "openslo/v1", "kind": "SLO"}], "SLO None: metadata: is missing"),
    ],
)
def test_what_a_gate_cannot_promise_is_refused_with_its_reason(documents: list[Any], words: str) -> None:
    assert words in refusal(*documents)


@pytest.mark.parametrize(
    ("key", "text"), [("confidence", "sure"), ("confidence", "nan"), ("zone", "0.03"), ("zone", "1 to 2")]
)
def test_an_annotation_that_is_no_share_is_named(key: str, text: str) -> None:
    document = copy.deepcopy(TTFT)
    document["metadata"]["annotations"] = {f"leanrag.io/{key}": text}
    assert f"annotation leanrag.io/{key}" in refusal(document)


def test_every_document_that_is_wrong_is_named_at_once() -> None:
    assert len(refusal(ALPHA, ratio("q"), QUANTILE).splitlines()) == 3


def test_two_confidences_are_not_one_block() -> None:
    first, second = written()[0], copy.deepcopy(written()[1])
    second["metadata"]["annotations"]["leanrag.io/confidence"] = "0.99"
    assert "confidences 0.95 and 0.99" in refusal(first, second)


def test_the_verbs_write_and_read_files(tmp_path: Path) -> None:
    block, documents = tmp_path / "slo.yaml", tmp_path / "openslo.yaml"
    block.write_text(yamlio.dump({"slo": BLOCK}))
    runner = CliRunner()
    told = runner.invoke(export_verb, [str(block), "--model", MODEL], standalone_mode=False)
    documents.write_text(told.output)
    back = runner.invoke(import_verb, [str(documents)], standalone_mode=False)
    assert (told.return_value, back.return_value) == (0, 0)
    assert yamlio.load(back.output, "out") == {"slo": {"confidence": 0.95, "objectives": BLOCK["objectives"]}}
    as_json = runner.invoke(export_verb, [str(block), "--model", MODEL, "--format", "json"], standalone_mode=False)
    assert len(json.loads(as_json.output)["documents"]) == 9


def test_a_window_that_is_none_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        export_verb, [str(tmp_path), "--model", "m", "--window", "28 days"], standalone_mode=False
    )
    assert isinstance(told.exception, InputError) and "not a duration of OpenSLO" in told.exception.message
