"""A check of paths that a user names: plain manifests, Helm charts, whatever another program prints."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from leanrag.checks.cache import Store
from leanrag.checks.finding import Finding
from leanrag.checks.run import CheckRun, check_files, concluded, merge_findings
from leanrag.checks.whole_paths import meant
from leanrag.core.outcome import Outcome


def check_paths(paths: Iterable[Path], store: Store | None = None, *, skip: bool = False) -> CheckRun:
    """Check files, folders and charts; `-` is stdin. What is there and cannot be read is an unknown finding.

    With `skip`, named files that hold no manifest are passed over, and nothing else to judge is a PASS.
    """
    started = time.monotonic()
    found = meant(paths, skip=skip)
    run = check_files(found.files, store=store) if found.files else None
    if run and not (found.charts or found.kustomize or found.skipped):
        return run
    findings = [*(run.findings if run else ()), *map(_kustomize, found.kustomize)]
    counts = Counter(run.counts if run else ())
    counts["skipped"] = len(found.skipped)
    if found.charts:
        from leanrag.checks.foreign import check_charts

        more, seen = check_charts(found.charts)
        findings += more
        counts.update(seen)
    ended = concluded(merge_findings(findings), counts, started)
    nothing = skip and not (ended.findings or counts["objects"])
    passed = replace(ended.step, outcome=Outcome.PASS, reason="no manifest is among these files")
    return replace(ended, step=passed) if nothing else ended


def _kustomize(file: Path) -> Finding:
    message = "kustomize is not read: files beside it are parts and patches, and no objects yet"
    fix = f"render it first: kubectl kustomize {file.parent} | leanrag check -"
    return Finding("FIL001", "", str(file), "", message, fix, unknown=True)
