"""A chart on disk: what a render reads of it, and how it is laid out for helm."""

import shutil
from pathlib import Path

from leanrag.catalog.repository import Repository

# Argo CD passes the destination's version; a fixed one keeps renders equal on every machine.
KUBE_VERSION = "1.34.4"


def library(repository: Repository) -> Path:
    """Return the library chart that every chart depends on by file://."""
    return repository.root / "charts" / "common"


def chart_files(chart: Path) -> tuple[Path, ...]:
    """Return the files that a render reads: not tests, ci cases, or built dependencies."""
    skipped = {"tests", "ci", "charts", "README.md"}
    return tuple(
        path for path in sorted(chart.rglob("*")) if path.is_file() and path.relative_to(chart).parts[0] not in skipped
    )


def depends(chart: Path, common: Path) -> bool:
    """Say whether a chart names the library chart, and there is one."""
    return f"file://../../{common.name}" in (chart / "Chart.yaml").read_text() and common.is_dir()


def stage(chart: Path, common: Path, target: Path) -> Path:
    """Copy a chart and put the library chart where `helm dependency build` would, without touching the checkout."""
    shutil.copytree(chart, target, ignore=shutil.ignore_patterns("charts"))
    if depends(chart, common):
        shutil.copytree(common, target / "charts" / common.name)
    return target
