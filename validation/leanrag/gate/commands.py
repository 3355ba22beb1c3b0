"""What the verb `leanrag gate run` does, without printing the verdict or exiting."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from leanrag.gate.revision import Revision, revision
from leanrag.gate.run import run_gate, verdict_path
from leanrag.gate.steps import announce, steps
from leanrag.gate.verdict import Verdict
from leanrag.render.helm import render_cluster

DEADLINE = 3600.0


@dataclass(frozen=True, slots=True)
class GateRun:
    """A finished run: the verdict and where it was written."""

    verdict: Verdict
    path: Path


def gate_run(
    root: Path,
    cluster: str,
    out: Path,
    *,
    guidellm: Path,
    scope: str = "local",
    mode: str | None = None,
    addresses: Mapping[str, str] | None = None,
    tokens: Mapping[str, str] | None = None,
    answering: bool = False,
    overrides: Mapping[str, Mapping[str, JSON]] | None = None,
    deadline: float = DEADLINE,
    reproduce: Sequence[str] = (),
) -> GateRun:
    """Put what a cluster's charts declare through the gate, and write `out`/verdict.json.

    `addresses` maps published service URLs to real ones, `tokens` maps `secretName/secretKey` to values, `overrides`
    are the extra values by Application that the running stack was rendered with; `mode` defaults to the cluster's,
    `deadline` is in seconds. Raises InputError for what makes a run pointless: an unknown cluster, an `slo:` block
    that no traffic could prove, a service without an address. Everything later is in the verdict.
    """
    repository = Repository(root)
    chosen = repository.cluster(cluster)
    targets = discover(render_cluster(repository, chosen, overrides), addresses, tokens, answering=answering)
    for line in announce(targets):
        say(line)
    plan = Plan(
        id=_identity(chosen, revision(repository.root, chosen)),
        root=repository.root,
        cluster=chosen,
        scope=scope,
        mode=_mode(chosen, mode),
        targets=targets,
        out=out,
        deadline=deadline,
        revision_now=lambda: revision(repository.root, chosen),
        ask=probe,
        tools=_tools(),
        reproduce=tuple(reproduce),
    )
    return GateRun(run_gate(plan, steps(repository, guidellm)), verdict_path(out))


def _mode(cluster: Cluster, asked: str | None) -> str:
    wanted = asked or cluster.facts.gate.mode
    if wanted not in REQUIRED:
        raise InputError(f"no gate mode {wanted!r}", hint="modes are: " + ", ".join(REQUIRED))
    return wanted


def _identity(cluster: Cluster, git: Revision) -> str:
    moment = stamp(utc_now()).replace("-", "").replace(":", "")
    return f"{cluster.name}-{(git.sha or 'nogit')[:12]}-{moment}"


def _tools() -> Mapping[str, str]:
    return {"leanrag": metadata.version("leanrag"), "python": platform.python_version()}
