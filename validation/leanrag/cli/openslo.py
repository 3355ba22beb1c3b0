"""`leanrag slo export` and `leanrag slo import`: objectives as OpenSLO v1 documents, and back."""

import json
import re
from pathlib import Path

import click

from leanrag.cli.options import format_option, path_type
from leanrag.core import yamlio
from leanrag.core.errors import InputError
from leanrag.core.files import read_text
from leanrag.load.commands import read_slo
from leanrag.slo import openslo, opensloread

_WINDOW = re.compile(r"[1-9][0-9]*[mhdwMQY]")


@click.command("export")
@click.argument("slo_file", metavar="FILE", type=path_type)
@click.option("--model", required=True, help="The served model name, as the engine's metrics have it.")
@click.option("--window", default="", help="Rolling time window, such as 28d; by default none is written.")
@format_option
def export_verb(slo_file: Path, model: str, window: str, fmt: str) -> int:
    """Print the objectives of FILE (a model's overlay, or an slo: block) as OpenSLO v1, one SLO each."""
    if window and not _WINDOW.fullmatch(window):
        raise InputError(
            f"--window {window}: not a duration of OpenSLO", hint="write a number and m, h, d, w, M, Q or Y"
        )
    documents = openslo.export(read_slo(slo_file), model, window)
    if fmt == "json":
        click.echo(json.dumps({"documents": documents}, indent=2))
    else:
        click.echo("---\n".join(yamlio.dump(each) for each in documents), nl=False)
    return 0


@click.command("import")
@click.argument("documents", metavar="FILE", type=path_type)
@format_option
def import_verb(documents: Path, fmt: str) -> int:
    """Print the OpenSLO v1 documents in FILE as the slo: block of a model's overlay."""
    found = opensloread.read(yamlio.load_all(read_text(documents), str(documents)), str(documents))
    click.echo(json.dumps({"slo": found}, indent=2) if fmt == "json" else yamlio.dump({"slo": found}), nl=fmt == "json")
    return 0


openslo_verbs = (export_verb, import_verb)
