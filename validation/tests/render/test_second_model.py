"""Adding is one path: a second model on other GPUs is one short file, the one that the model chart's README shows."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from leanrag.catalog.repository import Repository
from leanrag.checks.run import check_repository
from leanrag.render.helm import render

pytestmark = pytest.mark.helm
ROOT = Path(__file__).parents[3]
APP = "staging-model-assistant"
POOL = '    l40s: {product: NVIDIA-L40S, perNode: 4, taint: "nvidia.com/gpu:NoSchedule"}\n'
ANOTHER = '    h100: {product: NVIDIA-H100-80GB-HBM3, perNode: 8, taint: "nvidia.com/gpu=h100:NoSchedule"}\n'


def shown() -> tuple[Path, str]:
    """Return path and text of the overlay that the README shows."""
    readme = (ROOT / "charts/serving/model/README.md").read_text()
    found = re.search(r"```yaml\n# (overlays/\S+\.yaml): [^\n]*\n(.*?)```", readme, re.DOTALL)
    assert found
    return Path(found[1]), found[2]


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    """A copy of the repository in which staging has a second pool, and serves models only."""
    for name in ("apps", "charts", "clusters/staging", "overlays/staging/models"):
        shutil.copytree(ROOT / name, tmp_path / name)
    cluster = tmp_path / "clusters/staging/cluster.yaml"
    assert POOL in cluster.read_text()
    cluster.write_text(cluster.read_text().replace(POOL, POOL + ANOTHER))
    return tmp_path


def add(root: Path) -> None:
    path, text = shown()
    (root / path).write_text(text)


def findings(root: Path) -> set[str]:
    """What is wrong there; that its image has no digest yet holds a promotion, and is right to."""
    found = check_repository(Repository(root), ("staging",)).findings
    return {str(finding) for finding in found if not finding.holds}


def kind(root: Path, name: str) -> dict[str, Any]:
    repository = Repository(root)
    app = next(app for app in repository.apps(repository.cluster("staging")) if app.name == APP)
    return next(dict(each.body) for each in render(repository, app) if each.body["kind"] == name)


def test_a_second_model_on_other_gpus_is_one_file_of_twelve_lines_at_most(staging: Path) -> None:
    path, text = shown()
    assert path.parent == Path("overlays/staging/models")
    assert len(text.splitlines()) <= 12
    assert not (ROOT / path).exists()


def test_no_rule_has_anything_against_it(staging: Path) -> None:
    before = findings(staging)
    add(staging)
    assert findings(staging) - before == set()


def test_it_runs_on_the_gpus_that_it_names(staging: Path) -> None:
    add(staging)
    predictor = kind(staging, "InferenceService")["spec"]["predictor"]
    assert predictor["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    assert predictor["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "h100", "effect": "NoSchedule"}
    ]


def test_the_rest_follows_from_pool_architecture_and_profile(staging: Path) -> None:
    add(staging)
    (container,) = kind(staging, "ServingRuntime")["spec"]["containers"]
    assert {"--max-num-seqs=32", "--max-num-batched-tokens=4096", "--gpu-memory-utilization=0.9"} <= {
        *container["args"]
    }
    memory = kind(staging, "InferenceService")["spec"]["predictor"]["model"]["resources"]["limits"]["memory"]
    assert memory == "21Gi"


def test_a_file_without_a_pool_is_refused_with_the_choice(staging: Path) -> None:
    add(staging)
    path = staging / shown()[0]
    path.write_text(path.read_text().replace("gpu: h100, ", ""))
    found = [text for text in findings(staging) if "assistant" in text]
    assert any("capacity.gpu" in text and "h100, l40s" in text for text in found)
