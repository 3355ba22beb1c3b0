"""The verb `leanrag capacity`: the highest request rate at which every promise holds."""

import json
from dataclasses import replace
from pathlib import Path

import click

from leanrag.capacity.commands import Service, capacity
from leanrag.capacity.search import Plan
from leanrag.capacity.words import document, lines
from leanrag.cli.measure import guidellm_option, key_from, key_option, program_from, seed_from, seed_option, slo_option
from leanrag.cli.options import format_option, path_type
from leanrag.core.errors import InputError
from leanrag.load.commands import read_slo
from leanrag.slo.feasible import MOST_RATE
from leanrag.slo.shape import STEADY, Arrivals, Shape

_rate = click.FloatRange(0, MOST_RATE, min_open=True)


@click.command("capacity")
@click.argument("endpoint")
@click.option("--model", required=True, help="The served model name.")
@slo_option
@click.option("--start", type=_rate, help="First rate, requests a second; by default slo.traffic.rate, else 1.")
@click.option("--least", type=_rate, default=0.1, show_default=True, help="Give up below this rate.")
@click.option("--most", type=_rate, default=MOST_RATE, show_default=True, help="Ask for no higher rate.")
@click.option("--step", type=click.FloatRange(1.01, 2), default=1.1, show_default=True, help="How near the ends come.")
@click.option("--arrivals", type=click.Choice(["steady", "poisson"]), help="By default as slo.traffic.shape has them.")
@click.option("--minutes", type=click.FloatRange(1), default=60.0, show_default=True, help="Time for all of it.")
@click.option("--out", default=Path("out/capacity"), show_default=True, type=path_type, help="Folder for the reports.")
@seed_option
@key_option
@guidellm_option
@format_option
def capacity_verb(
    endpoint: str,
    model: str,
    slo_file: Path,
    start: float | None,
    least: float,
    most: float,
    step: float,
    arrivals: Arrivals | None,
    minutes: float,
    out: Path,
    seed: int | None,
    api_key_env: str,
    guidellm: Path | None,
    fmt: str,
) -> int:
    """Search the highest request rate at which the OpenAI API at ENDPOINT keeps every promise.

    The answer lies between two rates that were measured again after the search: the lower one passed, the upper one
    failed. Exit 0 = a rate that holds, 1 = not even the least one does, 2 = no answer.
    """
    if least > most:
        raise InputError(f"--least {least:g} is more than --most {most:g}", hint="swap them")
    slo = read_slo(slo_file)
    drawn = seed_from(seed)
    service = Service(
        url=endpoint.rstrip("/").removesuffix("/v1"),
        model=model,
        slo=slo,
        guidellm=program_from(guidellm),
        out=out,
        seed=drawn,
        error=round(1.0 - slo.confidence, 12),
        api_key=key_from(api_key_env),
        shape=_shape(slo.shape or STEADY, arrivals),
        seconds=minutes * 60,
    )
    found = capacity(service, Plan(start or slo.traffic.rate or 1.0, least, most, step))
    click.echo(json.dumps(document(found), indent=2) if fmt == "json" else "\n".join(lines(found)))
    return found.outcome.exit_code


def _shape(declared: Shape, arrivals: Arrivals | None) -> Shape:
    """Return the traffic of every rate; what has a rate of its own at each moment has no single one to search for."""
    shape = replace(declared, arrivals=arrivals, burst=None, ramp_to=None) if arrivals else declared
    if not shape.even:
        raise InputError(f"slo.traffic.shape: {shape.name} has no single rate", hint="say --arrivals poisson")
    return shape
