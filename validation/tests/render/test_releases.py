"""`common.rhoai` compares OpenShift AI releases as releases: 3.10 is newer than 3.9, and no release is none of them."""

from pathlib import Path

import pytest

from leanrag.core.process import run
from leanrag.render.helm import stage
from leanrag.render.tools import tool

pytestmark = pytest.mark.helm
COMMON = Path(__file__).parents[3] / "charts" / "common"
CHART = """
apiVersion: v2
name: probe
version: 0.1.0
annotations: {leanrag.io/layer: platform}
dependencies: [{name: common, version: 0.1.0, repository: "file://../../common"}]
"""
WINDOWS = {"any": "", "from34": '"since" "3.4"', "to33": '"until" "3.3"', "from32to34": '"since" "3.2" "until" "3.4"'}


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chart = tmp_path_factory.mktemp("chart") / "probe"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text(CHART)
    asks = "".join(f'{name}: {{{{ include "common.rhoai" (dict "ctx" $ {w}) }}}}|\n' for name, w in WINDOWS.items())
    (chart / "templates" / "configmap.yaml").write_text(asks)
    return stage(chart, COMMON, chart.parent / "staged")


def _windows(chart: Path, release: str) -> set[str]:
    argv: list[str | Path] = [tool("helm"), "template", chart, "--set-string", f"cluster.openshiftAI={release}"]
    lines = run(argv, what="helm template", timeout=60).stdout.splitlines()
    return {line.split(":")[0] for line in lines if line.endswith(": true|")}


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("", set()),
        ("3.0", {"any", "to33"}),
        ("3.2", {"any", "to33", "from32to34"}),
        ("3.3", {"any", "to33", "from32to34"}),
        ("3.4", {"any", "from34", "from32to34"}),
        ("3.5", {"any", "from34"}),
        ("3.10", {"any", "from34"}),
    ],
)
def test_a_window_of_releases_holds_its_first_and_its_last(probe: Path, release: str, expected: set[str]) -> None:
    assert _windows(probe, release) == expected
