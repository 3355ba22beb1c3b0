"""Verbs about verdicts: gate run and its companions, report."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from leanrag.cli.history import history_option, show_history
from leanrag.cli.keys import keygen_verb
from leanrag.cli.options import path_type, root_option
from leanrag.cli.rerun import gate_rerun_verb, gate_verdicts_verb
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.progress import say
from leanrag.gate.commands import TRIGGERS, LocalRun, gate_run
from leanrag.gate.verdict import Verdict
from leanrag.local import stack
from leanrag.local.environments import environment
from leanrag.local.state import load_secrets, state_dir
from leanrag.report.commands import REPORTERS, show, write_report

NO_ANSWER = 2
_IN_CLUSTER = (
    click.option("--revision", help="Commit under test, 40 hexadecimal digits."),
    click.option("--repository", help="Address of the Git repository."),
    click.option("--repository-credentials", "credentials", type=path_type, help="Folder: username, password."),
    click.option("--applications", default="", help="Namespace of Argo CD's Applications."),
    click.option("--namespace", default="", help="Where verdict and lease go; default: the account's own."),
    click.option(
        "--trigger", type=click.Choice(TRIGGERS), default="manual", show_default=True, help="What started it."
    ),
    click.option("--converge-deadline", default=1800.0, show_default=True, help="Seconds to converge."),
    click.option("--tokens", type=path_type, help="Folder with the mounted Secrets, one folder each."),
    click.option("--signing-key", type=path_type, help="Ed25519 private key, PEM; without it nobody promotes."),
    click.option("--kubeconfig", type=path_type, help="Outside a pod: how to reach the cluster."),
    click.option("--hub-kubeconfig", type=path_type, help="How to read the Applications of a hub."),
    click.option("--guidellm", type=path_type, help="The program; default: the one on PATH."),
    click.option("--gpu-metrics", default="", help="Address of DCGM's exporters: all behind that name are asked."),
    click.option("--injected-env", "injected", multiple=True, help="Prefix of env that a webhook adds to pods."),
)


@click.group("gate")
def gate_group() -> None:
    """Put a cluster through the gate."""


for _verb in (gate_rerun_verb, gate_verdicts_verb, keygen_verb):
    gate_group.add_command(_verb)


def _in_cluster(verb: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_IN_CLUSTER):
        verb = option(verb)
    return verb


@gate_group.command("run")
@root_option
@click.option("--cluster", default="local", show_default=True, help="The cluster whose charts say what to measure.")
@click.option("--scope", type=click.Choice(["local", "cluster"]), default="local", show_default=True)
@click.option("--mode", type=click.Choice(["full", "smoke", "observe"]), help="Default: what the cluster says.")
@click.option(
    "--out", default=Path("out/gate"), show_default=True, type=path_type, help="Folder for verdict and report."
)
@click.option("--deadline", default=3600.0, show_default=True, help="Seconds for the whole gate.")
@_in_cluster
def gate_run_verb(
    root: Path, cluster: str, scope: str, mode: str | None, out: Path, deadline: float, **options: Any
) -> int:
    """Gate the running local stack, or with --scope=cluster what a cluster runs.

    Steps: converge (cluster only), check, smoke, load, judge, verdict. In mode observe in a cluster the exit code is
    always 0, so that the gate blocks nothing; its verdict says what it found.
    """
    if scope == "cluster":
        return _gate_cluster(cluster, mode, out, deadline, options)
    verdict = run_and_report(root, cluster, out, mode=mode, deadline=deadline)
    return verdict.outcome.exit_code


def _gate_cluster(cluster: str, mode: str | None, out: Path, deadline: float, options: dict[str, Any]) -> int:
    # Imported here: the Kubernetes client takes a second to load, and only a run in a cluster needs it.
    from leanrag.gate.clusterrun import ClusterRun, gate_cluster

    missing = [f"--{name}" for name in ("revision", "repository") if not options[name]]
    if missing:
        raise InputError(f"--scope=cluster needs {' and '.join(missing)}", hint="name the commit and where it is")
    options["guidellm"] = options["guidellm"] or Path(shutil.which("guidellm") or "guidellm")
    run = ClusterRun(cluster, out=out, mode=mode, deadline=deadline, **options)
    try:
        done = gate_cluster(run, page=lambda verdict: REPORTERS["html"](verdict.document()))
    except LeanragError as error:
        if mode != "observe":
            raise
        say(f"error: {error.message}; mode observe blocks nothing, so the exit code is 0")
        return 0
    click.echo(REPORTERS["text"](done.verdict.document()))
    click.echo(done.sentence)
    if done.verdict.mode == "observe":
        return 0
    return NO_ANSWER if done.problem else done.verdict.outcome.exit_code


def run_and_report(
    root: Path,
    cluster: str,
    out: Path,
    *,
    mode: str | None = None,
    deadline: float = 3600.0,
    reproduce: tuple[str, ...] = (),
) -> Verdict:
    """Gate the running local stack, write verdict.json, report.html and junit.xml, print the verdict."""
    found, _ = stack.status()
    if found is None or not found.ready:
        raise InputError("no local stack is running", hint="start it: leanrag local up")
    wanted = stack.Wanted(found.engine, found.api, found.fault)
    done = gate_run(
        LocalRun(
            root,
            cluster,
            out,
            guidellm=environment("guidellm") / "bin" / "guidellm",
            mode=mode,
            addresses=found.addresses,
            tokens={f"{name}/{key}": value for (name, key), value in load_secrets(state_dir()).items()},
            overrides=wanted.overrides(),
            deadline=deadline,
            reproduce=reproduce,
        )
    )
    page = out / "report.html"
    write_report(done.path, html_out=page, junit_out=out / "junit.xml")
    click.echo(show(done.path, report=page))
    return done.verdict


@click.command("report")
@click.argument("verdict", type=path_type)
@click.option("--html", "html_out", type=path_type, help="Write one self-contained page.")
@click.option("--junit", "junit_out", type=path_type, help="Write JUnit XML.")
@click.option("--format", "fmt", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@history_option
def report_verb(verdict: Path, html_out: Path | None, junit_out: Path | None, fmt: str, history: bool) -> int:
    """Show a VERDICT, or write it as a page; with --history a folder of them by model and commit."""
    if history:
        return show_history(verdict, fmt, html_out)
    outcome = write_report(verdict, html_out=html_out, junit_out=junit_out)
    click.echo(show(verdict, fmt, html_out))
    return outcome.exit_code
