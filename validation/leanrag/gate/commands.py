"""What the verb `leanrag gate run` does, without printing the verdict or exiting."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import Repository
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import InputError
from leanrag.core.progress import say
from leanrag.core.result import JSON
from leanrag.gate.decide import REQUIRED
from leanrag.gate.discover import discover
from leanrag.gate.plan import Plan
from leanrag.gate.probe import probe
from leanrag.gate.revision import revision
from leanrag.gate.run import run_gate, verdict_path
from leanrag.gate.steps import announce, steps
from leanrag.gate.verdict import Verdict
from leanrag.render.helm import render_cluster

DEADLINE = 3600.0
TRIGGERS = ("postsync", "nightly", "manual")


@dataclass(frozen=True, slots=True)
class GateRun:
    """A finished run: the verdict and where it was written."""

    verdict: Verdict
    path: Path


@dataclass(frozen=True, slots=True)
class LocalRun:
    """A run on one machine, of the checkout at `root`.

    `addresses` maps published service URLs to real ones, `tokens` maps `secretName/secretKey` to values, `overrides`
    are the extra values by Application that the running stack was rendered with; `mode` defaults to the cluster's,
    `deadline` is in seconds.
    """

    root: Path
    cluster: str
    out: Path
    guidellm: Path
    mode: str | None = None
    addresses: Mapping[str, str] | None = None
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    answering: bool = False
    overrides: Mapping[str, Mapping[str, JSON]] | None = None
    deadline: float = DEADLINE
    reproduce: tuple[str, ...] = ()


def gate_run(run: LocalRun) -> GateRun:
    """Put what a cluster's charts declare through the gate, and write `out`/verdict.json.

    Raises InputError for what makes a run pointless: an unknown cluster, an `slo:` block that no traffic could prove, a
    service without an address. Everything later is in the verdict.
    """
    repository = Repository(run.root)
    chosen = repository.cluster(run.cluster)
    manifests = render_cluster(repository, chosen, run.overrides)
    targets = discover(manifests, run.addresses, run.tokens, answering=run.answering)
    for line in announce(targets):
        say(line)
    plan = Plan(
        id=identity(chosen, revision(repository.root, chosen).sha),
        root=repository.root,
        cluster=chosen,
        scope="local",
        mode=mode_of(chosen, run.mode),
        targets=targets,
        out=run.out,
        deadline=run.deadline,
        revision_now=lambda: revision(repository.root, chosen),
        ask=probe,
        tools=tools(),
        reproduce=run.reproduce,
    )
    return GateRun(run_gate(plan, steps(repository, run.guidellm)), verdict_path(run.out))


def mode_of(cluster: Cluster, asked: str | None) -> str:
    """Return the gate mode that was asked for, else the cluster's; an unknown one is an InputError."""
    wanted = asked or cluster.facts.gate.mode
    if wanted not in REQUIRED:
        raise InputError(f"no gate mode {wanted!r}", hint="modes are: " + ", ".join(REQUIRED))
    return wanted


def identity(cluster: Cluster, sha: str | None) -> str:
    """Return the name of a run: cluster, commit, moment."""
    moment = stamp(utc_now()).replace("-", "").replace(":", "")
    return f"{cluster.name}-{(sha or 'nogit')[:12]}-{moment}"


def tools() -> Mapping[str, str]:
    """Return the versions of what measures."""
    return {"leanrag": metadata.version("leanrag"), "python": platform.python_version()}
