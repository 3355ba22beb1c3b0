"""One run over a repository or over plain manifests: every problem at once, in every cluster.

Nothing heavy is imported here before it is known that something has to be judged: what was judged before, and follows
from the same files and the same program, is answered from the store.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from leanrag.checks.cache import Store, digest_of, from_row, row
from leanrag.checks.cache_key import listing, of_files, program, rule_set, surroundings
from leanrag.checks.finding import Finding, number_of
from leanrag.checks.registry import ALL
from leanrag.checks.whole_paths import meant, read_all
from leanrag.core.outcome import Outcome
from leanrag.core.result import JSON, Item, StepResult

if TYPE_CHECKING:
    from leanrag.catalog.repository import Repository

_SHOWN_APPS = 3


@dataclass(frozen=True, slots=True)
class CheckRun:
    """The result for the gate, the findings for people, and what was looked at."""

    step: StepResult
    findings: tuple[Finding, ...]
    counts: Mapping[str, int] = field(default_factory=dict)


def check_repository(
    repository: "Repository",
    clusters: Iterable[str] = (),
    *,
    store: Store | None = None,
    changed_since: str = "",
    workers: int = 0,
) -> CheckRun:
    """Check a repository; `clusters` limits what is rendered, and whose files count (none named: all).

    With a `store`, what was judged before is not judged again. `changed_since` names a commit: only clusters that
    differ from it are rendered. `workers` is the number of processes (0: one a processor).
    """
    return check_root(repository.root, clusters, store=store, changed_since=changed_since, workers=workers)


def check_root(
    root: Path,
    clusters: Iterable[str] = (),
    *,
    store: Store | None = None,
    changed_since: str = "",
    workers: int = 0,
) -> CheckRun:
    """Check the repository in a folder, like check_repository."""
    started = time.monotonic()
    wanted = tuple(dict.fromkeys(clusters))
    before = _seen(root) if store else ("", {})
    # What a commit's name means can change; such a run is answered cluster by cluster.
    key = digest_of("repository", str(root.resolve()), before[0], of_files(before[1]), *wanted)
    keeper = _Keeper(store if not changed_since else None, key)
    if run := keeper.answer(started):
        return run
    from leanrag.checks.whole import Whole, check_whole

    @cache
    def unchanged() -> bool:
        return _seen(root, now=True) == before

    whole = Whole(store, workers, before[1], before[0], unchanged, wanted)
    result = check_whole(root, whole, changed_since)
    return keeper.keep(merge_findings(result.findings), result.counts, started, unchanged)


def check_files(paths: Iterable[Path], *, store: Store | None = None) -> CheckRun:
    """Check plain manifest files, or those in folders, without a repository."""
    started = time.monotonic()
    contents = read_all(meant(paths).files)
    around = _around() if store else ""
    named = (part for path, content in contents.items() for part in (str(path), content))
    keeper = _Keeper(store, digest_of("files", around, *named) if store else "")
    if run := keeper.answer(started):
        return run
    from leanrag.checks.whole_files import check_contents

    findings, counts = check_contents(contents, store, around)
    return keeper.keep(merge_findings(findings), counts, started, lambda: _around(now=True) == around)


def _around(now: bool = False) -> str:
    """Return a hash of program and surroundings; `now`, or as the program was when this process began."""
    return digest_of(program() if now else rule_set(), surroundings())


def _seen(root: Path, now: bool = False) -> tuple[str, dict[str, str]]:
    return _around(now), listing(root)


@dataclass(frozen=True, slots=True)
class _Keeper:
    """Keeps one whole answer under a key of everything that it follows from."""

    store: Store | None
    key: str

    def answer(self, started: float) -> CheckRun | None:
        """Return the answer that was given before."""
        value = self.store.read(f"run-{self.key}") if self.store else None
        return concluded(tuple(map(from_row, value["findings"])), Counter(value["counts"]), started) if value else None

    def keep(
        self, findings: tuple[Finding, ...], counts: Counter[str], started: float, unchanged: Callable[[], bool]
    ) -> CheckRun:
        """Return an answer, and keep it if what it follows from did not change meanwhile."""
        if self.store and unchanged():
            self.store.write(f"run-{self.key}", {"findings": [*map(row, findings)], "counts": dict(counts)})
        return concluded(findings, counts, started)


def concluded(findings: tuple[Finding, ...], counts: Counter[str], started: float) -> CheckRun:
    """Return the run that merged findings and counts amount to; `started` is a time of time.monotonic()."""
    counts["rules"] = len(ALL)
    broken = [finding for finding in findings if not finding.unknown and not finding.allowed]
    unknown = sum(finding.unknown and not finding.holds for finding in findings)
    outcome = Outcome.FAIL if broken else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
    if not findings and not counts["objects"] and not counts["unchanged"]:
        outcome = Outcome.INCONCLUSIVE
    reason = _reason(len(broken), unknown, counts)
    holds = sum(finding.holds for finding in findings)
    facts: dict[str, JSON] = {**counts, "findings": len(broken), "unknown": unknown, "holds": holds}
    seconds = round(time.monotonic() - started, 2)
    return CheckRun(StepResult("check", outcome, reason, seconds, _items(findings), facts), findings, dict(counts))


def _reason(broken: int, unknown: int, counts: Mapping[str, int]) -> str:
    if broken or unknown:
        parts = [number_of(broken, "finding")] * bool(broken) + [f"{unknown} could not be judged"] * bool(unknown)
        return ", ".join(parts)
    if counts["objects"]:
        ending = "ies" if counts["objects"] == 1 else "y"
        return f"{number_of(counts['objects'], 'object')} satisf{ending} {counts['rules']} rules"
    return "no cluster has changed" if counts["unchanged"] else "nothing was rendered, so nothing was checked"


def _items(findings: tuple[Finding, ...]) -> tuple[Item, ...]:
    items = []
    for check in ALL:
        own = [finding for finding in findings if finding.rule == check.id]
        broken = [finding for finding in own if not finding.unknown and not finding.allowed]
        unknown = any(finding.unknown and not finding.holds for finding in own)
        outcome = Outcome.FAIL if broken else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
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
        key = (each.rule, each.file, where, message, str(each.line), str(each.unknown), each.allowed)
        groups.setdefault(key, []).append(each)
    merged = [_joined(group) for group in groups.values()]
    return tuple(sorted(merged, key=lambda each: (each.rule, each.file, each.line, each.where, each.message)))


def _joined(group: list[Finding]) -> Finding:
    names = list(dict.fromkeys(each.app for each in group if each.app))
    more = f" and {len(names) - _SHOWN_APPS} more" if len(names) > _SHOWN_APPS else ""
    return replace(group[0], app=", ".join(names[:_SHOWN_APPS]) + more)
