"""The verb `leanrag diff`: what a commit changes on every cluster, on rendered objects."""

from pathlib import Path

import click

from leanrag.changes.model import Wanted
from leanrag.changes.run import compare
from leanrag.cli.options import root_option
from leanrag.report import diff_markdown, diff_text

_FORMATS = {"text": diff_text.text, "json": diff_text.document}


@click.command("diff")
@root_option
@click.option("--cluster", "clusters", multiple=True, help="Only this cluster; may be given again.")
@click.option("--app", "apps", multiple=True, help="Only this Application, such as prod-milvus; may be given again.")
@click.option("--pinned", is_flag=True, help="Compare what release.yaml pins on each side, not the files there.")
@click.option("--merge-base", is_flag=True, help="Compare with the commit at which AFTER branched off BEFORE.")
@click.option("--format", "fmt", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--limit",
    type=click.IntRange(2_000),
    default=diff_markdown.LIMIT,
    show_default=True,
    help="Characters that a comment may have (markdown).",
)
@click.argument("before")
@click.argument("after", required=False)
def diff_verb(
    root: Path,
    clusters: tuple[str, ...],
    apps: tuple[str, ...],
    pinned: bool,
    merge_base: bool,
    fmt: str,
    limit: int,
    before: str,
    after: str | None,
) -> int:
    """Say what AFTER (default: the work tree) changes against BEFORE: objects, images, GPUs, replicas, promises.

    Both are commits, branches or tags; nothing is checked out. Exit 0 = nothing differs, 1 = something does,
    2 = something could not be compared.
    """
    changes = compare(root, before, after, Wanted(clusters, apps, pinned, merge_base))
    shown = diff_markdown.markdown(changes, limit) if fmt == "markdown" else _FORMATS[fmt](changes)
    click.echo(shown)
    return changes.exit_code
