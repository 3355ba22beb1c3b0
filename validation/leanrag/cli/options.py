"""Options that several verbs share."""

from pathlib import Path

import click

path_type = click.Path(path_type=Path)
format_option = click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
root_option = click.option(
    "--root", default=".", show_default=True, type=path_type, help="The checkout with clusters/ and charts/."
)
