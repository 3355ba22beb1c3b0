"""The repository two-clusters, whose chart `store` names the images that a test wants."""

import shutil
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1] / "repos" / "two-clusters"
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: ns}}
spec:
  containers:
{containers}
"""


class Tree:
    """A checkout; `use` makes the chart `store` render a pod with these images."""

    def __init__(self, path: Path) -> None:
        self.path = path
        shutil.copytree(REPO, path)

    def use(self, *images: str) -> None:
        containers = "\n".join(f"    - {{name: c{at}, image: '{image}'}}" for at, image in enumerate(images))
        self.template("pod", POD.format(containers=containers))

    def template(self, name: str, text: str) -> None:
        (self.path / f"charts/data/store/templates/{name}.yaml").write_text(text)

    def lock(self, cluster: str = "east") -> Path:
        return self.path / "clusters" / cluster / "images.lock"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "repo")
