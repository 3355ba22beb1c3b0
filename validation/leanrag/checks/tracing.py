"""Where a finding's fault is written: the value in an overlay or chart, else the line of the template."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.checks.files import Files
from leanrag.checks.finding import Finding, at
from leanrag.checks.helpers import helpers, printed_by
from leanrag.checks.marks import Marked, marked, parts, path_in
from leanrag.checks.source import KeyPath, SourceFile
from leanrag.checks.templates import place_in
from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.core.result import JSON
from leanrag.render.manifest import Manifest

_VALUES = re.compile(r"\.Values((?:\.\w+)+)")


@dataclass(frozen=True, slots=True)
class _Field:
    """The field that a finding is about: where its template writes it, and what it holds."""

    path: KeyPath
    file: str
    line: int
    text: str
    value: JSON
    called: str = ""

    def values(self) -> tuple[KeyPath, ...]:
        """Return the values that the line of the template names, and those of the field inside them."""
        named = [tuple(found.strip(".").split(".")) for found in _VALUES.findall(self.text)]
        return tuple((*name, *self.path[start:]) for name in named for start in range(1, len(self.path) + 1))


def traced(finding: Finding, files: Files, app: App | None, root: Path, manifests: Iterable[Manifest] = ()) -> Finding:
    """Point a finding on an Application's object at the value that brought the fault, else at its template's line."""
    return pointed(finding, list(_sources(files, app, root)), root, manifests)


def pointed(
    finding: Finding, sources: Iterable[tuple[Path, SourceFile]], root: Path, manifests: Iterable[Manifest]
) -> Finding:
    """Point a finding on a rendered object at the line of the value that brought the fault, else of the template.

    `sources` are the files that bring values, strongest first; templates lie below `root`.
    """
    manifest = _manifest(finding, manifests)
    field = _field(finding, manifest, root)
    written = _written(finding, field, sources)
    place = f"{field.file}:{field.line}" if field.line else field.file
    if written is not None:
        file, line = written
        return replace(finding, file=file, line=line, message=f"{finding.message} (rendered by {place})")
    message = f"{finding.message} (called by {field.called})" if field.called else finding.message
    return replace(finding, file=field.file, line=finding.line or field.line, message=message)


def _manifest(finding: Finding, manifests: Iterable[Manifest]) -> Manifest | None:
    for each in manifests:
        if each.template == finding.file and each.app.name == finding.app and _rest(finding, each.body) is not None:
            return each
    return None


def _rest(finding: Finding, body: Any) -> str | None:
    """Return the path inside the object when a finding is on it: `Kind/name path` (Scope.finding)."""
    body = body if isinstance(body, Mapping) else {}
    name = at(body, ("metadata", "name"))
    subject = f"{body.get('kind') or 'object'}/{name or '?'}"
    found = finding.where == subject or finding.where.startswith(f"{subject} ")
    return finding.where[len(subject) :].strip() if found else None


def _field(finding: Finding, manifest: Manifest | None, root: Path) -> _Field:
    if manifest is None:
        return _Field((), finding.file, 0, "", finding.culprit)
    path = path_in(manifest.body, _rest(finding, manifest.body) or "")
    template = root / manifest.template
    found = place_in(_text(template), manifest.body, path)
    value = finding.culprit if finding.culprit is not None else at(manifest.body, path)
    by = printed_by(found, manifest.body, path, helpers(*helper_folders(template, root))) if found.rest else None
    if by is None:
        return _Field(path, finding.file, found.line, found.text, value)
    file, line, text = by
    shown = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
    return _Field(path, shown, line, f"{found.text}\n{text}", value, f"{finding.file}:{found.line}")


def helper_folders(template: Path, root: Path) -> Iterator[Path]:
    """Yield where the helpers of a chart lie: its library, the one of this repository, its own, the weakest first."""
    chart = next((each for each in template.parents if (each / "Chart.yaml").is_file()), template.parent)
    yield from (
        root / "charts" / "common" / "templates",
        *sorted(chart.glob("charts/*/templates")),
        chart / "templates",
    )


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except InputError:
        return ""


def _sources(files: Files, app: App | None, root: Path) -> Iterator[tuple[Path, SourceFile]]:
    """Yield the files that bring values, strongest first."""
    if app is None:
        return
    for path in (app.overlay, app.chart_path / "values.yaml"):
        shown = path.relative_to(root) if path.is_relative_to(root) else path
        source = files.overlays.get(shown) or files.charts.get(shown)
        if source is not None and not source.error:
            yield shown, source


def _written(finding: Finding, field: _Field, sources: Iterable[tuple[Path, SourceFile]]) -> tuple[str, int] | None:
    """Return file and line of the value that brought the fault, when there is no doubt."""
    if isinstance(field.value, bool | list | dict) or field.value in (None, ""):
        return None
    named = set(field.values())
    for path, source in sources:
        equal = [place for place in source.lines if _brings(at(source.data, place), place, field.value)]
        # The value of the name that the template reads, or of the field's own name; a word that a rule calls the
        # culprit may have any name, if it is written once.
        told = [place for place in equal if place in named] or [
            place for place in equal if field.path and place[-1] in (field.path[-1], "tag")
        ]
        # A word may be a key, too: of a map of arguments, or of settings.
        keys = [place for place in source.lines if finding.culprit is not None and place[-1] == finding.culprit]
        found = told or (equal or keys if finding.culprit is not None else [])
        if len(found) == 1:
            return str(path), source.lines[found[0]]
    return None


def _brings(value: Any, place: KeyPath, culprit: JSON) -> bool:
    if isinstance(value, bool | dict | list) or value is None or value == "":
        return False
    tag = place[-1] == "tag" and isinstance(culprit, str) and culprit.partition("@")[0].endswith(f":{value}")
    return tag or value == culprit


def in_files(findings: Iterable[Finding], contents: Mapping[Path, bytes | str]) -> list[Finding]:
    """Give findings on plain manifest files their line and column; a text instead of bytes is no content."""
    known: dict[str, _Plain] = {}
    found: list[Finding] = []
    for each in findings:
        content = contents.get(Path(each.file))
        if not each.line and each.where and isinstance(content, bytes):
            if each.file not in known:
                known[each.file] = _Plain(content.decode("utf-8", "replace"))
            each = _placed(each, known[each.file].documents(each))
        found.append(each)
    return found


class _Plain:
    """A manifest file, of which only the documents that findings are on are read for their places."""

    def __init__(self, text: str) -> None:
        self._parts = parts(text)
        self._read: dict[int, tuple[Marked, ...]] = {}

    def documents(self, finding: Finding) -> Iterator[Marked]:
        """Yield the documents that may be meant: those with its object's name, then all others."""
        name = finding.where.partition(" ")[0].partition("/")[2]
        for likely in (True, False):
            for number, (before, text) in enumerate(self._parts):
                if (name in text) is likely:
                    if number not in self._read:
                        self._read[number] = marked(text, before)
                    yield from self._read[number]


def _placed(finding: Finding, documents: Iterable[Marked]) -> Finding:
    for document in documents:
        rest = _rest(finding, document.body)
        if rest is not None:
            line, column = document.place(path_in(document.body, rest))
            return replace(finding, line=line, column=column)
    return finding
