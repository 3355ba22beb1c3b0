"""Verbs about the repository itself: clusters, init."""

import json
from pathlib import Path

import click

from leanrag.catalog.address import ROOT_FILE, set_address
from leanrag.catalog.repository import Repository
from leanrag.cli.options import root_option


@click.command("clusters")
@root_option
def clusters_verb(root: Path) -> int:
    """List clusters and their Applications as JSON."""
    repository = Repository(root)
    listed = {cluster.name: [app.name for app in repository.apps(cluster)] for cluster in repository.clusters()}
    click.echo(json.dumps(listed, indent=2))
    return 0


@click.command("init")
@root_option
@click.option("--repo", required=True, help="Where Argo CD reads this repository from.")
def init_verb(root: Path, repo: str) -> int:
    """Make this repository yours: write its address into apps/root.yaml."""
    changed = set_address(root, repo)
    click.echo(f"{ROOT_FILE}: {'now' if changed else 'already'} {repo}")
    return 0
