"""Verbs about verdicts: gate run, report, promote verify."""

from pathlib import Path

import click

from leanrag.cli.measure import path_type
from leanrag.cli.repository import root_option
from leanrag.core.errors import InputError
from leanrag.gate.commands import gate_run
from leanrag.gate.verdict import Verdict
from leanrag.local import stack
from leanrag.local.environments import environment
from leanrag.local.state import load_secrets, state_dir
from leanrag.report.commands import show, write_report


@click.group("gate")
def gate_group() -> None:
    """Put a cluster through the gate."""


@gate_group.command("run")
@root_option
@click.option("--cluster", default="local", show_default=True, help="The cluster whose charts say what to measure.")
@click.option("--scope", type=click.Choice(["local"]), default="local", show_default=True, help="Where it runs.")
@click.option("--mode", type=click.Choice(["full", "smoke", "observe"]), help="Default: what the cluster says.")
@click.option(
    "--out", default=Path("out/gate"), show_default=True, type=path_type, help="Folder for verdict and report."
)
@click.option("--deadline", default=3600.0, show_default=True, help="Seconds for the whole gate.")
def gate_run_verb(root: Path, cluster: str, scope: str, mode: str | None, out: Path, deadline: float) -> int:
    """Gate the running local stack: check, smoke, load, judge, verdict."""
    verdict = run_and_report(root, cluster, out, scope=scope, mode=mode, deadline=deadline)
    return verdict.outcome.exit_code


def run_and_report(
    root: Path,
    cluster: str,
    out: Path,
    *,
    scope: str = "local",
    mode: str | None = None,
    deadline: float = 3600.0,
    reproduce: tuple[str, ...] = (),
) -> Verdict:
    """Gate the running local stack, write verdict.json, report.html and junit.xml, print the verdict."""
    found, _ = stack.status()
    if found is None or not found.ready:
        raise InputError("no local stack is running", hint="start it: leanrag local up")
    wanted = stack.Wanted(found.engine, found.api, found.fault)
    tokens = {f"{name}/{key}": value for (name, key), value in load_secrets(state_dir()).items()}
    done = gate_run(
        root,
        cluster,
        out,
        guidellm=environment("guidellm") / "bin" / "guidellm",
        scope=scope,
        mode=mode,
        addresses=found.addresses,
        tokens=tokens,
        overrides=wanted.overrides(),
        deadline=deadline,
        reproduce=reproduce,
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
def report_verb(verdict: Path, html_out: Path | None, junit_out: Path | None, fmt: str) -> int:
    """Show a VERDICT, or write it as a page."""
    outcome = write_report(verdict, html_out=html_out, junit_out=junit_out)
    click.echo(show(verdict, fmt, html_out))
    return outcome.exit_code
