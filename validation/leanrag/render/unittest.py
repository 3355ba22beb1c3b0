"""Run every chart's helm-unittest suites and render its ci/ cases: `python -m leanrag.render.unittest [CHART…]`.

Charts are copied with the library chart beside them, as `helm dependency build` would arrange it, so that the checkout
stays clean and several runs may go on at once.
"""

import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.process import Completed, run
from leanrag.render.helm import render_many, stage
from leanrag.render.tools import tool


@dataclass(frozen=True, slots=True)
class ChartResult:
    """What one chart's suites and cases gave; `problems` is empty when all is well."""

    chart: Path
    summary: str
    problems: tuple[str, ...]


def charts(root: Path) -> tuple[Path, ...]:
    """Return every application chart of a checkout (the library chart renders nothing by itself)."""
    files = [*root.glob("charts/*/*/Chart.yaml"), *root.glob("apps/*/Chart.yaml")]
    return tuple(sorted(path.parent for path in files))


def test_chart(chart: Path, root: Path) -> ChartResult:
    """Run one chart's suites and cases."""
    with tempfile.TemporaryDirectory(prefix="leanrag-") as folder:
        staged = stage(chart, root / "charts" / "common", Path(folder) / chart.name)
        suites = _suites(staged)
    files = sorted(chart.resolve().glob("ci/*-values.yaml"))
    cases = (*_untitled(files), *_refused(chart.resolve(), root, files))
    last = [line for line in suites.stdout.splitlines() if line.startswith("Tests:")]
    failed = (suites.stdout + suites.stderr,) if suites.returncode else ()
    return ChartResult(chart, f"{last[0] if last else 'Tests: none'}; ci cases: {len(files)}", failed + cases)


def _suites(staged: Path) -> Completed:
    argv: list[str | Path] = [tool("helm-unittest"), "--strict", "--with-subchart=false", staged]
    return run(argv, what=f"helm-unittest {staged.name}", timeout=300, check=False)


def _untitled(cases: Iterable[Path]) -> Iterator[str]:
    for case in cases:
        if not case.read_text().startswith("# Test "):
            yield f"{case.name}: does not open with '# Test <sentence>'"


def _refused(chart: Path, root: Path, cases: Iterable[Path]) -> Iterator[str]:
    apps = [App(case.name, "", chart.parent.name, chart.name, "ci", "default", chart, case, (case,)) for case in cases]
    for outcome in render_many(Repository(root), ((app, None) for app in apps)):
        if not isinstance(outcome, tuple):
            yield outcome.message


def main(arguments: Iterable[str]) -> int:
    """Test the charts named, or all of them; exit 1 when one fails."""
    root = Path.cwd()
    chosen = tuple(Path(name) for name in arguments) or charts(root)
    if missing := [str(chart) for chart in chosen if not (chart / "Chart.yaml").is_file()]:
        raise InputError(f"{', '.join(missing)}: no chart", hint="name charts/rag/rag-stack, or none for all")
    tool("helm-unittest")
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda chart: test_chart(chart, root), chosen))
    for result in results:
        print(f"{'FAIL' if result.problems else 'ok  '} {result.chart}  {result.summary}")
        for problem in result.problems:
            print(problem)
    return 1 if any(result.problems for result in results) else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LeanragError as error:
        sys.exit(f"error: {error.message}\nhint: {error.hint}")
