"""Verbs of operation: status, resync, prune."""

import getpass
from pathlib import Path

import click

from leanrag.cli.options import format_option, root_option
from leanrag.core.clock import utc_now
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.operate import commands
from leanrag.operate.hub import ARGOCD_NAMESPACE, Hub
from leanrag.operate.look import spokes

file_type = click.Path(path_type=Path, exists=True, dir_okay=False)
hub_option = click.option("--kubeconfig", type=file_type, help="Kubeconfig of the cluster that Argo CD runs in.")
namespace_option = click.option(
    "--argocd-namespace", default=ARGOCD_NAMESPACE, show_default=True, help="Where Argo CD keeps its Applications."
)
main_option = click.option("--main", "ref", help="What counts as main.  [default: origin/main, else main]")
spoke_option = click.option(
    "--spoke", "pairs", multiple=True, metavar="CLUSTER=FILE", help="Kubeconfig of a cluster that is not the hub's own."
)


@click.command("status")
@root_option
@hub_option
@namespace_option
@spoke_option
@main_option
@click.option("--fetch", is_flag=True, help="Bring the remote's branches first.")
@click.option("--cluster", help="Only this cluster.")
@format_option
def status_verb(
    root: Path,
    kubeconfig: Path | None,
    argocd_namespace: str,
    pairs: tuple[str, ...],
    ref: str | None,
    fetch: bool,
    cluster: str | None,
    fmt: str,
) -> int:
    """Say where every cluster is, and why it is not at main.

    Exit 0: all are where main is, and good. 1: one is not. 2: that could not be found out about one.
    """
    if pairs and not kubeconfig:
        raise InputError("--spoke without --kubeconfig: the hub has to be asked as well", hint="name the hub's")
    git = Git(root)
    if fetch:
        git.fetch()
    hub = Hub(kubeconfig, argocd_namespace) if kubeconfig else None
    code, text = commands.show_status(git, ref, hub, spokes(pairs), cluster, fmt, utc_now())
    click.echo(text)
    return code


@click.command("resync")
@click.argument("cluster")
@click.option("--app", "app", help="Only this Application, also when its last sync did not fail.")
@click.option("--terminate", is_flag=True, help="End operations that still run first.")
@hub_option
@namespace_option
def resync_verb(cluster: str, app: str | None, terminate: bool, kubeconfig: Path | None, argocd_namespace: str) -> int:
    """Start failed syncs of CLUSTER again; Argo CD itself tries a failed revision no more.

    Exit 0: something was started, or nothing had failed. 1: something was left alone that is not well.
    """
    hub = Hub(_required(kubeconfig), argocd_namespace)
    code, text = commands.start_again(hub, cluster, app, terminate, getpass.getuser())
    click.echo(text)
    return code


@click.command("prune")
@click.argument("cluster")
@root_option
@hub_option
@namespace_option
@spoke_option
@main_option
@click.option("--yes", is_flag=True, help="Delete what is named; without it nothing is touched.")
def prune_verb(
    cluster: str,
    root: Path,
    kubeconfig: Path | None,
    argocd_namespace: str,
    pairs: tuple[str, ...],
    ref: str | None,
    yes: bool,
) -> int:
    """Name what CLUSTER still runs although Git at its pin lists it no more; with --yes, delete it. Never volumes.

    Exit 0: there is nothing, or all of it is gone. 1: there is something, or something stayed.
    """
    hub = Hub(_required(kubeconfig), argocd_namespace)
    code, text = commands.remove_unlisted(Git(root), ref, hub, spokes(pairs).get(cluster, hub), cluster, yes)
    click.echo(text)
    return code


def _required(kubeconfig: Path | None) -> Path:
    if kubeconfig is None:
        raise InputError("no cluster is named", hint="give --kubeconfig FILE of the cluster that Argo CD runs in")
    return kubeconfig
