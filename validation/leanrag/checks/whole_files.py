"""Plain manifest files: every document of every file, judged without a repository."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.checks.cache import Pack, Store
from leanrag.checks.cache_objects import Verdicts
from leanrag.checks.cel_rules import counted
from leanrag.checks.exemptions import apply
from leanrag.checks.finding import Finding
from leanrag.checks.registry import OBJECTS, SAME_PASS
from leanrag.checks.schemas import schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.source import read_documents
from leanrag.checks.tracing import in_files
from leanrag.checks.whole_copies import by_copies, processors
from leanrag.render.manifest import Manifest

_CHECKS = tuple(check for check in OBJECTS if check.plain)
_JUDGED = frozenset(check.id for check in (*_CHECKS, *SAME_PASS))

_SHARD = 250  # objects: fewer are judged sooner than a process is copied


def check_contents(
    contents: Mapping[Path, bytes | str], store: Store | None, around: str
) -> tuple[list[Finding], Counter[str]]:
    """Judge the contents of files; a text instead of bytes says why a file could not be read."""
    unreadable: list[Finding] = []
    manifests = usable(each for path, content in contents.items() for each in _manifests(path, content, unreadable))
    scope = Scope(manifests, schemas())
    verdicts = Verdicts(_CHECKS, Pack(store, f"objects-{around[:16]}"))
    found = _alone(scope, verdicts)
    found += [finding for check in _CHECKS if not check.alone for finding in check.find(scope)]
    verdicts.save()
    placed = in_files(apply(found, manifests, _JUDGED), contents)
    return [*unreadable, *placed], Counter(files=len(contents), objects=len(manifests), **counted(scope))


def _alone(scope: Scope, verdicts: Verdicts) -> list[Finding]:
    """Return what is found in one object alone; of many by copies of this process."""

    def judged(start: int) -> tuple[list[Finding], dict[str, Any]]:
        shard = scope.manifests[start : start + _SHARD]
        return [finding for each in shard for finding in verdicts.of(each, scope.schemas)], verdicts.new()

    found: list[Finding] = []
    for findings, new in by_copies(judged, range(0, len(scope.manifests), _SHARD), processors()):
        verdicts.learn(new)
        found += findings
    return found


def _manifests(path: Path, content: bytes | str, unreadable: list[Finding]) -> Iterator[Manifest]:
    documents, problem, line = read_documents(path, content)
    if problem:
        fix = "correct the YAML there"
        unreadable.append(Finding("FIL001", "", str(path), "", f"cannot be read: {problem}", fix, line))
    app = App("", "", "files", path.stem, path.stem, "default", path.parent, path, ())
    return (Manifest(app, str(path), body) for document in documents for body in _objects(document))


def _objects(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a document, those inside a List too; anything else is judged as an object without kind."""
    body = document if isinstance(document, Mapping) else {}
    inner = body.get("items") if body.get("kind") == "List" else None
    if isinstance(inner, list):
        yield from (each if isinstance(each, Mapping) else {} for each in inner)
    elif document is not None:
        yield body
