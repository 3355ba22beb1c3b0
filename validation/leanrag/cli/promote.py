"""Verbs about pins: promote run, verify and override; rollback; release."""

import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from leanrag.cli.options import root_option
from leanrag.core.clock import utc_now
from leanrag.core.errors import InputError
from leanrag.core.git import Git
from leanrag.core.gitcall import Access
from leanrag.core.progress import say
from leanrag.promote import commands
from leanrag.promote.commands import Told
from leanrag.promote.desk import AUTHOR, Desk
from leanrag.promote.person import who

folder_type = click.Path(path_type=Path, exists=True, file_okay=False)
file_type = click.Path(path_type=Path, exists=True, dir_okay=False)
repository_option = click.option("--repository", metavar="URL", help="Work in a new clone of this, not in --root.")
credentials_option = click.option(
    "--credentials", type=folder_type, help="Folder with `username`, `password`, and `ca.crt` where Git needs one."
)
key_option = click.option("--signing-key", type=file_type, help="SSH private key that signs the commit.")


@click.group("promote")
def promote_group() -> None:
    """Move pins by signed verdicts, and prove that they moved so."""


@contextmanager
def opened(root: Path, repository: str | None, credentials: Path | None) -> Iterator[Git]:
    """Give the checkout, or a clone that is removed at the end."""
    if repository is None:
        yield Git(root, Access.of(credentials))
        return
    with tempfile.TemporaryDirectory(prefix="leanrag-promote-", ignore_cleanup_errors=True) as folder:
        yield Git.clone(repository, Path(folder) / "clone.git", Access.of(credentials))


def _tell(told: Told) -> int:
    click.echo("\n".join(told.lines))
    return told.code


@promote_group.command("run")
@click.option("--repository", metavar="URL", required=True, help="Where the pins are; over http, ssh or a path.")
@credentials_option
@click.option("--once", is_flag=True, help="One round, then exit: 0 all done, 1 a push was refused, 2 no answer.")
@click.option("--kubeconfig", type=file_type, help="Where verdicts are.  [default: in-cluster, else KUBECONFIG]")
@click.option("--spokes", type=folder_type, help="Folder with <cluster>/kubeconfig for clusters elsewhere.")
@click.option("--interval", default=10.0, show_default=True, help="Seconds between two looks at Git.")
@click.option("--port", "--metrics-port", "port", type=int, help="Serve /healthz, /livez and /metrics here.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder for the clone.  [default: a temporary one]")
@key_option
@click.option("--author", help='"Name <mail>" of the commits.')
@click.option("--forge", type=click.Choice(["github", "gitlab", "gitea", "forgejo"]), help="Opens pull requests.")
@click.option("--forge-url", metavar="URL", help="Address of the forge's API, such as https://api.github.com.")
@click.option("--forge-repository", metavar="OWNER/NAME", help="The repository there.")
@click.option("--forge-token", type=file_type, help="File with its token.  [default: the password in --credentials]")
def run_verb(
    repository: str,
    credentials: Path | None,
    once: bool,
    kubeconfig: Path | None,
    spokes: Path | None,
    interval: float,
    port: int | None,
    work: Path | None,
    signing_key: Path | None,
    author: str | None,
    forge: str | None,
    forge_url: str | None,
    forge_repository: str | None,
    forge_token: Path | None,
) -> int:
    """Watch verdicts, and move the pins that they allow."""
    from leanrag.promote.runner import Wanted, forge_of, run_for_ever, run_once

    wanted = Wanted(
        repository=repository,
        access=Access.of(credentials),
        kubeconfig=kubeconfig,
        spokes=spokes,
        author=_author(author),
        signing_key=signing_key,
        forge=forge_of(forge, forge_url, forge_repository, forge_token, credentials),
        interval=interval,
        port=port,
    )
    with tempfile.TemporaryDirectory(prefix="leanrag-promoter-", ignore_cleanup_errors=True) as folder:
        place = work or Path(folder)
        if once:
            told = run_once(wanted, place)
            click.echo("\n".join(told.lines))
            return told.code
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        run_for_ever(wanted, place, stop, say)
        return 0


def _author(text: str | None) -> tuple[str, str]:
    if text is None:
        return AUTHOR
    name, bracket, mail = text.rstrip(">").partition(" <")
    if not (name and bracket and mail):
        raise InputError(f"{text!r} is no author", hint='write "Name <mail>"')
    return name, mail


@promote_group.command("verify")
@root_option
@repository_option
@credentials_option
@click.option("--base", help="What the changes are to be merged into, such as origin/main.")
@click.option("--head", help="The commit with the changes.  [default: HEAD; with --live: origin/main]")
@click.option("--live", is_flag=True, help="Judge what is pinned, not what changes.")
@click.option("--cluster", help="The cluster to judge, with --live.")
def verify_verb(
    root: Path,
    repository: str | None,
    credentials: Path | None,
    base: str | None,
    head: str | None,
    live: bool,
    cluster: str | None,
) -> int:
    """Check that each change of a release.yaml is a signed PASS, a rollback or a signed override.

    Exit 0: all are proven. 1: one is not. 2: that could not be found out.
    """
    from leanrag.promote import proving

    if live == bool(base) or live != bool(cluster):
        raise InputError("verify judges one of two things", hint="give --base REV, or --live --cluster C")
    with opened(root, repository, credentials) as git:
        if live:
            return _tell(proving.verify_live(git, cluster or "", head or "origin/main", utc_now()))
        return _tell(proving.verify_diff(git, base or "", head or "HEAD", utc_now()))


@promote_group.command("override")
@click.argument("cluster")
@click.option("--to", required=True, metavar="SHA", help="The commit of main to pin.")
@click.option("--reason", required=True, help="Why no verdict is waited for; it stays in the history.")
@click.option("--key", required=True, type=file_type, help="Your private key, PEM; cluster.yaml names its public half.")
@root_option
@repository_option
@credentials_option
@key_option
def override_verb(
    cluster: str,
    to: str,
    reason: str,
    key: Path,
    root: Path,
    repository: str | None,
    credentials: Path | None,
    signing_key: Path | None,
) -> int:
    """Pin a cluster to a commit that no verdict grants, and sign for it."""
    from leanrag.evidence.keys import read_key
    from leanrag.promote import proving

    with opened(root, repository, credentials) as git:
        return _tell(proving.override(_desk(git, signing_key), cluster, to, reason, read_key(key), utc_now()))


@click.command("rollback")
@click.argument("cluster")
@click.option("--to", metavar="SHA", help="An older pin of this cluster.  [default: the last good one]")
@click.option("--reason", default="rolled back by hand", show_default=True, help="Why; it stays in the history.")
@root_option
@repository_option
@credentials_option
@key_option
@click.option("--kubeconfig", type=file_type, help="Argo CD's cluster: end the bad pin's running operation, too.")
@click.option("--argocd-namespace", default="argocd", show_default=True, help="Where Argo CD keeps its Applications.")
def rollback_verb(
    cluster: str,
    to: str | None,
    reason: str,
    root: Path,
    repository: str | None,
    credentials: Path | None,
    signing_key: Path | None,
    kubeconfig: Path | None,
    argocd_namespace: str,
) -> int:
    """Put a cluster back to its last good pin, and what was there on hold. Needs Git, and asks no gate and no cluster.

    Exit 0: it is on main. 1: the cluster tracks main, and the commits to revert are named. 2: not possible.
    """
    with opened(root, repository, credentials) as git:
        told = commands.rollback(_desk(git, signing_key), cluster, to, reason, utc_now())
    click.echo("\n".join(told.lines))
    if kubeconfig and told.replaced:
        _end_operations(kubeconfig, argocd_namespace, cluster, told.replaced)
    return told.code


def _end_operations(kubeconfig: Path, namespace: str, cluster: str, revision: str) -> None:
    from leanrag.operate.hub import Hub
    from leanrag.operate.terminate import end_operations

    found = end_operations(Hub(kubeconfig, namespace), cluster, revision)
    click.echo(f"ended the operation of: {', '.join(found.ended) or 'nothing, none was running'}")
    if found.running:
        click.echo(f"still running: {', '.join(found.running)}; again with: leanrag resync {cluster}")


@click.command("release")
@click.argument("cluster")
@click.option("--reason", default="", help="Why; it stays in the history.")
@root_option
@repository_option
@credentials_option
@key_option
def release_verb(
    cluster: str, reason: str, root: Path, repository: str | None, credentials: Path | None, signing_key: Path | None
) -> int:
    """Take off a cluster's hold, so that promotion goes on."""
    with opened(root, repository, credentials) as git:
        return _tell(commands.release(_desk(git, signing_key), cluster, reason, utc_now()))


def _desk(git: Git, signing_key: Path | None) -> Desk:
    return Desk(git, who(git), signing_key)
