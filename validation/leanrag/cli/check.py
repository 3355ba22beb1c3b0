"""The verb check. Nothing heavy is imported here: what was judged before is answered in a blink."""

import os
import sys
from pathlib import Path

import click

from leanrag.checks.text import View

_EXAMPLES = """\b
Examples:
  leanrag check                                  this repository, every cluster
  leanrag check --cluster prod --changed-since origin/main
  leanrag check manifests/ charts/mine           plain manifests, any Helm chart
  kubectl kustomize app | leanrag check -        whatever another program renders
  leanrag check --format sarif=check.sarif       text here, SARIF in a file
  leanrag check --explain POD001                 why a rule is one, and the way out
"""


@click.command("check", epilog=_EXAMPLES)
@click.option(
    "--root",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The checkout with clusters/ and charts/.",
)
@click.option("--cluster", "clusters", multiple=True, help="Only this cluster; may be given again.")
@click.option("--changed-since", default="", metavar="REV", help="Only clusters that differ from this commit.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="F[=FILE]",
    help="text, json, junit, sarif, github or gitlab; with =FILE into that file, beside the text. May be given again.",
)
@click.option("--all", "all_", is_flag=True, help="Show every finding, not the first ones of each rule.")
@click.option("--explain", metavar="ID", help="Say why a rule is one, with an example and the way out.")
@click.option("--skip-others", is_flag=True, help="Pass over named files that hold no manifest (for pre-commit).")
@click.option("--no-cache", is_flag=True, help="Judge everything anew.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check_verb(
    root: Path,
    clusters: tuple[str, ...],
    changed_since: str,
    formats: tuple[str, ...],
    all_: bool,
    explain: str | None,
    skip_others: bool,
    no_cache: bool,
    paths: tuple[Path, ...],
) -> int:
    """Render everything and check it; with PATHS, check plain manifests and Helm charts instead.

    Exit 0 = clean, 1 = findings, 2 = no answer.
    """
    if explain is not None:
        from leanrag.checks.explain import explained

        click.echo(explained(explain, View(colour=_colour())))
        return 0
    from leanrag.checks.commands import checked
    from leanrag.checks.output import wanted, written

    asked = wanted(formats)
    run = checked(root, clusters, paths, changed_since, not no_cache, skip_others)
    click.echo(written(run, asked, View(_colour(), all_)))
    return run.step.outcome.exit_code


def _colour() -> bool:
    """Say whether stdout takes colour: a terminal, and nobody said no (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
