"""The chart rag-stack, rendered by helm as it is deployed."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leanrag.core import yamlio
from leanrag.render.helm import KUBE_VERSION, stage
from leanrag.render.tools import tool

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "rag" / "rag-stack"


@contextmanager
def staged() -> Iterator[Path]:
    """Give the chart with its library, for as long as it is rendered."""
    with tempfile.TemporaryDirectory() as folder:
        yield stage(CHART, ROOT / "charts" / "common", Path(folder) / CHART.name)


def render(chart: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return the objects of a staged chart; `arguments` are helm's, such as `--values` and a file."""
    argv = [str(tool("helm")), "template", "rag-stack", str(chart), "--kube-version", KUBE_VERSION, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [body for body in yamlio.load_all(done.stdout, "rendered") if isinstance(body, dict)]
