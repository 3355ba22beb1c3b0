"""The committed health checks, run by the real Argo CD, on whole objects; a file's name opens with the health expected.

`healthy-although-…` is what health cannot see, so that the gate must (bootstrap/argocd/README.md).
"""

import os
import re
from pathlib import Path

import pytest

from leanrag.core import yamlio
from leanrag.core.process import run
from leanrag.render.tools import tool

ROOT = Path(__file__).parents[3]
SETTINGS = ROOT / "bootstrap" / "argocd" / "argocd-cm.yaml"
OBJECTS = sorted((Path(__file__).parent / "health").glob("*/*.yaml"))


@pytest.fixture(scope="module")
def argocd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Argo CD, under the name that makes it its command line. Building it takes minutes, so only where it is wanted."""
    if not {"LEANRAG_BENCH", "LEANRAG_BIN"} & set(os.environ):
        pytest.skip("needs the program argocd (make e2e)")
    link = tmp_path_factory.mktemp("bin") / "argocd"
    link.symlink_to(tool("argocd"))
    return link


def health(argocd: Path, path: Path) -> str:
    argv: list[str | Path] = [argocd, "admin", "settings", "resource-overrides", "health", path]
    done = run([*argv, "--argocd-cm-path", SETTINGS], what="argocd", timeout=30, cwd=argocd.parent)
    found = re.search(r"^STATUS: (\w+)$", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return found[1]


@pytest.mark.parametrize("path", OBJECTS, ids=[f"{path.parent.name}-{path.stem}" for path in OBJECTS])
def test_health(argocd: Path, path: Path) -> None:
    assert health(argocd, path).lower() == path.stem.partition("-")[0]


def test_every_check_is_tried_on_healthy_and_degraded_objects() -> None:
    data = yamlio.read(SETTINGS)["data"]
    checked = {key.rsplit(".health.", 1)[1].rpartition("_")[2] for key in data if ".health." in key}
    tried = {(path.parent.name, path.stem.partition("-")[0]) for path in OBJECTS}
    assert {(kind, status) for kind in checked for status in ("healthy", "degraded")} <= tried
