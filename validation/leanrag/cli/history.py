"""`leanrag report --history`: what the verdicts of a folder said, for each model and commit."""

from pathlib import Path

import click

from leanrag.core.errors import InputError
from leanrag.core.files import write_atomic
from leanrag.core.progress import say
from leanrag.report.history import as_json, as_text, past
from leanrag.report.history_page import page

history_option = click.option(
    "--history", is_flag=True, help="VERDICT is a folder: show its verdicts by model and commit."
)


def show_history(folder: Path, fmt: str, html_out: Path | None) -> int:
    """Print the history below a folder, and write it as a page; 0, for the history itself is no verdict."""
    if fmt not in ("text", "json"):
        raise InputError(f"a history has no format {fmt!r}", hint="formats are: text, json")
    found, problems = past(folder)
    for each in problems:
        say(f"warning: {each}")
    if html_out:
        write_atomic(html_out, page(found))
    click.echo(as_json(found, problems) if fmt == "json" else as_text(found), nl=fmt == "json")
    return 0
