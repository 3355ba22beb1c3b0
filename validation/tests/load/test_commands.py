"""The verbs read an overlay as the cluster does: a diff on top of the chart's defaults."""

from pathlib import Path

import pytest

from leanrag.catalog.values import merge
from leanrag.core.outcome import Outcome
from leanrag.load.commands import judge_report, read_slo
from leanrag.slo.objectives import Objective, Slo, Traffic, Zone

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("environment", ["local", "dev", "staging", "prod"])
def test_every_chat_overlay_of_the_repository_is_a_whole_slo(environment: str) -> None:
    slo = read_slo(ROOT / "overlays" / environment / "models" / "chat.yaml")
    assert {objective.metric for objective in slo.objectives} == {"ttft", "itl", "e2e", "errorRate", "availability"}


def test_what_an_overlay_says_wins_over_the_chart() -> None:
    ttft = read_slo(ROOT / "overlays/local/models/chat.yaml").find("ttft")
    assert ttft is not None
    assert (ttft.limit, ttft.percentile) == (2000, 95)


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}}, {"a": 1, "b": {"c": 4, "d": 3}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({"a": None}, {"b": 1}, {"a": None, "b": 1}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    ],
)
def test_values_merge_as_helm_merges_them(
    base: dict[str, object], over: dict[str, object], result: dict[str, object]
) -> None:
    assert merge(base, over) == result


def test_a_report_is_decided_as_its_block_says() -> None:
    """The same requests: one look uses all of them; the sequential test says itself after how many it was sure."""
    report = Path(__file__).with_name("reports") / "concurrent-good.json.gz"
    traffic = Traffic("concurrent", 150, 64, 32, 5.0, 0, 600.0, streams=8)
    promise = Objective("ttft", 2, "s", 0.95, 95, Zone(0.02, 0.12))
    once = judge_report(report, Slo((promise,), traffic)).objectives[0]
    often = judge_report(report, Slo((promise,), traffic, decision="sequential")).objectives[0]
    assert (once.outcome, often.outcome) == (Outcome.PASS, Outcome.PASS)
    assert often.n < once.n and often.upper == 0.12
