"""What there is to render of a cluster: its Applications, and the charts of apps/ that make them."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leanrag.catalog.model import App, Cluster
from leanrag.catalog.repository import Repository
from leanrag.core import yamlio
from leanrag.core.result import JSON
from leanrag.core.shapes import items, mapping
from leanrag.render.helm import Outcome, chart_files, library, render_many
from leanrag.render.manifest import Manifest

HUB = "hub"
ARGOCD = "argocd"
_ROOT = Path("apps/root.yaml")
_IN_CLUSTER = "https://kubernetes.default.svc"
NOTHING: Mapping[str, JSON] = {}


@dataclass(frozen=True, slots=True)
class Job:
    """One Application to render with extra values; `objects` where a plain file is applied and no chart rendered."""

    app: App
    overrides: Mapping[str, JSON] = field(default_factory=dict)
    objects: tuple[Manifest, ...] | None = None


def cluster_jobs(repository: Repository, cluster: Cluster, unpinned: Mapping[str, JSON] = NOTHING) -> tuple[Job, ...]:
    """Return what Argo CD makes of a cluster, the charts of apps/ first; `unpinned` are keys for its release.yaml."""
    return (*_own(repository, cluster, unpinned), *(Job(app) for app in repository.apps(cluster)))


def _own(repository: Repository, cluster: Cluster, unpinned: Mapping[str, JSON]) -> Iterator[Job]:
    folder = repository.root / "clusters" / cluster.name
    if not folder.is_dir():
        return  # the local cluster has no Argo CD
    path = folder / "release.yaml"
    written = mapping(mapping(yamlio.read(path)).get("release")) if path.is_file() else {}
    release: dict[str, Any] = {**unpinned, **written}
    address: dict[str, JSON] = {"repoURL": _address(repository.root)}
    hub = repository.root / "apps" / "pin.yaml"
    yield from _chart(repository, cluster, "pin", (hub,), {**address, "release": release})
    # The pin itself is told by `pin`; here every ApplicationSet would repeat it.
    server = str(release.get("server") or _IN_CLUSTER)
    yield from _chart(
        repository, cluster, "cluster", (cluster.path,), {**address, "release": {"revision": "main", "server": server}}
    )


def _chart(
    repository: Repository, cluster: Cluster, chart: str, files: tuple[Path, ...], overrides: Mapping[str, JSON]
) -> Iterator[Job]:
    path = repository.root / "apps" / chart
    if (path / "Chart.yaml").is_file():
        name = f"{cluster.name}-{chart}" if chart == "pin" else cluster.name
        found = tuple(each for each in files if each.is_file())
        overlay = path / "values.yaml"
        app = App(name, cluster.name, "apps", chart, cluster.name, ARGOCD, path, overlay, found)
        yield Job(app, overrides)


def hub_jobs(repository: Repository) -> tuple[Job, ...]:
    """Return what apps/root.yaml brings to Argo CD's own cluster: its objects, and the charts that it applies."""
    path = repository.root / _ROOT
    if not path.is_file():
        return ()
    app = App("root", HUB, "apps", "root", "root", ARGOCD, path.parent, path, ())
    listed = mapping(yamlio.read(path))
    bodies = [body for body in items(listed.get("items")) or [listed] if isinstance(body, Mapping)]
    objects = tuple(Manifest(app, str(_ROOT), body) for body in bodies)
    charts = (_application(repository, each.body) for each in objects if each.kind == "Application")
    return (Job(app, objects=objects), *(job for job in charts if job))


def _application(repository: Repository, body: Mapping[str, Any]) -> Job | None:
    spec = mapping(body.get("spec"))
    source = mapping(spec.get("source"))
    chart = repository.root / str(source.get("path") or "")
    if not (chart / "Chart.yaml").is_file():
        return None
    helm = mapping(source.get("helm"))
    files = tuple(repository.root / str(each).lstrip("/") for each in items(helm.get("valueFiles")))
    given = {str(each.get("name")): str(each.get("value")) for each in items(helm.get("parameters"))}
    name = str(mapping(body.get("metadata")).get("name"))
    place = str(mapping(spec.get("destination")).get("namespace") or ARGOCD)
    overlay = files[-1] if files else chart / "values.yaml"
    release = str(helm.get("releaseName") or name)
    return Job(App(name, HUB, chart.parent.name, chart.name, release, place, chart, overlay, files, given))


def _address(root: Path) -> str:
    """Return the address that apps/root.yaml names; a repository without one is rendered with a placeholder."""
    path = root / _ROOT
    found = _addresses(yamlio.read(path)) if path.is_file() else iter(())
    return next(found, "https://example.org/repository.git")


def _addresses(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        own = value.get("repoURL")
        yield from [own] if isinstance(own, str) else []
        for each in value.values():
            yield from _addresses(each)
    elif isinstance(value, list):
        for each in value:
            yield from _addresses(each)


def render_jobs(repository: Repository, jobs: Iterable[Job]) -> tuple[Outcome, ...]:
    """Render jobs and return in their order what became of each: its objects, or why there are none."""
    given = tuple(jobs)
    answers = render_many(repository, [(job.app, job.overrides) for job in given if job.objects is None])
    return tuple(next(answers) if job.objects is None else job.objects for job in given)


class Inputs:
    """Hashes of all that jobs of one side render from: equal hashes render equal objects. A file is read once."""

    def __init__(self, repository: Repository) -> None:
        self.root = repository.root
        self._library = library(repository)
        self._folders: dict[Path, bytes] = {}
        self._files: dict[Path, bytes] = {}

    def of(self, job: Job) -> str:
        """Return the hash of a job."""
        app = job.app
        facts = (app.release, app.namespace, dict(app.namespaces), dict(app.parameters), job.overrides)
        bodies = [dict(each.body) for each in job.objects or ()]
        digest = hashlib.blake2b(json.dumps([facts, bodies], sort_keys=True, default=str).encode(), digest_size=20)
        for folder in (app.chart_path, self._library) if job.objects is None else ():
            digest.update(self._folder(folder))
        for path in app.value_files:
            digest.update(self._file(path))
        return digest.hexdigest()

    def _folder(self, folder: Path) -> bytes:
        if folder not in self._folders:
            parts = b"".join(self._file(path) for path in chart_files(folder))
            self._folders[folder] = hashlib.blake2b(parts, digest_size=20).digest()
        return self._folders[folder]

    def _file(self, path: Path) -> bytes:
        if path not in self._files:
            # A file that is not there makes the render fail, which says it better.
            content = path.read_bytes() if path.is_file() else b""
            named = str(path.relative_to(self.root)).encode() + b"\0" + content
            self._files[path] = hashlib.blake2b(named, digest_size=20).digest()
        return self._files[path]
