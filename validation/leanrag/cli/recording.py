"""`leanrag slo recording`: the traffic of a report, as traffic to send again."""

from pathlib import Path

import click

from leanrag.core.errors import InputError
from leanrag.load import reader
from leanrag.load.recording import as_yaml, recording


@click.command("recording")
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--warmup", default=0, show_default=True, help="So many of its first requests become the warm-up.")
def recording_verb(report: Path, warmup: int) -> int:
    """Print the keys of `slo.traffic` that repeat a REPORT: its moments, prompt lengths and answer lengths.

    REPORT may be of any load tool that `leanrag judge` reads. Exit 0 = printed, 2 = nothing to repeat.
    """
    rows = recording(reader.read(report))
    if not 0 <= warmup < len(rows):
        raise InputError(f"--warmup: {warmup} of {len(rows)} requests", hint="at least one must remain to be measured")
    click.echo(as_yaml(rows, warmup), nl=False)
    return 0
