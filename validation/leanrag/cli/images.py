"""The verb `leanrag images`: every image of a cluster, what to mirror, and the lock of digests."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from leanrag.catalog.images_lock import lock_text
from leanrag.catalog.repository import LOCAL, Repository
from leanrag.cli.options import root_option
from leanrag.core.clock import stamp, utc_now
from leanrag.core.errors import InputError
from leanrag.core.progress import say
from leanrag.images import lock as locking
from leanrag.images import words
from leanrag.images.credentials import logins
from leanrag.images.imageset import imageset
from leanrag.images.listing import Listing, listing
from leanrag.images.registry import Registries

_clusters = click.option("--cluster", "clusters", multiple=True, help="Only this cluster; may be given again.")


def _pairs(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Read NAME=VALUE options."""
    wrong = [each for each in given if not all(each.partition("=")[::2])]
    if wrong:
        raise click.BadParameter(f"{wrong[0]!r} is not of the form NAME=VALUE")
    return {name: value for name, _, value in (each.partition("=") for each in given)}


@click.group("images", invoke_without_command=True)
@root_option
@_clusters
@click.option(
    "--format",
    "fmt",
    type=click.Choice(["text", "json", "imageset", "lock"]),
    default="text",
    show_default=True,
    help="imageset: for oc-mirror v2; lock: the lock as it stands, nobody is asked.",
)
@click.option("--openshift", default="", help="Minor of OpenShift, such as 4.20, for the catalogues of an imageset.")
@click.option(
    "--catalog", "catalogues", multiple=True, callback=_pairs, help="SOURCE=IMAGE: index image of another catalogue."
)
@click.pass_context
def images_group(
    ctx: click.Context, root: Path, clusters: tuple[str, ...], fmt: str, openshift: str, catalogues: dict[str, str]
) -> int:
    """List every image of a cluster and where it is used. Exit 0 = the list is whole, 2 = it is not."""
    if ctx.invoked_subcommand:
        return 0
    found = _listings(root, clusters)
    texts: dict[str, Callable[[], str]] = {
        "text": lambda: "\n\n".join(words.text(each, locking.current(each)) for each in found),
        "json": lambda: words.document([(each, locking.current(each)) for each in found]),
        "imageset": lambda: imageset(found, openshift, catalogues).rstrip("\n"),
        "lock": lambda: "---\n".join(lock_text(locking.current(each)) for each in found).rstrip("\n"),
    }
    click.echo(texts[fmt]())
    return _told(found) if fmt in ("imageset", "lock") else 2 if any(each.broken for each in found) else 0


def _told(found: Iterable[Listing]) -> int:
    """Say on stderr what a document has no place for."""
    broken = [f"{app}: {why}" for each in found for app, why in each.broken.items()]
    for each in broken:
        say(f"not rendered, so its images are not in it: {each}")
    return 2 if broken else 0


def _listings(root: Path, names: tuple[str, ...], local: bool = True) -> list[Listing]:
    repository = Repository(root)
    chosen = names or tuple(name for name in repository.cluster_names() if local or name != LOCAL.parent.name)
    return [listing(repository, repository.cluster(name)) for name in chosen]


@images_group.command("lock")
@root_option
@_clusters
@click.option(
    "--auth",
    type=click.Path(path_type=Path),
    help="Logins, as docker's config.json or a pull secret; default: where podman and docker keep theirs.",
)
@click.option("--ca", type=click.Path(exists=True, path_type=Path), help="Authority of a private registry (PEM).")
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    callback=_pairs,
    help="HOST=URL: ask there instead, such as docker.io=https://mirror.example.com/hub.",
)
@click.option("--accept-moved", is_flag=True, help="Lock the new digest of a tag that moved.")
def lock_verb(root: Path, clusters: tuple[str, ...], accept_moved: bool, mirrors: dict[str, str], **access: Any) -> int:
    """Ask registries for the digest of every image and write clusters/<cluster>/images.lock.

    Exit 0 = every image has one, 1 = a locked tag is another image now, 2 = some are not known, which the lock says.
    """
    wrong = [url for url in mirrors.values() if not url.startswith(("https://", "http://"))]
    if wrong:
        raise InputError(f"{wrong[0]!r} is no address", hint="write --mirror docker.io=https://mirror.example.com/hub")
    found = _listings(root, clusters, local=False)
    registries = Registries(logins(access["auth"]), access["ca"], mirrors)
    wanted = {image for each in found for image in each.images}
    say(f"asking registries for {len(wanted)} images")
    said = locking.answers(wanted, registries.ask)
    results = [locking.locked(each, said, stamp(utc_now()), accept_moved) for each in found]
    for each in results:
        locking.write(each)
    broken = {app: why for each in found for app, why in each.broken.items()}
    click.echo(words.outcome(results, broken))
    if any(each.moved for each in results) and not accept_moved:
        return 1
    return 2 if broken or any(each.unresolved for each in results) else 0
