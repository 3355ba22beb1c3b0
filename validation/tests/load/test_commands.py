"""The verbs read an overlay as the cluster does: a diff on top of the chart's defaults."""

from pathlib import Path

import pytest

from leanrag.catalog.values import merge
from leanrag.load.commands import read_slo

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
