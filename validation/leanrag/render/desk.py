"""Where renders are asked for: in the cache, else of the renderer, else of the helm command line."""

import json
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal

from leanrag.catalog.model import App
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, RenderError
from leanrag.core.process import last_lines, run
from leanrag.core.result import JSON
from leanrag.render import cache as kept
from leanrag.render.batch import Batch, Lost
from leanrag.render.chart import KUBE_VERSION, chart_files, depends, library, stage
from leanrag.render.manifest import documents
from leanrag.render.tools import ready, tool

_FORM = "2"  # of what is kept

Want = Literal["documents", "text"]
# {"documents": [{"template", "body"}]} with templates as helm names them, or {"text"}.
Rendered = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """One render: `extra` are values in JSON, stronger than all value files; `content` is a hash of the charts.

    `folder` is where its chart lies in the repository.
    """

    app: App
    extra: str
    want: Want
    content: str
    folder: str


class Desk:
    """Takes orders for one repository. It hashes a chart once, so it should live for one run only."""

    def __init__(self, repository: Repository) -> None:
        self._root, self._library = repository.root, library(repository)
        self._contents: dict[Path, str] = {}
        program = ready("render")
        self._batch = _batch(program) if program else None
        self._renderer = _stamp(program or tool("helm"))
        self._pool = ThreadPoolExecutor(max_workers=2)  # its threads start with the first job

    def begin(self, app: App, overrides: Mapping[str, JSON] | None, want: Want) -> Callable[[], Rendered]:
        """Begin to render an Application; what is returned waits for the end. No chart is an InputError.

        A chart that cannot be rendered is a RenderError with helm's words.
        """
        order = self._order(app, overrides, want)
        name = self._key(order)
        found = kept.load(name)
        if found is not None:
            return lambda: dict(found)
        if self._batch is None:
            return partial(self._printed, name, order, self._pool.submit(self._helm, order))
        job = self._job(order)
        return partial(self._answered, name, order, job, self._batch, self._batch.ask(job))

    @cached_property
    def _shared(self) -> str:
        return kept.digest_all(chart_files(self._library), self._root)

    def _order(self, app: App, overrides: Mapping[str, JSON] | None, want: Want) -> Order:
        if not (app.chart_path / "Chart.yaml").is_file():
            shown = app.chart_path.relative_to(self._root)
            raise InputError(f"{app.name}: no chart at {shown}", hint=f"create the chart, or remove {app.overlay}")
        if app.chart_path not in self._contents:
            own = kept.digest_all(chart_files(app.chart_path), self._root)
            self._contents[app.chart_path] = kept.key(own, self._shared)
        handed = {"global": {"namespaces": dict(app.namespaces)}} if app.namespaces else {}
        extra = json.dumps({**handed, **(overrides or {})}, sort_keys=True)
        folder = str(app.chart_path.relative_to(self._root).parent)
        return Order(app, extra, want, self._contents[app.chart_path], folder)

    def _key(self, order: Order) -> str:
        app, values = order.app, kept.digest_all(order.app.value_files, self._root)
        given = (app.release, app.namespace, order.extra, json.dumps(dict(app.parameters), sort_keys=True))
        return kept.key(_FORM, self._renderer, KUBE_VERSION, order.want, order.content, values, *given)

    def _job(self, order: Order) -> dict[str, Any]:
        app = order.app
        return {
            "chart": str(app.chart_path.absolute()),
            "library": str(self._library.absolute()) if depends(app.chart_path, self._library) else "",
            "content": order.content,
            "release": app.release,
            "namespace": app.namespace,
            "kubeVersion": KUBE_VERSION,
            "values": [*({"file": str(path.absolute())} for path in app.value_files), {"text": order.extra}],
            "setString": _sets(app),
            "want": order.want,
        }

    def _answered(
        self, name: str, order: Order, job: Mapping[str, Any], batch: Batch, asked: "Future[bytes]"
    ) -> Rendered:
        try:
            line = batch.answer(job, asked)
        except Lost:
            return self._printed(name, order, self._pool.submit(self._helm, order))
        found: Rendered = json.loads(line)
        if "defect" in found:
            return self._printed(name, order, self._pool.submit(self._helm, order))
        if "error" in found:
            raise RenderError(f"{order.app.name}: {last_lines('Error: ' + found['error'])}", hint=_hint(order.app))
        if any("text" in each for each in found.get("documents", ())):
            found = {"documents": [each for one in found["documents"] for each in _read(one, order.folder)]}
            line = json.dumps(found).encode()
        kept.keep(name, line)
        return found

    def _printed(self, name: str, order: Order, printed: "Future[str]") -> Rendered:
        text = printed.result()
        found: Rendered = {"text": text}
        if order.want == "documents":
            found = {"documents": _parsed(text, order.folder)}
        kept.keep(name, json.dumps(found).encode())
        return found

    def _helm(self, order: Order) -> str:
        app = order.app
        with tempfile.TemporaryDirectory(prefix="leanrag-") as folder:
            chart = stage(app.chart_path, self._library, Path(folder) / app.chart)
            argv: list[str | Path] = [tool("helm"), "template", app.release, chart]
            argv += ["--namespace", app.namespace, "--kube-version", KUBE_VERSION]
            (Path(folder) / "extra.json").write_text(order.extra)
            for path in (*app.value_files, Path(folder) / "extra.json"):
                argv += ["--values", path]
            for each in _sets(app):
                argv += ["--set-string", each]
            return run(argv, what=app.name, error=RenderError, timeout=120, hint=_hint(app)).stdout


@cache
def _batch(program: Path) -> Batch:
    """Return the one process that we ask, whoever asks."""
    return Batch(program)


def _stamp(program: Path) -> str:
    """Return what tells one build of a program from another."""
    found = program.stat()
    return f"{program.parent.name}/{program.name} {found.st_size} {found.st_mtime_ns}"


def _sets(app: App) -> list[str]:
    return [f"{name}={value}" for name, value in app.parameters.items()]


def _hint(app: App) -> str:
    return f"look at {app.overlay} and the chart's README"


def _parsed(text: str, folder: str) -> list[Rendered]:
    return [
        {"template": template.removeprefix(f"{folder}/"), "body": body}
        for template, body in documents(text, Path(folder))
    ]


def _read(one: Rendered, folder: str) -> list[Rendered]:
    """Return a document; one that the renderer left as text is read here."""
    return _parsed(f"# Source: {one['template']}\n{one['text']}\n", folder) if "text" in one else [one]
