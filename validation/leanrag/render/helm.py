"""Render charts as Argo CD does: `helm template` with the value files in their order, cached by content."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.core.errors import InputError, RenderError
from leanrag.core.result import JSON
from leanrag.render.chart import KUBE_VERSION, chart_files, library, stage
from leanrag.render.desk import Desk, Rendered
from leanrag.render.manifest import Manifest, documents

__all__ = (
    "KUBE_VERSION",
    "Job",
    "Outcome",
    "chart_files",
    "documents",
    "library",
    "render",
    "render_cluster",
    "render_many",
    "rendered_text",
    "stage",
)

Job = tuple[App, Mapping[str, JSON] | None]  # an Application and values over all others
Outcome = tuple[Manifest, ...] | RenderError | InputError
_AHEAD = 32  # jobs that are begun before the first one's end is waited for


def render_cluster(
    repository: Repository, cluster: Cluster, overrides: Mapping[str, Mapping[str, JSON]] | None = None
) -> tuple[Manifest, ...]:
    """Render every Application of a cluster; `overrides` are extra values by Application name."""
    jobs = [(app, (overrides or {}).get(app.name)) for app in repository.apps(cluster)]
    return tuple(manifest for outcome in render_many(repository, jobs) for manifest in _or_raise(outcome))


def render(repository: Repository, app: App, overrides: Mapping[str, JSON] | None = None) -> tuple[Manifest, ...]:
    """Render one Application; a chart that cannot be rendered is a RenderError with helm's reason."""
    (outcome,) = render_many(repository, [(app, overrides)])
    return _or_raise(outcome)


def render_many(repository: Repository, jobs: Iterable[Job], desk: Desk | None = None) -> Iterator[Outcome]:
    """Render Applications, several at a time, and yield in their order what became of each: its objects, or why not.

    What was rendered before from the same inputs comes from the cache. Jobs are read only some way ahead. Who calls
    often in one run brings the desk of that repository and process, which has hashed its charts.
    """
    desk = desk or Desk(repository)
    ahead: deque[Callable[[], Outcome]] = deque()
    for app, overrides in jobs:
        ahead.append(_begun(desk, repository, app, overrides))
        if len(ahead) > _AHEAD:
            yield ahead.popleft()()
    while ahead:
        yield ahead.popleft()()


def rendered_text(repository: Repository, app: App, overrides: Mapping[str, JSON] | None = None) -> str:
    """Return what `helm template` prints for one Application, from the cache when nothing changed."""
    return str(Desk(repository).begin(app, overrides, "text")()["text"])


def _begun(desk: Desk, repository: Repository, app: App, overrides: Mapping[str, JSON] | None) -> Callable[[], Outcome]:
    folder = app.chart_path.relative_to(repository.root).parent
    try:
        return partial(_ended, app, str(folder), desk.begin(app, overrides, "documents"))
    except InputError as error:
        return partial(_same, error)


def _same(error: InputError) -> Outcome:
    return error


def _ended(app: App, folder: str, rendering: Callable[[], Rendered]) -> Outcome:
    try:
        return tuple(_manifest(app, f"{folder}/{each['template']}", each["body"]) for each in rendering()["documents"])
    except (RenderError, InputError) as error:
        return error


def _manifest(app: App, template: str, body: Any) -> Manifest:
    if not isinstance(body, dict):
        raise RenderError(f"{template}: renders {type(body).__name__}, not an object", hint="correct the template")
    return Manifest(app, template, body)


def _or_raise(outcome: Outcome) -> tuple[Manifest, ...]:
    if isinstance(outcome, tuple):
        return outcome
    raise outcome
