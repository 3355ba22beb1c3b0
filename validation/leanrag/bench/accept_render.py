"""Every case of every chart on every platform and release: what it renders, or why the chart refuses it."""

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App
from leanrag.checks.trees.releases import RELEASES, UPSTREAM
from leanrag.checks.worlds import World
from leanrag.core import yamlio
from leanrag.core.files import cache_dir, read_text, write_atomic
from leanrag.core.process import run
from leanrag.render.helm import KUBE_VERSION, chart_files, documents, stage
from leanrag.render.manifest import Manifest
from leanrag.render.tools import tool

# OpenShift AI needs OpenShift; on Kubernetes its release stands for that of KServe, or for nothing.
WORLDS = (
    *(World(release, "openshift") for release in RELEASES),
    *(World(release, "kubernetes") for release in (*RELEASES, UPSTREAM)),
)
_FORM = 3  # of what is kept in the cache
# What a chart says with `fail`, or its values.schema.json through Helm; anything else that fails is a defect.
_REFUSED = re.compile(r"execution error at \(\S+\): |values don't meet the specifications of the schema")
_LINE = re.compile(r"^\s*- ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendering:
    """A case of a chart in a world: its objects with their templates, or why the chart refuses it, or what broke."""

    chart: str
    case: str
    world: World
    namespace: str
    objects: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    refusals: tuple[str, ...] = ()
    broken: str = ""


def lint_charts(charts: Iterable[Path], root: Path) -> tuple[str, ...]:
    """Return what `helm lint --strict` finds in charts with the values of each one's first case."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return tuple(each for each in pool.map(lambda chart: _lint(chart, root), charts) if each)


def _lint(chart: Path, root: Path) -> str:
    cases = sorted(chart.glob("ci/*-values.yaml"))
    cached = cache_dir() / "render" / f"lint-{_content(chart, root, *cases[:1]).hex()}.json"
    if not cached.is_file():
        with _Staged(chart, root / "charts" / "common") as staged:
            argv = (tool("helm"), "lint", "--strict", "--quiet", "--kube-version", KUBE_VERSION, staged.path)
            values = [word for case in cases[:1] for word in ("--values", case)]
            done = run((*argv, *values), what=f"helm lint {chart.name}", timeout=120, check=False)
        said = " ".join((done.stdout + done.stderr).split())
        write_atomic(cached, json.dumps(f"{shown_name(chart, root)}: helm lint: {said}" if done.returncode else ""))
    return str(json.loads(read_text(cached)))


def _content(chart: Path, root: Path, *more: Path) -> bytes:
    """Return a hash of all that a render of a chart reads."""
    content = hashlib.blake2b(digest_size=16)
    for path in (*chart_files(chart), *chart_files(root / "charts" / "common"), *more):
        content.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return content.digest()


def render_charts(charts: Iterable[Path], root: Path) -> tuple[Rendering, ...]:
    """Render all cases of charts, two at a time, from the cache where nothing changed."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        return tuple(each for found in pool.map(lambda chart: _chart(chart, root), charts) for each in found)


def shown_name(chart: Path, root: Path) -> str:
    """Return how a chart is called in the table: its layer and its name."""
    return str(chart.resolve().relative_to(root.resolve())).removeprefix("charts/")


def _chart(chart: Path, root: Path) -> tuple[Rendering, ...]:
    content = _content(chart, root)
    with _Staged(chart, root / "charts" / "common") as staged:
        return tuple(
            _one(shown_name(chart, root), staged, case, world, content)
            for case in sorted(chart.glob("ci/*-values.yaml"))
            for world in WORLDS
        )


class _Staged:
    """A chart with its library beside it in a folder of its own, copied when the first render asks for it."""

    def __init__(self, chart: Path, common: Path) -> None:
        self._chart, self._common = chart, common
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "_Staged":
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder:
            self._folder.cleanup()

    @property
    def path(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="leanrag-accept-")
            stage(self._chart, self._common, Path(self._folder.name) / self._chart.name)
        return Path(self._folder.name) / self._chart.name


def _one(chart: str, staged: _Staged, case: Path, world: World, content: bytes) -> Rendering:
    layer, _, name = chart.partition("/")
    # The charts of apps/ are released under the cluster's name, which their cases call ci.
    release, namespace = ("ci", "argocd") if layer == "apps" else (name, f"lr-{layer}")
    sets = _sets(case, world)
    digest = hashlib.blake2b(content, digest_size=20)
    digest.update(json.dumps([_FORM, release, namespace, KUBE_VERSION, sets]).encode() + case.read_bytes())
    cached = cache_dir() / "render" / f"case-{digest.hexdigest()}.json"
    if not cached.is_file():
        argv: list[str | Path] = [tool("helm"), "template", release, staged.path, "--namespace", namespace]
        argv += ["--kube-version", KUBE_VERSION, "--values", case, *sets]
        done = run(argv, what=f"{chart} {case.name}", timeout=120, check=False)
        write_atomic(cached, json.dumps(_judged(chart, done.returncode, done.stdout, done.stderr)))
    found: Mapping[str, Any] = json.loads(read_text(cached))
    case_name = case.name.removesuffix("-values.yaml")
    objects = tuple((template, body) for template, body in found["objects"])
    return Rendering(chart, case_name, world, namespace, objects, tuple(found["refusals"]), found["broken"])


def _sets(case: Path, world: World) -> list[str]:
    """Return the arguments that bring a case into a world; one without a cluster is the same everywhere."""
    if not _names_cluster(case):
        return []
    release = f"cluster.openshiftAI={world.release}" if world.release else "cluster.openshiftAI=null"
    return ["--set-string", f"cluster.platform={world.platform}", "--set-string" if world.release else "--set", release]


@cache
def _names_cluster(case: Path) -> bool:
    values = yamlio.read(case)
    return isinstance(values, Mapping) and "cluster" in values


def _judged(chart: str, code: int, stdout: str, stderr: str) -> dict[str, Any]:
    none: dict[str, Any] = {"objects": [], "refusals": [], "broken": ""}
    if not code:
        rendered = documents(stdout, Path("charts", chart).parent)
        return {**none, "objects": [each for each in rendered if isinstance(each[1], Mapping)]}
    found = _REFUSED.search(stderr)
    if not found:
        return {**none, "broken": " ".join(stderr.split())}
    told = _LINE.split(stderr[found.end() :])
    sentences = [" ".join(each.split()) for each in (told[1:] or told)]
    return {**none, "refusals": [each.partition(" Use --debug")[0] for each in sentences]}


def manifests(rendering: Rendering, root: Path) -> tuple[Manifest, ...]:
    """Return the objects of one rendering as `leanrag check` knows them."""
    folder = root / "charts" / rendering.chart
    layer, _, chart = rendering.chart.partition("/")
    app = App(f"{rendering.chart} {rendering.case}", "", layer, chart, chart, rendering.namespace, folder, folder, ())
    return tuple(Manifest(app, template, body) for template, body in rendering.objects)
