"""Verbs about attempts: gate rerun, gate verdicts."""

import os
from collections.abc import Callable
from pathlib import Path

import click

from leanrag.catalog.commits import Commits
from leanrag.catalog.content import content_hash
from leanrag.catalog.model import Cluster
from leanrag.catalog.repository import Repository
from leanrag.cli.options import path_type, root_option
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import LeanragError
from leanrag.core.git import Git
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.evidence.effective import age
from leanrag.evidence.keys import public_keys
from leanrag.evidence.store import SENTENCE, Record, read
from leanrag.gate.attempts import Attempt, attempts, read_folder
from leanrag.report.text import table
from leanrag.report.words import clean

HEAD = ("commit", "attempt", "outcome", "trigger", "mode", "ended", "carried from", "signed by", "counts")
kubeconfig_option = click.option("--kubeconfig", type=path_type, help="The cluster's.  [default: $KUBECONFIG]")


@click.command("rerun")
@click.argument("cluster")
@root_option
@kubeconfig_option
@click.option("--wait", "waiting", is_flag=True, help="Wait for the verdict and exit as it says.")
@click.option("--timeout", default=4200.0, show_default=True, help="Seconds to wait.")
def gate_rerun_verb(cluster: str, root: Path, kubeconfig: Path | None, waiting: bool, timeout: float) -> int:
    """Measure CLUSTER again now, whatever earlier attempts said; the newest answer counts."""
    from leanrag.gate.access import by_kubeconfig  # the Kubernetes client takes a second to load
    from leanrag.gate.board import ClusterBoard
    from leanrag.gate.rerun import Rerunner

    chosen = Repository(root).cluster(cluster)
    access, namespace = by_kubeconfig(_kubeconfig(kubeconfig)), chosen.namespaces["gate"]
    board, runner = ClusterBoard(access, namespace), Rerunner(access, namespace)
    before = {body["metadata"]["name"] for body in board.verdicts()}
    name = runner.start(stamp(utc_now()))
    click.echo(f"{namespace}/{name}")
    if not waiting:
        return 0
    ended = runner.wait(name, timeout)
    new = [body for body in board.verdicts() if body["metadata"]["name"] not in before]
    records = [read(body, chosen.facts.gate.publicKeys) for body in new]
    manual = [(b, r) for b, r in zip(new, records, strict=True) if r.claims is None or r.claims.trigger == "manual"]
    if not manual:
        click.echo(f"{ended}, and it left no verdict: kubectl -n {namespace} logs job/{name}")
        return Outcome.NOT_RUN.exit_code
    body, record = manual[-1]
    click.echo(clean((body["metadata"].get("annotations") or {}).get(SENTENCE, record.name)))
    if record.claims is None:
        click.echo(f"{record.name}: {clean(record.problem)}, so it is no evidence")
        return Outcome.NOT_RUN.exit_code
    return Outcome(record.claims.outcome).exit_code


@click.command("verdicts")
@click.argument("cluster")
@root_option
@kubeconfig_option
@click.option("--from-dir", "folder", type=path_type, help="Read ConfigMaps from files instead, JSON or YAML.")
def gate_verdicts_verb(cluster: str, root: Path, kubeconfig: Path | None, folder: Path | None) -> int:
    """List CLUSTER's verdicts, judged as promotion judges them, and which attempt counts for each commit."""
    chosen = Repository(root).cluster(cluster)
    records = _records(chosen, kubeconfig, folder)
    max_age = age(chosen.facts.gate.carryOver.maxAge)
    rows = attempts(records, cluster, _content(root, cluster), now=utc_now(), max_age=max_age)
    if not rows:
        click.echo(f"{cluster}: no verdict")
        return Outcome.NOT_RUN.exit_code
    click.echo("\n".join(table(HEAD, [_cells(row) for row in rows])))
    return 0


def _records(chosen: Cluster, kubeconfig: Path | None, folder: Path | None) -> list[Record]:
    keys = public_keys(chosen.facts.gate.publicKeys)
    for problem in keys.problems:
        say(f"warning: {chosen.path}: {problem}")
    if folder:
        return [read(body, keys) for body in read_folder(folder)]
    from leanrag.gate.access import by_kubeconfig
    from leanrag.gate.board import ClusterBoard

    board = ClusterBoard(by_kubeconfig(_kubeconfig(kubeconfig)), chosen.namespaces["gate"])
    return [read(body, keys) for body in board.verdicts()]


def _content(root: Path, cluster: str) -> Callable[[str], str | None]:
    """Return what gives a commit's content hash from this checkout; a commit that it lacks has none."""
    commits = Commits(Git(root))

    def content(sha: str) -> str | None:
        try:
            return content_hash(commits.at(sha), cluster)
        except LeanragError:
            return None

    return content


def _cells(row: Attempt) -> tuple[str, ...]:
    return (
        row.commit,
        str(row.attempt),
        row.outcome,
        row.trigger,
        row.mode,
        row.ended,
        row.carried or "–",
        row.signed,
        clean(row.counts),
    )


def _kubeconfig(given: Path | None) -> Path:
    return given or Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
