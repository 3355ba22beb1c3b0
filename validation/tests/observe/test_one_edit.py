"""One edit of a model's `slo:` moves the gate's objective, the burn-rate alert and the line on the dashboard."""

import pytest
from alarms import Rule, rules
from boards import boards
from stage import BOARDS

from leanrag.catalog.repository import Repository
from leanrag.gate.discover import discover
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest
from leanrag.render.tools import tools_dir
from leanrag.slo.spec import parse

ROOT = tools_dir().parents[1]
_LIMIT, _BROKEN = "leanrag:objective:limit", "leanrag:objective_broken:ratio1h"


def _rendered(limit: int) -> tuple[Manifest, ...]:
    repository = Repository(ROOT)
    edit = {"local-model-chat": {"slo": {"objectives": {"ttft": {"limit": limit}}}}}
    return render_cluster(repository, repository.cluster("local"), edit)


def _record(found: tuple[Rule, ...], name: str) -> str:
    ours = {"model": "tiny-llama", "objective": "ttft"}
    return next(each.text for each in found if each.record == name and ours.items() <= each.labels.items())


@pytest.mark.parametrize(("limit", "seconds"), [(2000, "2"), (1500, "1.5")])
def test_one_edit_moves_gate_alert_and_dashboard(limit: int, seconds: str) -> None:
    rendered = _rendered(limit)
    (model,) = (each for each in discover(rendered).models if each.name == "tiny-llama")
    (promise,) = (each for each in parse(model.contract.slo, "slo").objectives if each.metric == "ttft")
    assert promise.limit_seconds == float(seconds)
    found = rules(rendered)
    assert _record(found, _LIMIT) == f"vector({seconds})"
    assert f'le="{seconds}"' in _record(found, _BROKEN) or f'le=~"{seconds}(' in _record(found, _BROKEN)
    assert any(_BROKEN in each.text for each in found if each.alert == "ObjectiveBurnsFast")


def test_the_line_on_the_dashboard_is_the_recorded_limit() -> None:
    panels = [panel for board in boards(ROOT / BOARDS) for panel in board.asking]
    lines = [target.text for panel in panels for target in panel.targets if target.limit]
    assert any(f'{_LIMIT}{{objective="ttft"' in text for text in lines)
