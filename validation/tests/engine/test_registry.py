"""The registry says what sources declare and what servers answer: parsers, files, and recorded answers."""

from pathlib import Path

import pytest

from leanrag.core.errors import InputError, LeanragError, ToolError, UnreachableError
from leanrag.engine import gometrics, listing, origin, otelpython, tables
from leanrag.engine.declared import Declared, unit_of
from leanrag.engine.exposition import parse
from leanrag.engine.registry import everything, families, family

RECORDED = Path(__file__).with_name("metrics")
GO = """
package metrics

const subsystem = "queue" // not "stack"

var (
	common = []string{"namespace", "name"}
	busy = prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "x", Subsystem: subsystem, Name: "busy"}, common)
	took = promauto.With(reg).NewHistogramVec(
		prometheus.HistogramOpts{
			Name:    "x_took",
			Help:    help("[Deprecated: Use x_took_seconds] Time taken, in seconds."),
			Buckets: []float64{0.1, .5},
		},
		append(common, "phase"),
	)
	info = prometheus.NewDesc(prometheus.BuildFQName("x", "", "info"), "What runs.", []string{"version"}, nil)
	user = prometheus.NewDesc("x_labels", "Of the user's choice.", append(common, chosen...), nil)
)

func collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(info, prometheus.GaugeValue, 1, version)
}

func made() *prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: "x_made"})
}
"""
HELPED = """
package metrics

func newNodeGauge(opts prometheus.GaugeOpts, extra ...string) *prometheus.GaugeVec {
	opts.Namespace = "x"
	opts.Subsystem = "node"
	return prometheus.NewGaugeVec(opts, merge(extra...))
}

func merge(extra ...string) []string {
	labels := append([]string{}, "node_id")
	labels = append(labels, extra...)
	return labels
}

var held = newNodeGauge(prometheus.GaugeOpts{Name: "held"}, "channel")
"""
PYTHON = """
PREFIX = "a.b"
NAME = f"{PREFIX}.duration"
took = meter.create_histogram(name=NAME, unit="s")
seen: Counter = meter.create_counter("a.seen_total", unit="1")
open_now = meter.create_up_down_counter(name="a.open")
never = meter.create_counter(name="a.never")

def observe(more):
    base = {"api": "x"}
    took.record(1.0, attributes={**base, "status": "y"})
    seen.add(1, create_attributes(model="m", status="s"))
    open_now.add(1)
"""


def test_go_declarations_are_read_with_names_types_units_and_labels() -> None:
    assert {each.name: each for each in gometrics.metrics({"a/metrics.go": GO}, {})} == {
        "x_queue_busy": Declared("x_queue_busy", "gauge", "", ("namespace", "name")),
        "x_took": Declared("x_took", "histogram", "seconds", ("namespace", "name", "phase"), "x_took_seconds"),
        "x_info": Declared("x_info", "gauge", "", ("version",)),
        "x_labels": Declared("x_labels", "gauge", "", None),
        "x_made": Declared("x_made", "counter", "", ()),
    }


def test_a_helper_that_makes_metrics_is_followed() -> None:
    assert gometrics.metrics({"metrics.go": HELPED}, {}) == (
        Declared("x_node_held", "gauge", "", ("node_id", "channel")),
    )


def test_a_constant_of_another_package_is_followed_and_one_that_two_packages_disagree_on_is_not() -> None:
    asked = "package a\nvar m = prometheus.NewGauge(prometheus.GaugeOpts{Name: names.Depth})\n"
    said = 'package names\nconst Depth = "x_depth"\n'
    [found] = gometrics.metrics({"a/a.go": asked, "names/n.go": said}, {})
    assert found.name == "x_depth"
    with pytest.raises(ToolError, match="cannot be followed"):
        gometrics.metrics({"a/a.go": asked, "names/n.go": said, "b/n.go": said.replace("x_", "y_")}, {})


def test_a_name_that_cannot_be_followed_is_an_error_not_a_gap() -> None:
    source = {"m.go": 'package m\nvar m = prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "_x"})'}
    with pytest.raises(ToolError, match="the name of a metric cannot be followed"):
        gometrics.metrics(source, {})
    [found] = gometrics.metrics(source, {"prefix": "a"})
    assert found.name == "a_x"


def test_opentelemetry_instruments_become_prometheus_metrics() -> None:
    assert {each.name: (each.type, each.labels) for each in otelpython.metrics([PYTHON])} == {
        "a_b_duration_seconds": ("histogram", ("api", "status")),
        "a_seen_total": ("counter", ("model", "status")),
        "a_open": ("gauge", ()),
        "a_never": ("counter", None),
    }


def test_tables_of_documents_are_read() -> None:
    page = r"""
| Metric name | Metric type | Description | Unit | Labels/tags | Status |
| --- | --- | --- | --- | --- | --- |
| kube_x_limits | Gauge | `a\|b` | `cpu`=&lt;core&gt; | `pod`=&lt;p&gt; <br> `unit` =&lt;a\|b&gt; | STABLE |
| kube_x_restarts_total | Counter | | seconds | `pod`=&lt;p&gt; | STABLE |
| kube_x_labels | Gauge | | | `pod`=&lt;p&gt; `label_X`=&lt;x&gt; | STABLE |
"""
    assert [(each.name, each.type, each.unit, each.labels) for each in tables.state_metrics(page)] == [
        ("kube_x_limits", "gauge", "", ("pod", "unit")),
        ("kube_x_restarts_total", "counter", "seconds", ("pod",)),
        ("kube_x_labels", "gauge", "", None),
    ]
    told = "### otelcol.x.size\n\n| Unit | Metric Type | Value Type | Monotonic |\n| By | Sum | Int | false |\n"
    assert list(tables.collector_telemetry(told)) == [Declared("otelcol_x_size", "gauge", "bytes", None)]


def test_a_recorded_type_without_a_series_has_unknown_labels() -> None:
    answer = '# TYPE a_total counter\n# TYPE b histogram\nb_bucket{le="1",x="y"} 1\nb_sum{x="y"} 1\nb_count{x="y"} 1\n'
    assert list(tables.recorded(answer)) == [
        Declared("a_total", "counter", "", None),
        Declared("b", "histogram", "", ("x",)),
    ]


def test_a_unit_is_that_of_the_name_before_that_of_the_help() -> None:
    assert unit_of("x_duration_seconds_total", "Time in ms.") == "seconds"
    assert unit_of("x_latency", "Latency in ms of each request") == "milliseconds"
    assert unit_of("x_requests_total", "Requests.") == ""


@pytest.mark.parametrize("name", [each.name for each in everything() if origin.entries(each.name)])
def test_a_file_says_what_its_sources_say(name: str) -> None:
    try:
        wanted = origin.text(name, {}, fetch=False)
    except UnreachableError as error:
        pytest.skip(error.message)
    assert origin.path(name).read_text() == wanted, f"run: python -m leanrag.engine --read {name}"


@pytest.mark.parametrize(
    ("recorded", "name"),
    [
        ("argocd-application-controller-3.2.11", "argocd"),
        ("argocd-application-controller-3.2.11", "controller-runtime"),
        ("argocd-applicationset-controller-3.2.11", "argocd"),
        ("argocd-applicationset-controller-3.2.11", "controller-runtime"),
        ("argocd-repo-server-3.2.11", "argocd"),
        ("llm-d-inference-sim-0.10.2", "llm-d-inference-sim"),
        ("ogx-1.5.0", "ogx"),
        ("vllm-0.32.0", "vllm"),
    ],
)
def test_what_a_server_answers_is_in_its_family(recorded: str, name: str) -> None:
    [mine] = [each for each in everything() if each.name == name]
    answer = parse((RECORDED / f"{recorded}.prom").read_text())
    seen = [each for each in answer.samples if mine.claims(each.name) or each.name in mine.wire]
    assert seen
    for series in seen:
        known = mine.wire.get(series.name)
        assert known, f"{series.name} is not in the registry"
        told, wanted = {key for key, _ in series.labels}, known.labels_of(series.name)
        # Components that serve one name with different labels share an entry that has all of them.
        assert wanted is None or (told <= wanted if len(known.at) > 1 else told == wanted), series
        kind = answer.types.get(known.name.removesuffix("_total")) or answer.types.get(known.name)
        assert kind in (None, known.type) or not known.type, series


def test_the_simulator_is_told_from_the_engine_that_it_stands_for() -> None:
    assert "llm-d-inference-sim" not in {each.name for each in families()}
    found = family("vllm:request_success_total")
    assert found and found.name == "vllm"
    text = listing.text(everything())
    assert "| `vllm:request_success_total` | has `finish_reason`; lacks `engine`, `finished_reason` |" in text
    assert "| `vllm:prefix_cache_hits` | vllm 0.32.0 has no such series |" in text


def test_a_client_for_go_writes_names_as_they_are() -> None:
    named = {each.name: each for each in families()}
    assert named["argocd"].metrics["argocd_app_sync_total"].series() == ("argocd_app_sync_total",)
    counts = [name for name in named["cert-manager"].wire if name.startswith("certmanager_controller_sync_call_count")]
    assert counts == ["certmanager_controller_sync_call_count"]


def test_components_are_those_that_serve() -> None:
    for each in everything():
        named = {at for metric in each.metrics.values() for at in metric.at}
        assert named <= set(each.served), each.name
        assert all(served.source for served in each.served.values()), each.name


def test_a_family_without_sources_or_of_another_name_is_one_sentence() -> None:
    with pytest.raises(InputError, match="no family 'vlm'; there are: argocd"):
        origin.path("vlm")
    with pytest.raises(InputError, match="written by hand"):
        origin.write("python", {})
    with pytest.raises(LeanragError, match=r"no checkout of llm-d/llm-d-router@v0\.8\.0 was given"):
        origin.text("llm-d", {}, fetch=False)


def test_the_list_in_docs_is_that_of_the_registry() -> None:
    assert listing.path().read_text() == listing.text(everything()), "run: python -m leanrag.engine --registry"
