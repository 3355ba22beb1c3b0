"""The verb `leanrag diagnose`: why is it slow, and which value to change next."""

import json
from pathlib import Path

import click

from leanrag.cli.measure import guidellm_option, key_from, key_option, program_from, seed_from, seed_option, slo_option
from leanrag.cli.options import format_option, path_type
from leanrag.core.errors import InputError
from leanrag.diagnose.commands import Known, diagnose_endpoint, diagnose_file, diagnose_live
from leanrag.diagnose.model import Alone, Diagnosis, Span
from leanrag.load.commands import read_slo

_MILLI = 0.001


@click.command("diagnose")
@click.argument("target")
@slo_option
@click.option("--metrics", default="", help="Kept engine snapshots of the run; of an endpoint: its /metrics.")
@click.option("--model", default="", help="The served model name (an endpoint).")
@click.option("--engine-args", default="", help="As the engine was started: '--max-num-seqs 64 …'.")
@click.option("--overlay", type=path_type, help="The model's overlay: seats, memory and replicas from there.")
@click.option("--alone", nargs=2, type=float, help="First token and time a token of one request alone, in ms.")
@click.option("--shared", type=click.FloatRange(0, 1), help="Share of prompt tokens that other prompts begin with.")
@click.option("--seconds", type=click.FloatRange(1), default=60.0, show_default=True, help="Watch so long (/metrics).")
@click.option("--out", default=Path("out/diagnose"), show_default=True, type=path_type, help="Folder (an endpoint).")
@seed_option
@key_option
@guidellm_option
@format_option
def diagnose_verb(
    target: str,
    slo_file: Path,
    metrics: str,
    model: str,
    engine_args: str,
    overlay: Path | None,
    alone: tuple[float, float] | None,
    shared: float | None,
    seconds: float,
    out: Path,
    seed: int | None,
    api_key_env: str,
    guidellm: Path | None,
    fmt: str,
) -> int:
    """Name why a promise is broken.

    TARGET is a load report, kept rows, the address of an OpenAI API to measure, or that of an engine's /metrics to
    watch while others use it.

    Exit 0 = no promise is broken, 1 = a cause is named, 2 = no answer.
    """
    slo, known = read_slo(slo_file), Known(engine_args, overlay, _alone(alone), shared)
    if not target.startswith(("http://", "https://")):
        return show(diagnose_file(Path(target), slo, Path(metrics) if metrics else None, known), fmt)
    if target.endswith("/metrics"):
        return show(diagnose_live(target, slo, seconds, known, key_from(api_key_env)), fmt)
    if not model:
        raise InputError("an endpoint is measured, and no model is named", hint="say --model, as it is served")
    url = target.rstrip("/").removesuffix("/v1")
    program, drawn = program_from(guidellm), seed_from(seed)
    key = key_from(api_key_env)
    return show(diagnose_endpoint(url, metrics or f"{url}/metrics", model, slo, drawn, out, program, known, key), fmt)


def _alone(given: tuple[float, float] | None) -> Alone | None:
    if not given:
        return None
    if not min(given) > 0:
        raise InputError(f"--alone {given[0]:g} {given[1]:g}: a time is above 0", hint="two times in milliseconds")
    first, gap = (Span(value * _MILLI, value * _MILLI) for value in given)
    return Alone(first, gap, "as said")


def show(found: Diagnosis, fmt: str) -> int:
    """Print a diagnosis as text or as one JSON document, and return its exit code."""
    click.echo(json.dumps(found.document(), indent=2) if fmt == "json" else "\n".join(found.lines()))
    return found.outcome.exit_code
