"""The verb `leanrag render`: what Argo CD would apply."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from leanrag.catalog.nearest import nearest
from leanrag.catalog.repository import Repository
from leanrag.cli.options import root_option
from leanrag.core import yamlio
from leanrag.core.errors import InputError, LeanragError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.render.helm import render_many
from leanrag.render.manifest import Manifest


@click.command("render")
@root_option
@click.option("--cluster", "clusters", multiple=True, help="Only this cluster; may be given again.")
@click.option("--app", "apps", multiple=True, help="Only this Application, such as dev-milvus; may be given again.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write <cluster>/<Application>.yaml below this folder instead of printing.",
)
@click.option("--format", "fmt", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def render_verb(root: Path, clusters: tuple[str, ...], apps: tuple[str, ...], out: Path | None, fmt: str) -> int:
    """Print what Argo CD would apply, or write it to a folder; the same commit gives the same bytes.

    Exit 0 = everything is rendered, 2 = something cannot be; then every reason is told and nothing is written.
    """
    repository = Repository(root)
    wanted = [repository.cluster(name) for name in clusters] or list(repository.clusters())
    listed = [app for cluster in wanted for app in repository.apps(cluster)]
    _refuse_unknown(apps, [app.name for app in listed])
    chosen = [app for app in listed if app.name in (apps or (app.name,))]
    outcomes = list(render_many(repository, [(app, None) for app in chosen]))
    broken = [outcome for outcome in outcomes if isinstance(outcome, LeanragError)]
    for error in broken:
        say(f"error: {error.message}\nhint: {error.hint}")
    if broken:
        return 2
    rendered = [(app, outcome) for app, outcome in zip(chosen, outcomes, strict=True) if isinstance(outcome, tuple)]
    if out:
        for app, manifests in rendered:
            write_atomic(out / app.cluster / f"{app.name}.{fmt}", f"{_text(fmt, manifests)}\n")
    elif fmt == "json":
        click.echo(_as_json(each for _, manifests in rendered for each in manifests))
    else:
        for app, manifests in rendered:
            click.echo(f"# Application {app.name}\n{_as_yaml(manifests)}")
    return 0


def _refuse_unknown(asked: Iterable[str], known: list[str]) -> None:
    for name in asked:
        if name not in known:
            near = nearest(name, known)
            meant = f"; did you mean {near!r}?" if near else ""
            raise InputError(f"no Application {name!r}{meant}", hint="see overlays/, or leanrag clusters")


def _text(fmt: str, manifests: Iterable[Manifest]) -> str:
    return _as_json(manifests) if fmt == "json" else _as_yaml(manifests)


def _as_yaml(manifests: Iterable[Manifest]) -> str:
    return "".join(
        f"---\n# {manifest.template}\n{yamlio.dump(dict(manifest.body))}" for manifest in manifests
    ).removesuffix("\n")


def _as_json(manifests: Iterable[Manifest]) -> str:
    """Return one List, which kubectl takes."""
    items = [dict(manifest.body) for manifest in manifests]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2, ensure_ascii=False)
