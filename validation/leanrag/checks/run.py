"""One run over a repository or over plain manifests: every problem at once, in every cluster."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.checks.files import Files, read_files
from leanrag.checks.finding import Finding
from leanrag.checks.registry import ALL, FILES, OBJECTS
from leanrag.checks.rendering import Rendered, render_all, root_manifests
from leanrag.checks.schemas import Schemas, schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.source import read_manifests
from leanrag.checks.staging import stage
from leanrag.checks.tracing import in_files, traced
from leanrag.checks.worlds import of_cluster
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, Item, StepResult
from leanrag.render.manifest import Manifest

_SHOWN_APPS = 3


@dataclass(frozen=True, slots=True)
class CheckRun:
    """The result for the gate, the findings for people, and what was looked at."""

    step: StepResult
    findings: tuple[Finding, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


def check_repository(repository: Repository, clusters: Iterable[str] = ()) -> CheckRun:
    """Check a repository; `clusters` limits what is rendered, and whose files count (none named: all)."""
    started = time.monotonic()
    wanted = tuple(clusters)
    for name in wanted:
        if name not in repository.cluster_names():
            repository.cluster(name)  # raises with the near match
    files = read_files(repository.root)
    findings = [
        each for check in FILES for each in check.find(files) if not wanted or files.concerns(each.file, wanted)
    ]
    known = schemas()
    counts: Counter[str] = Counter(rules=len(ALL))
    with tempfile.TemporaryDirectory(prefix="leanrag-check-") as scratch:
        staged = Repository(stage(files, Path(scratch).resolve()))
        for name in wanted or repository.cluster_names():
            findings += _cluster(staged, files, name, known, counts, {finding.file for finding in findings})
    return _run(findings, counts, started)


def _cluster(
    staged: Repository, files: Files, name: str, known: Schemas, counts: Counter[str], told: set[str]
) -> list[Finding]:
    try:
        cluster = staged.cluster(name)
    except InputError as error:
        path = next((str(path) for path in files.clusters if path.parent.name == name), f"clusters/{name}")
        # Nothing of this cluster can be rendered; CLU001 or FIL001 has said why, or it is said here.
        return [] if path in told else [Finding("CLU001", "", path, "", error.message, error.hint)]
    rendered = render_all(staged, files, cluster)
    scope = Scope(
        manifests=usable((*root_manifests(staged.root), *(each for one in rendered for each in one.manifests))),
        schemas=known.of(of_cluster(cluster.facts)),
        cluster=cluster,
        apps=tuple(each.app for each in rendered),
        missing=frozenset(each.app.name for each in rendered if each.broken),
        namespaces=staged.namespaces(cluster),
        root=staged.root,
    )
    counts.update(clusters=1, apps=len(rendered), objects=len(scope.manifests))
    counts.update(celRules=sum(_cel_rules(scope)))
    found = [finding for each in rendered for finding in each.findings]
    return found + _object_findings(scope, files, rendered)


def _object_findings(scope: Scope, files: Files, rendered: tuple[Rendered, ...]) -> list[Finding]:
    apps = {each.app.name: each.app for each in rendered}
    judged = (finding for check in OBJECTS for finding in check.find(scope))
    return [traced(finding, files, apps.get(finding.app), scope.root, scope.manifests) for finding in judged]


def _cel_rules(scope: Scope) -> list[int]:
    kinds = {(str(manifest.body.get("apiVersion")), manifest.kind) for manifest in scope.manifests}
    return [scope.schemas.cel_rules(*kind) for kind in kinds]


def check_files(paths: Iterable[Path]) -> CheckRun:
    """Check plain manifest files or folders of them, without a repository."""
    started = time.monotonic()
    counts: Counter[str] = Counter(rules=len(ALL))
    findings: list[Finding] = []
    manifests: list[Manifest] = []
    for path in _expanded(paths):
        documents, problem = read_manifests(path)
        counts["files"] += 1
        if problem:
            text = problem.removeprefix(f"{path}:").strip()
            findings.append(Finding("FIL001", "", str(path), "", f"cannot be read: {text}", "correct the YAML there"))
        app = App("", "", "files", path.stem, path.stem, "default", path.parent, path, ())
        manifests += [Manifest(app, str(path), body) for body in _objects(documents)]
    scope = Scope(usable(manifests), schemas())
    counts["objects"] = len(manifests)
    counts["celRules"] = sum(_cel_rules(scope))
    findings += [finding for check in OBJECTS if check.plain for finding in check.find(scope)]
    return _run(in_files(findings), counts, started)


def _objects(documents: tuple[object, ...]) -> list[Mapping[str, object]]:
    """Return the objects of a file, those inside a List too; anything else is judged as an object without kind."""
    found: list[Mapping[str, object]] = []
    for document in documents:
        body = document if isinstance(document, Mapping) else {}
        inner = body.get("items") if body.get("kind") == "List" else None
        found += [each for each in inner if isinstance(each, Mapping)] if isinstance(inner, list) else [body]
    return found


def _expanded(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(each for suffix in ("*.yaml", "*.yml", "*.json") for each in path.rglob(suffix))
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"{path}: no such file or folder", hint="name manifest files, or folders of them")
    if not found:
        raise InputError("no .yaml, .yml or .json file among the paths given", hint="name files with manifests")
    return found


def _run(findings: Iterable[Finding], counts: Counter[str], started: float) -> CheckRun:
    merged = merge_findings(findings)
    seconds = round(time.monotonic() - started, 2)
    broken = [finding for finding in merged if not finding.unknown]
    unknown = len(merged) - len(broken)
    outcome = Outcome.FAIL if broken else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
    if not merged and not counts["objects"]:
        outcome = Outcome.INCONCLUSIVE
    reason = _reason(len(broken), unknown, counts)
    facts: dict[str, JSON] = {**counts, "findings": len(broken), "unknown": unknown}
    return CheckRun(StepResult("check", outcome, reason, seconds, _items(merged), facts), merged, dict(counts))


def _reason(broken: int, unknown: int, counts: Counter[str]) -> str:
    if broken or unknown:
        parts = [f"{broken} findings"] * bool(broken) + [f"{unknown} objects that could not be judged"] * bool(unknown)
        return " and ".join(parts)
    if not counts["objects"]:
        return "nothing was rendered, so nothing was checked"
    return f"{counts['objects']} objects satisfy {counts['rules']} rules"


def _items(findings: tuple[Finding, ...]) -> tuple[Item, ...]:
    items = []
    for check in ALL:
        own = [finding for finding in findings if finding.rule == check.id]
        broken = [finding for finding in own if not finding.unknown]
        outcome = Outcome.FAIL if broken else Outcome.INCONCLUSIVE if own else Outcome.PASS
        reason = f"{len(own)}: {own[0]}" if own else "none found"
        items.append(Item(check.id, outcome, reason, check.sentence))
    return tuple(items)


def merge_findings(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort findings, and say once what several Applications have in common."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for each in findings:
        # A value that is reported where it is written need not be reported again where it is rendered.
        where = "" if each.rule == "SEC001" and each.line else each.where
        message = "" if each.rule == "SEC001" and each.line else each.message
        groups.setdefault((each.rule, each.file, where, message, str(each.line)), []).append(each)
    merged = [_joined(group) for group in groups.values()]
    return tuple(sorted(merged, key=lambda each: (each.rule, each.file, each.line, each.where, each.message)))


def _joined(group: list[Finding]) -> Finding:
    names = list(dict.fromkeys(each.app for each in group if each.app))
    more = f" and {len(names) - _SHOWN_APPS} more" if len(names) > _SHOWN_APPS else ""
    return replace(group[0], app=", ".join(names[:_SHOWN_APPS]) + more)
