"""Verbs that read the repository: render, clusters, init."""

import json
from pathlib import Path

import click

from leanrag.catalog.address import ROOT_FILE, set_address
from leanrag.catalog.repository import Repository, nearest
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.render.helm import render
from leanrag.render.manifest import Manifest

root_option = click.option(
    "--root",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The checkout with clusters/ and charts/.",
)


@click.command("render")
@root_option
@click.option("--cluster", "cluster_name", help="Only this cluster.")
@click.option("--app", "app_name", help="Only this Application, such as dev-milvus.")
@click.option("--out", type=click.Path(path_type=Path), help="Write one file per Application into this folder.")
def render_verb(root: Path, cluster_name: str | None, app_name: str | None, out: Path | None) -> int:
    """Print what Argo CD would apply."""
    repository = Repository(root)
    clusters = [repository.cluster(cluster_name)] if cluster_name else list(repository.clusters())
    apps = [app for cluster in clusters for app in repository.apps(cluster)]
    chosen = [app for app in apps if app_name in (None, app.name)]
    if not chosen:
        near = nearest(app_name or "", [app.name for app in apps])
        raise InputError(
            f"no Application {app_name!r}" + (f"; did you mean {near!r}?" if near else ""), hint="see overlays/"
        )
    for app in chosen:
        text = _as_yaml(render(repository, app))
        if out:
            write_atomic(out / f"{app.name}.yaml", text)
        else:
            click.echo(f"# Application {app.name}\n{text}", nl=False)
    return 0


def _as_yaml(manifests: tuple[Manifest, ...]) -> str:
    return "".join(f"---\n# {manifest.template}\n{yamlio.dump(dict(manifest.body))}" for manifest in manifests)


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
