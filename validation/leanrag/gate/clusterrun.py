"""`leanrag gate run --scope=cluster`: what the Job in a cluster does, put together."""

import os
import platform
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from leanrag.catalog.export import export
from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import Repository
from leanrag.core.errors import LeanragError, StoppedError
from leanrag.core.progress import say
from leanrag.evidence.keys import read_key
from leanrag.gate.access import Access, by_kubeconfig, in_cluster
from leanrag.gate.board import ClusterBoard
from leanrag.gate.commands import DEADLINE, identity, mode_of, tools
from leanrag.gate.converge import Expected
from leanrag.gate.discover import Targets, discover
from leanrag.gate.incluster import InCluster
from leanrag.gate.lease import Lease, lease_name
from leanrag.gate.lease import identity as holder_name
from leanrag.gate.live import Eyes, config_map
from leanrag.gate.observed import ConfigMap
from leanrag.gate.plan import Plan, Step
from leanrag.gate.probe import probe
from leanrag.gate.publish import Page, Published
from leanrag.gate.revision import Revision
from leanrag.gate.run import run_gate
from leanrag.gate.source import Source, clone, tokens
from leanrag.gate.steps import announce, steps
from leanrag.gate.workloads import workloads
from leanrag.render.helm import render_cluster
from leanrag.render.manifest import Manifest

CONVERGE_SECONDS = 1800.0
GATE_LAYER = "gate"
_PART_OF = ("app.kubernetes.io/part-of", "lean-rag")


@dataclass(frozen=True, slots=True)
class ClusterRun:
    """A run in a cluster, of the commit `revision` of the repository at an address.

    `applications` is Argo CD's namespace (empty: that of the hub's kubeconfig). `tokens` is the folder with the mounted
    Secrets, `credentials` one with `username` and `password` for Git, `signing_key` a PEM file. Without `kubeconfig`
    the pod's own account is used, without `hub_kubeconfig` Argo CD is expected in the same cluster. `namespace` is
    where verdict and lease go, by default the account's. `gpu_metrics` is the address of the GPU exporters, "" for
    none. Times are seconds.
    """

    cluster: str
    revision: str
    repository: str
    out: Path
    guidellm: Path
    trigger: str = "manual"
    mode: str | None = None
    applications: str = ""
    namespace: str = ""
    tokens: Path | None = None
    credentials: Path | None = None
    signing_key: Path | None = None
    kubeconfig: Path | None = None
    hub_kubeconfig: Path | None = None
    converge_deadline: float = CONVERGE_SECONDS
    deadline: float = DEADLINE
    injected: tuple[str, ...] = ()
    gpu_metrics: str = ""


@dataclass(frozen=True, slots=True)
class _Declared:
    """What Git declares at the commit; `problem` when it could not be rendered whole."""

    repository: Repository
    cluster: Cluster
    manifests: tuple[Manifest, ...] = ()
    targets: Targets = field(default_factory=Targets)
    problem: str = ""


def gate_cluster(run: ClusterRun, page: Page | None = None) -> Published:
    """Put the cluster at a commit through the gate and publish the verdict; `page` makes its report.

    Raises InputError, ToolError or UnreachableError when there can be no verdict: no such commit, Git or the API server
    away from the start, an option that cannot be used. Charts that cannot be rendered are in the verdict.
    """
    here = by_kubeconfig(run.kubeconfig) if run.kubeconfig else in_cluster()
    hub = by_kubeconfig(run.hub_kubeconfig, "argocd") if run.hub_kubeconfig else here
    with tempfile.TemporaryDirectory(prefix="leanrag-gate-") as scratch:
        source = clone(run.repository, run.revision, run.cluster, Path(scratch) / "git", run.credentials)
        declared = _declared(run, export(source.git, source.sha, Path(scratch) / "tree"))
        around = _surroundings(run, declared, source, here, hub, page)
        converge = Step("converge", around.converge)
        run_gate(_plan(run, declared, source, around), (converge, *steps(declared.repository, run.guidellm)))
    assert around.published  # run_gate publishes whatever happens
    return around.published


def _declared(run: ClusterRun, root: Path) -> _Declared:
    repository = Repository(root)
    cluster = repository.cluster(run.cluster)
    found = tokens(run.tokens)
    try:
        manifests = render_cluster(repository, cluster)
        targets = discover(manifests, None, found)
        targets = discover(manifests, None, found, answering=_answering(targets))
        for line in announce(targets):
            say(line)
        return _Declared(repository, cluster, manifests, targets)
    except StoppedError:
        raise
    except LeanragError as error:
        return _Declared(repository, cluster, problem=error.message)


def _answering(targets: Targets) -> bool:
    """Say whether the RAG API's chat model can read, cite and refuse; the simulator cannot."""
    if targets.rag is None:
        return False
    name = targets.rag.chat_model.partition("/")[2] or targets.rag.chat_model
    return any(model.name == name and model.contract.engine != "sim" for model in targets.models)


def _surroundings(
    run: ClusterRun, declared: _Declared, source: Source, here: Access, hub: Access, page: Page | None
) -> InCluster:
    namespace = run.namespace or here.namespace
    urls = {model.address for model in declared.targets.models}
    urls |= {declared.targets.rag.url} if declared.targets.rag else set()
    me = holder_name(os.environ.get("POD_NAME") or platform.node())
    return InCluster(
        cluster=declared.cluster,
        mode=mode_of(declared.cluster, run.mode),
        trigger=run.trigger,
        expected=_expected(run, declared),
        source=source,
        eyes=Eyes(hub, run.applications or hub.namespace, here),
        lease=Lease(here.client, namespace, lease_name(urls), me),
        board=ClusterBoard(here, namespace),
        deadline=run.converge_deadline,
        gpu_metrics=run.gpu_metrics,
        key=read_key(run.signing_key) if run.signing_key else None,
        page=page,
    )


def _expected(run: ClusterRun, declared: _Declared) -> Expected:
    repository, cluster = declared.repository, declared.cluster
    apps = [app for app in repository.apps(cluster) if app.layer != GATE_LAYER]
    others = tuple(each for each in declared.manifests if each.app.layer != GATE_LAYER)
    return Expected(
        cluster=cluster.name,
        sha=run.revision,
        accepted=frozenset({run.revision}),
        apps={app.name: app.chart_path.relative_to(repository.root).as_posix() for app in apps},
        workloads=workloads(others),
        config_maps={app.name: tuple(_config_maps(others, app.name)) for app in apps},
        hooked=run.trigger == "postsync",
        injected=run.injected,
    )


def _config_maps(manifests: Iterable[Manifest], app: str) -> Iterable[ConfigMap]:
    for manifest in manifests:
        if manifest.app.name == app and manifest.kind == "ConfigMap":
            found = config_map({**manifest.body, "metadata": {"namespace": manifest.namespace, **_metadata(manifest)}})
            if _PART_OF in found.labels.items():
                yield found


def _metadata(manifest: Manifest) -> dict[str, object]:
    return dict(manifest.body.get("metadata") or {})


def _plan(run: ClusterRun, declared: _Declared, source: Source, around: InCluster) -> Plan:
    return Plan(
        id=identity(declared.cluster, run.revision),
        root=declared.repository.root,
        cluster=declared.cluster,
        scope="cluster",
        mode=around.mode,
        targets=declared.targets,
        out=run.out,
        deadline=run.deadline,
        # The commit was given and cannot change; whether it is still wanted is what the last look asks.
        revision_now=lambda: Revision(source.sha, False, source.content(source.sha)),
        ask=probe,
        around=around,
        problem=declared.problem,
        tools=tools(),
    )
