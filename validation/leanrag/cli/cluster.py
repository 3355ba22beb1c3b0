"""The verb `leanrag cluster add`: a new cluster with its files, and what to do next."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from leanrag.catalog.new_cluster import Wanted, folder_of, needs, new_files, next_steps
from leanrag.catalog.repository import Repository
from leanrag.cli.options import root_option
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import write_atomic
from leanrag.render.helm import render


@click.group("cluster")
def cluster_group() -> None:
    """Clusters of this repository."""


def _options(verb: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(
        (
            click.option("--environment", required=True, help="Overlay folder that it reads."),
            click.option("--platform", required=True, type=click.Choice(["openshift", "kubernetes"])),
            click.option("--registry", required=True, help="Where our images are pulled from."),
            click.option("--domain", required=True, help="DNS domain of its routes."),
            click.option("--openshift-ai", default="", help="Version of OpenShift AI, such as 3.4."),
            click.option("--storage-class", default="", help="Default: the cluster's own default."),
            click.option("--namespace-prefix", "prefix", default="lr", show_default=True),
            click.option("--follows", default="", help="Cluster whose PASS moves its pin; without it main is tracked."),
            click.option("--approval", default="auto", show_default=True, type=click.Choice(["auto", "manual"])),
            click.option("--server", default="", help="API server as Argo CD knows it; default: Argo CD's own."),
            click.option("--mode", default="full", show_default=True, type=click.Choice(["full", "smoke", "observe"])),
            click.option("--protected/--unprotected", default=None, help="Default: protected if it follows another."),
        )
    ):
        verb = option(verb)
    return verb


@cluster_group.command("add")
@click.argument("name")
@root_option
@_options
def add_verb(name: str, root: Path, protected: bool | None, **given: str) -> int:
    """Write clusters/NAME/cluster.yaml and release.yaml, and say what must exist before its first sync."""
    repository = Repository(root)
    guarded = bool(given["follows"]) if protected is None else protected
    wanted = Wanted(name=name, protected=guarded, **given)
    folder = folder_of(repository, name)
    _write(folder, new_files(repository, wanted))
    for file in ("cluster.yaml", "release.yaml"):
        click.echo(f"wrote clusters/{name}/{file}")
    click.echo("next:")
    for number, step in enumerate(_steps(repository, wanted), 1):
        click.echo(f"  {number}. {step}")
    return 0


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write the folder whole or not at all, without replacing one."""
    scratch = Path(tempfile.mkdtemp(prefix=".leanrag-", dir=folder.parents[1]))
    try:
        for name, text in files.items():
            write_atomic(scratch / name, text)
        scratch.chmod(0o755)
        scratch.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}", hint="nothing was written") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _steps(repository: Repository, wanted: Wanted) -> tuple[str, ...]:
    cluster = repository.cluster(wanted.name)
    rendered: dict[str, list[Mapping[str, Any]]] = {}
    problems = []
    for app in repository.apps(cluster):
        try:
            rendered[app.chart] = [*rendered.get(app.chart, ()), *(each.body for each in render(repository, app))]
        except LeanragError as error:
            problems.append(f"repair what cannot be rendered: {error.message}")
    namespaces = () if "policies" in rendered else {app.namespace for app in repository.apps(cluster)}
    needed = needs(body for bodies in rendered.values() for body in bodies)
    return (*problems, *next_steps(wanted, namespaces, needed))
