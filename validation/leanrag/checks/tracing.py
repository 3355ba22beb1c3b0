"""Where a finding's fault is written: the overlay line that brought a value."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.checks.files import Files
from leanrag.checks.finding import Finding, at
from leanrag.checks.source import KeyPath
from leanrag.core.result import JSON


def traced(finding: Finding, files: Files, app: App | None, root: Path) -> Finding:
    """Point a finding at the overlay line that brought the offending value, when exactly one did."""
    if finding.culprit is None or app is None or not app.overlay.is_relative_to(root):
        return finding
    path = app.overlay.relative_to(root)
    source = files.overlays.get(path)
    if source is None or isinstance(finding.culprit, bool | list | dict):
        return finding
    lines = [line for place, line in source.lines.items() if _brings(at(source.data, place), place, finding.culprit)]
    if len(lines) != 1:
        return finding
    return replace(finding, file=str(path), line=lines[0], message=f"{finding.message} (rendered by {finding.file})")


def _brings(value: Any, place: KeyPath, culprit: JSON) -> bool:
    if isinstance(value, bool | dict | list) or value is None or value == "":
        return False
    tag = place[-1] == "tag" and isinstance(culprit, str) and culprit.partition("@")[0].endswith(f":{value}")
    return tag or value == culprit
