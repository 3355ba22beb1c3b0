"""Anybody's Helm charts: rendered with their default values and with each ci/*-values.yaml, judged by the plain rules.

What a chart needs from elsewhere (dependencies, values that it requires) and does not have is said, and never a pass.
"""

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from leanrag.catalog.model import App
from leanrag.checks.cel_rules import counted
from leanrag.checks.exemptions import apply
from leanrag.checks.finding import Finding, at
from leanrag.checks.registry import OBJECTS, SAME_PASS
from leanrag.checks.schemas import Schemas, schemas
from leanrag.checks.scope import Scope, usable
from leanrag.checks.source import read_source
from leanrag.checks.tracing import pointed
from leanrag.core.errors import InputError, RenderError
from leanrag.core.process import run
from leanrag.render.chart import KUBE_VERSION
from leanrag.render.manifest import Manifest, documents
from leanrag.render.tools import tool

# One chart is no cluster: what it calls, scrapes and refers to may come from another.
_TOGETHER = {"OBJ005", "SVC001"}
_CHECKS = tuple(check for check in OBJECTS if check.plain and (check.alone or check.id in _TOGETHER))
_JUDGED = frozenset(check.id for check in (*_CHECKS, *SAME_PASS))
_MISSING = re.compile(r"missing in charts/ directory: (.+)")
_NOISE = re.compile(r"^.*?Error: |Use --debug flag to render out invalid YAML", re.DOTALL)
_PLACE = re.compile(r"\(([^()\s]+?/templates/[^()\s:]+):(\d+)")


@dataclass(frozen=True, slots=True)
class Case:
    """One render of a chart: with a values file of its folder ci/, or with its defaults alone."""

    chart: Path
    values: Path | None = None

    @property
    def name(self) -> str:
        """The chart's folder, and the case when there is one: ci/<case>-values.yaml."""
        return (
            f"{self.chart.name} ({self.values.name.removesuffix('-values.yaml')})" if self.values else self.chart.name
        )


def check_charts(charts: tuple[Path, ...]) -> tuple[list[Finding], Counter[str]]:
    """Judge charts; each case is a world of its own, in which Services and pods have to agree."""
    known = schemas()
    cases = [case for chart in charts for case in _cases(chart)]
    findings: list[Finding] = []
    counts: Counter[str] = Counter(charts=len(charts))
    with ThreadPoolExecutor(max_workers=2) as pool:  # helm is a process of its own
        for case, rendered in zip(cases, pool.map(_rendered, cases), strict=True):
            if isinstance(rendered, Finding):
                # A chart that requires values has them in its cases.
                findings += [rendered] if case.values or not _has_cases(case.chart) else []
            else:
                findings += _judged(case, rendered, known, counts)
    return findings, counts


def _cases(chart: Path) -> Iterator[Case]:
    if at(read_source(chart / "Chart.yaml").data, ("type",)) == "library":
        return  # it prints nothing by itself
    yield Case(chart)
    yield from (Case(chart, values) for values in sorted(chart.glob("ci/*-values.yaml")))


def _has_cases(chart: Path) -> bool:
    return any(chart.glob("ci/*-values.yaml"))


def _rendered(case: Case) -> tuple[Manifest, ...] | Finding:
    app = App(case.name, "", "files", case.chart.name, "release", "default", case.chart, case.chart / "values.yaml", ())
    try:
        with tempfile.TemporaryDirectory(prefix="leanrag-") as folder:
            printed = _helm_template(_complete(case.chart, Path(folder)), case)
        found = [(_template(case.chart, source), body) for source, body in documents(printed, Path())]
    except (RenderError, InputError) as error:
        return _unrendered(case, error.message)
    return usable(Manifest(app, template, body) for template, body in found if isinstance(body, dict))


def _complete(chart: Path, folder: Path) -> Path:
    """Return the chart, or a copy with the dependencies that lie beside it (repository: file://…)."""
    written = at(read_source(chart / "Chart.yaml").data, ("dependencies",))
    named = [each for each in written if isinstance(each, dict)] if isinstance(written, list) else []
    beside = {
        str(each.get("name")): chart / str(each["repository"]).removeprefix("file://")
        for each in named
        if str(each.get("repository")).startswith("file://") and not (chart / "charts" / str(each.get("name"))).exists()
    }
    if not any(map(is_chart, beside.values())):
        return chart
    shutil.copytree(chart, folder / chart.name)
    for name, path in beside.items():
        if is_chart(path):
            shutil.copytree(path, folder / chart.name / "charts" / name)
    return folder / chart.name


def _helm_template(chart: Path, case: Case) -> str:
    argv: list[str | Path] = [tool("helm"), "template", "release", chart, "--namespace", "default"]
    # Every cluster has it, and helm, which asks none here, does not know: charts would print what was removed in 1.22.
    argv += ["--kube-version", KUBE_VERSION, "--api-versions", "apiregistration.k8s.io/v1"]
    argv += ["--include-crds", "--skip-tests"]
    argv += ["--values", case.values] if case.values else []
    return run(argv, what=case.name, error=RenderError, timeout=120).stdout


def _template(chart: Path, source: str) -> str:
    """Return the file of a template; helm names the chart in Chart.yaml, which need not be the folder."""
    return str(chart / Path(*Path(source).parts[1:]))


def _unrendered(case: Case, problem: str) -> Finding:
    """Return why a case cannot be judged: it is its chart's author who knows whether that is a fault."""
    missing = _MISSING.search(problem)
    if missing:
        message, fix = f"needs charts that are not in charts/: {missing[1]}", f"run: helm dependency build {case.chart}"
        return Finding("RND001", case.name, str(case.chart / "Chart.yaml"), "dependencies", message, fix, unknown=True)
    file, line = str(case.values or case.chart / "values.yaml"), 0
    if place := _PLACE.search(problem):
        file, line = _template(case.chart, place[1]), int(place[2])
    message = f"cannot be rendered: {' '.join(_NOISE.sub('', problem).split()).rstrip('| ')}"
    fix = "correct it" if case.values else "write what it requires into ci/<case>-values.yaml, or correct it"
    return Finding("RND001", case.name, file, "", message, fix, line, unknown=case.values is None)


def _judged(case: Case, manifests: tuple[Manifest, ...], known: Schemas, counts: Counter[str]) -> Iterator[Finding]:
    scope = Scope(manifests, known)
    counts.update(objects=len(manifests), **counted(scope))
    found = apply((each for check in _CHECKS for each in check.find(scope)), manifests, _JUDGED)
    sources = [(path, read_source(path)) for path in (case.values, case.chart / "values.yaml") if path]
    for each in found:
        if each.rule == "SEC001" and each.where.startswith("Secret/"):
            continue  # a chart may make its own: what it prints here is in no Git
        yield replace(pointed(each, sources, Path(), manifests), app=case.name)


def is_chart(folder: Path) -> bool:
    """Say whether a folder holds a Helm chart."""
    return (folder / "Chart.yaml").is_file()
