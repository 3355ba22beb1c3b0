"""A query counts when it finds a number: of what is here, else of a sample without labels of its own."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
from alarms import Rule, present
from boards import Board, Panel, Target, Variable, boards
from burning import PAIRS, Burn, expected, reached, steady
from causes import CAUSES, TIME
from elsewhere import Elsewhere
from firing import seconds
from prom import Found, Prometheus, numbers
from prove import EMPTY, REAL, SAMPLE, Query, of_board, of_rules, proofs, static, unmarked
from sample import exposition, sampled
from scraping import Scrape, config
from serving import served
from stage import BOARDS, plan

from leanrag.core.errors import InputError
from leanrag.engine.exposition import parse
from leanrag.render.tools import tools_dir

USUAL = {"namespace": "lr-serving", "pod": "chat-0", "container": "engine"}


class Answers:
    """A stand-in for Prometheus: what each query answers; any other finds nothing."""

    def __init__(self, answers: Mapping[str, float]) -> None:
        self._answers = answers

    def query(self, text: str) -> tuple[Found, ...]:
        if text == "broken(":
            raise InputError("parse error", hint="correct it")
        return (Found({}, ((0.0, self._answers[text]),)),) if text in self._answers else ()


def _proof(text: str, real: Mapping[str, float], sample: Mapping[str, float], wider: str = "") -> tuple[str, str]:
    (found,) = proofs([Query("b", "p", text, wider=wider)], Elsewhere(), Answers(real), Answers(sample))
    return found.how, found.needs


def test_what_is_here_is_real_and_a_sample_never_stands_for_it() -> None:
    assert _proof("vllm:num_requests_running", {"vllm:num_requests_running": 0}, {}) == (REAL, "")
    assert _proof("vllm:num_requests_running", {}, {"vllm:num_requests_running": 1}) == (EMPTY, "")


def test_what_needs_a_gpu_is_asked_of_the_sample() -> None:
    asked = "max(DCGM_FI_DEV_GPU_TEMP)"
    assert _proof(asked, {}, {asked: 40}) == (SAMPLE, "GPU and DCGM")
    assert _proof(asked, {}, {}) == (EMPTY, "GPU and DCGM")


def test_an_answer_without_a_number_is_empty() -> None:
    assert _proof("up", {"up": float("nan")}, {}) == (EMPTY, "")


def test_a_query_that_prometheus_refuses_is_empty_and_says_why() -> None:
    (found,) = proofs([Query("b", "p", "broken(")], Elsewhere(), Answers({}), Answers({}))
    assert (found.how, found.problem) == (EMPTY, "parse error")


def test_what_a_recording_rule_needs_its_readers_need() -> None:
    world = Elsewhere(records={"leanrag:a": "leanrag:b * 2", "leanrag:b": "sum(DCGM_FI_DEV_GPU_UTIL)"})
    assert world.needs("leanrag:a > 1") == {"GPU and DCGM"}


def test_rules_that_record_each_other_do_not_hang() -> None:
    assert Elsewhere(records={"a:a": "b:b", "b:b": "a:a"}).needs("a:a") == frozenset()


def test_an_alert_is_held_to_the_series_it_compares_and_not_to_those_whose_absence_it_tells() -> None:
    text = 'absent(up{job="a"}) or rate(ogx_requests_total{namespace="n",status_code=~"5.."}[5m] offset 1d) > 0'
    told = [
        ('ogx_requests_total{namespace="n",status_code=~"5.."}', 'ogx_requests_total{namespace="n",status_code!=""}')
    ]
    assert present(text) == told


def test_what_an_alert_itself_replaces_by_a_number_may_be_absent() -> None:
    assert present("(sum(a) or vector(0)) / sum(b) > 0.1") == [("b", "b")]


def test_a_state_that_was_never_seen_needs_its_label_only() -> None:
    assert _proof('m{status="error"}', {'m{status!=""}': 1}, {}, wider='m{status!=""}') == (REAL, "")


def test_a_recording_rule_has_to_record_something() -> None:
    rule = Rule("", "leanrag:x", "sum(up)", "0s", {}, {}, "alerts/rules")
    assert [(each.part, each.text, each.wider) for each in of_rules([rule])] == [("leanrag:x", "sum(up)", "")]


def test_a_variable_without_a_value_is_an_empty_query() -> None:
    variable = Variable("model", "query", "label_values(gone, model)")
    panel = Panel("p", "stat", (0, 0, 12, 8), targets=(Target("up"), Target("{}", language="loki")))
    found = list(of_board(Board("b.json", "B", (variable,), (panel,)), lambda selector, label: []))
    assert [each.part for each in found] == ["variable model", "p"]
    assert proofs(found[:1], Elsewhere(), Answers({}), Answers({}))[0].problem == "no variable here has a value"


def test_a_panel_that_only_a_sample_fills_has_to_say_what_it_needs() -> None:
    asked = "DCGM_FI_DEV_GPU_TEMP"
    queries = [Query("B", "silent", asked), Query("B", "marked", asked, "DCGM"), Query("rules", "alert", asked)]
    found = proofs(queries, Elsewhere(), Answers({}), Answers({asked: 1}))
    assert [each.part for each in unmarked(found, [Board("b.json", "B", (), ())])] == ["silent"]


def test_a_sample_has_the_values_that_are_asked_for_and_no_label_that_the_source_does_not_list() -> None:
    asked = 'argocd_app_info{sync_status!="Synced",health_status=~"Degraded|Missing",shoe_size="43"}'
    (found,) = sampled([asked], Elsewhere(), {})
    labels = dict(found.series.labels)
    assert labels["sync_status"] == "sample" and labels["health_status"] == "Degraded"
    assert "shoe_size" not in labels


def test_a_metric_that_the_registry_does_not_have_has_no_sample() -> None:
    assert sampled(["argocd_app_shoes_total", "vllm:num_requests_running"], Elsewhere(), {}) == ()


def test_a_sample_is_an_exposition_whose_counters_grow() -> None:
    found = sampled(["rate(argocd_app_sync_total[5m])", "keda_scaled_object_errors_total"], Elsewhere(), {})
    early, late = (parse(exposition(found, lambda at=at: at)).samples for at in (time.time(), time.time() + 60))
    assert early and all(late[key] > value for key, value in early.items())


def test_a_burn_rate_alert_fires_when_the_errors_have_filled_their_part_of_the_window() -> None:
    # The Site Reliability Workbook, table 5-8: 14.4 times over an hour at 99.9 %; all requests bad: 52 s.
    assert round(steady(3600, 14.4 * 0.001, 1.0)) == 52
    assert steady(3600, 14.4 * 0.05, 0.5) == float("inf")
    assert seconds("1h30m") == 5400


def test_theory_follows_the_traffic_before_a_cause_and_since() -> None:
    # 100 good ones, then 1 a second, all broken: 300 of 400 are 75 %.
    assert expected(Burn(before=100, rate=1.0, errors=1.0), 0.75) == 300
    assert expected(Burn(before=100, rate=10.0, errors=1.0), 0.75) == 30
    assert expected(Burn(before=100, rate=1.0, errors=0.7), 0.75) == float("inf")


class Burning:
    """A Prometheus: 90 requests in a minute, then for a minute 4 a second, all too slow for a promise of 95 %."""

    def __init__(self, began: float) -> None:
        self.began = began

    def query(self, text: str) -> tuple[Found, ...]:
        value = 0.95 if "target" in text else 1.0
        return (Found({"model": "m", "objective": "ttft"}, ((self.began + 60, value),)),)

    def range(self, text: str, seconds: float, step: float) -> tuple[Found, ...]:
        if text == "sum(all)":
            counted = ((-60.0, 10.0), (0.0, 100.0), (30.0, 220.0), (60.0, 340.0))
            return (Found({}, tuple((self.began + at, value) for at, value in counted)),)
        return (Found({}, ((self.began + 58, 0.8), (self.began + 60, 0.9))),) if "ratio1h" in text else ()


def test_what_a_burn_rate_alert_saw_stands_beside_the_theory_of_its_traffic() -> None:
    began = time.time() - 60
    rule = Rule("", "leanrag:objective_broken:ratio5m", "1 - sum(rate(good[5m])) / (sum(rate(all[5m])) > 0)", "0s",
                {"model": "m", "objective": "ttft"}, {}, "")  # fmt: skip
    (found,) = reached(cast("Prometheus", Burning(began)), (rule,), "ObjectiveBurnsFast", began)
    assert (found.model, found.objective, found.windows, round(found.limit, 2)) == ("m", "ttft", "1h and 5m", 0.72)
    assert (round(found.seconds), round(found.expected), round(found.steady / 60)) == (58, 58, 43)
    assert (found.traffic.before, round(found.traffic.rate), found.traffic.errors) == (90, 4, 1.0)
    assert list(reached(cast("Prometheus", Burning(began)), (rule,), "EngineDown", began)) == []


def test_every_alert_has_a_cause_or_needs_what_is_not_here_or_only_time() -> None:
    here = set(plan(tools_dir().parents[1]).possible)
    assert here == {name for cause in CAUSES for name in cause.expects} | TIME.keys()


def test_the_theory_has_the_windows_and_factors_of_the_chart() -> None:
    text = (tools_dir().parents[1] / "charts/serving/model/templates/rules.yaml").read_text()
    for long, short, _, factor, most in (pair for pairs in PAIRS.values() for pair in pairs):
        assert f'"long" "{long}" "short" "{short}" "factor" {factor:g} "most" {most:g})' in text


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, tuple[Query, ...]]]:
    """A real Prometheus on a sample of all that this repository's dashboards ask for, as if nothing were here."""
    found = boards(tools_dir().parents[1] / BOARDS)
    texts = [static(target.text) for each in found for panel in each.asking for target in panel.targets]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sample.need", lambda name: "everything")
        series = sampled(texts, Elsewhere(), USUAL)
    with served({"sample": lambda: exposition(series)}) as url:
        scrape = Scrape("sample", url, "/sample", {"service": "sample"}, honor=True)
        with Prometheus(tmp_path_factory.mktemp("prometheus"), config([scrape]), {}) as prometheus:
            patience = time.monotonic() + 60
            while not numbers(prometheus.query("rate(scrape_duration_seconds[1m])")) and time.monotonic() < patience:
                time.sleep(0.5)
            yield prometheus, tuple(query for each in found for query in of_board(each, prometheus.values))


def test_prometheus_takes_every_query_of_this_repository(everything: tuple[Prometheus, tuple[Query, ...]]) -> None:
    prometheus, queries = everything
    refused = []
    for each in queries:
        try:
            prometheus.query(each.text)
        except InputError as error:
            refused.append((each.place, each.part, error.message))
    assert refused == []


def test_what_names_no_recorded_series_finds_its_sample(everything: tuple[Prometheus, tuple[Query, ...]]) -> None:
    prometheus, queries = everything
    # Nothing is recorded here or renders DCGM's list, and a subquery sees five minutes only when they are past.
    without = ("leanrag:", "DCGM_", ":5m]")
    scraped = [each for each in queries if not any(word in each.text for word in without)]
    empty = [each for each in proofs(scraped, Elsewhere(), prometheus, prometheus) if each.how == EMPTY]
    assert [(each.place, each.part, each.text) for each in empty] == []


def test_an_alert_fires_and_ends_in_a_real_prometheus(tmp_path: Path) -> None:
    rule = '{groups: [{name: a, interval: 1s, rules: [{alert: Down, expr: "absent(gone)"}]}]}'
    with Prometheus(tmp_path, config([]), {"a.yaml": rule}) as prometheus:
        patience = time.monotonic() + 60
        while "Down" not in prometheus.firing() and time.monotonic() < patience:
            time.sleep(0.2)
        assert prometheus.firing()["Down"] > time.time() - 120
        assert prometheus.rule_errors() == {}
