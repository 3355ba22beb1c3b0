"""One size on a bench of its own: the real Argo CD, the real apps/, so many clusters; what it took, in figures."""

import http.client
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from kubernetes.client import ApiException

from leanrag.bench import argocd, gitserver
from leanrag.bench.applying import api_client, get
from leanrag.bench.model import Bench
from leanrag.core import yamlio
from leanrag.core.process import run
from leanrag.core.progress import say

from .generate import APPLICATIONS, ENVIRONMENT, generate, name, namespaces, release

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
PARTS = ("repo-server", "application-controller", "applicationset-controller", "apiserver-hub", "etcd")
KINDS = {
    "Applications": f"{ARGO}/applications",
    "ApplicationSets": f"{ARGO}/applicationsets",
    "AppProjects": f"{ARGO}/appprojects",
    "Roles and RoleBindings": f"{RBAC}/roles {RBAC}/rolebindings",
    "ConfigMaps": "/api/v1/configmaps",
}
_INFO = re.compile(r'^argocd_app_info\{.*?health_status="(\w+)".*?name="c\d{4}.*?sync_status="(\w+)"', re.MULTILINE)


@dataclass
class Figures:
    """What one size took; seconds and MiB. A step that did not end in time is missing, and `reached` says so.

    `load` is the machine's load average over 15 minutes at the end: what else it had to do.
    """

    clusters: int
    seconds: dict[str, float] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    mib: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    load: float = 0.0
    reached: str = ""

    @property
    def applications(self) -> int:
        """How many Applications Argo CD has to make and to keep."""
        return self.clusters * APPLICATIONS


class Scale:
    """A bench with `clusters` clusters."""

    def __init__(self, bench: Bench, clusters: int, root: Path, resync: int, patience: float) -> None:
        self.bench, self.root, self.resync, self.patience = bench, root, resync, patience
        self.figures = Figures(clusters)
        self.api = api_client(bench.kubeconfig)

    def measure(self) -> Figures:
        """Go from an empty cluster to all Applications, change one pin twice, and look at memory and objects."""
        with tempfile.TemporaryDirectory(prefix="leanrag-scale-") as folder:
            try:
                self._measure(Path(folder))
            except TimeoutError as late:
                self.figures.reached = str(late)
        self.figures.load = os.getloadavg()[2]
        return self.figures

    def _measure(self, folder: Path) -> None:
        server = gitserver.start(self.bench)
        with self._timed("repository"):
            self._repository(folder, server.repository)
        self.bench.apply(namespaces(self.figures.clusters))
        argocd.start(self.bench, self.resync)
        before = self._cpu()
        began = time.monotonic()
        self.bench.apply(yamlio.read(folder / "apps" / "root.yaml")["items"])
        self._wait("all Applications exist", began, lambda: self._states() == self.figures.applications)
        self._wait("all Synced and Healthy", began, lambda: self._good() == self.figures.applications)
        self.figures.cpu = {part: used - before[part] for part, used in self._cpu().items()}
        self._look()
        own = f"{name(0)}-pin"
        self._pin(folder, server.repository, "pin changed, its own refresh", lambda: self._refresh(own))
        self._pin(folder, server.repository, "pin changed, webhook", self._refresh_all)

    def _repository(self, folder: Path, remote: Path) -> None:
        """Make and push the repository: all clusters first, then their pins to that commit."""
        generate(self.root, folder, self.bench.repository_url, self.figures.clusters)
        _git(folder, "init", "--quiet", "--initial-branch=main")
        first = _commit(folder, "feat: all clusters")
        for number in range(self.figures.clusters):
            (folder / "clusters" / name(number) / "release.yaml").write_text(release(first))
        _commit(folder, "feat: all pins")
        _git(folder, "push", "--quiet", str(remote), "main")

    def _pin(self, folder: Path, remote: Path, what: str, refresh: Callable[[], None]) -> None:
        """Pin one cluster to a new commit, and wait until what it deploys has changed."""
        (folder / "overlays" / ENVIRONMENT / "rag" / "note.yaml").write_text(f"note: {what}\n")
        (folder / "clusters" / name(0) / "release.yaml").write_text(release(_commit(folder, f"feat: {what}")))
        _commit(folder, f"chore: {what}")
        _git(folder, "push", "--quiet", str(remote), "main")
        # The repo server believes for some seconds that main has not moved; a webhook would tell it.
        time.sleep(argocd._SEEN_WITHIN)
        began = time.monotonic()
        refresh()
        path = f"/api/v1/namespaces/{name(0)}-rag/configmaps/note"
        self._wait(what, began, lambda: get(self.api, path)["data"]["note"] == what, every=0.2)

    def _refresh(self, app: str) -> None:
        """Do what a webhook does for one Application."""
        body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        self.api.call_api(
            *(f"{ARGO}/applications/{app}", "PATCH"), body=body, auth_settings=["BearerToken"],
            header_params={"Content-Type": "application/merge-patch+json", "Accept": "application/json"},
            _preload_content=False, _return_http_data_only=True,
        )  # fmt: skip

    def _refresh_all(self) -> None:
        """Do what a push's webhook does: every Application that follows main is refreshed, the changed one last."""
        pins = [f"{name(number)}-pin" for number in range(self.figures.clusters)]
        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(self._refresh, reversed(pins)))

    def _states(self) -> int:
        return len(self._info())

    def _good(self) -> int:
        return sum(state == ("Healthy", "Synced") for state in self._info())

    def _info(self) -> list[tuple[str, str]]:
        """Return health and sync state of every Application of a cluster, from the controller's own metrics."""
        port = argocd.Ports(self.bench.network.instance)["metrics"]
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as to:
            to.request("GET", "/metrics")
            return _INFO.findall(to.getresponse().read().decode())

    def _wait(self, what: str, began: float, reached: Callable[[], bool], every: float = 1.0) -> None:
        told = time.monotonic()
        while not _quietly(reached):
            if time.monotonic() - began > self.patience:
                done = f"{self._good()} of {self.figures.applications} Applications were Synced and Healthy"
                raise TimeoutError(f"{what}: not within {self.patience:.0f} s; {done}")
            if time.monotonic() - told > 30:
                told = time.monotonic()
                say(f"  {what}: {self._good()}/{self._states()} of {self.figures.applications}, {told - began:.0f} s")
            time.sleep(every)
        self.figures.seconds[what] = time.monotonic() - began
        say(f"  {what}: {self.figures.seconds[what]:.1f} s")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.figures.seconds[what] = time.monotonic() - began

    def _cpu(self) -> dict[str, float]:
        """Return the seconds of CPU that each part has used so far, its children (helm, git) included."""
        used = {}
        for part in PARTS:
            times = [psutil.Process(pid).cpu_times() for pid in self.bench.processes.pids(part)]
            used[part] = sum(each.user + each.system + each.children_user + each.children_system for each in times)
        return used

    def _look(self) -> None:
        for kind, paths in KINDS.items():
            self.figures.objects[kind] = sum(self._count(path) for path in paths.split())
        for part in PARTS:
            pids = self.bench.processes.pids(part)
            self.figures.mib[part] = sum(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20

    def _count(self, path: str) -> int:
        page = get(self.api, f"{path}?limit=1")
        return len(page["items"]) + int(page["metadata"].get("remainingItemCount") or 0)


def _quietly(reached: Callable[[], bool]) -> bool:
    """Ask; what is not there yet is no."""
    try:
        return reached()
    except (ApiException, OSError, KeyError, http.client.HTTPException):
        return False


def _git(folder: Path, *words: str) -> str:
    return run(["git", "-C", folder, *words], what=f"git {words[0]}", timeout=300).stdout.strip()


def _commit(folder: Path, subject: str) -> str:
    _git(folder, "add", "--all")
    who = ("-c", "user.name=scale", "-c", "user.email=scale@example.com")
    _git(folder, *who, "commit", "--quiet", "--message", subject)
    return _git(folder, "rev-parse", "HEAD")
