"""Verbs that ask one question of a running service: smoke, load, judge."""

import json
import os
import time
from pathlib import Path

import click

from leanrag.cli.options import format_option, path_type
from leanrag.compare.facts import scenario_of
from leanrag.core.errors import InputError
from leanrag.core.outcome import Outcome
from leanrag.core.progress import say
from leanrag.core.result import JSON, StepResult
from leanrag.load.commands import judge_file, needs, read_slo
from leanrag.load.measure import Place, Service, measure
from leanrag.local.environments import environment
from leanrag.rag.commands import find_target
from leanrag.rag.commands import smoke as run_smoke_cases

slo_option = click.option(
    "--slo", "slo_file", required=True, type=path_type, help="A file with the slo: block, such as a model's overlay."
)

seed_option = click.option(
    "--seed", type=int, help="Prompts come from it; by default another one each time, so no cache answers."
)
key_option = click.option("--api-key-env", default="", help="Name of the environment variable that holds the API key.")
guidellm_option = click.option(
    "--guidellm", type=path_type, help="The program; by default an environment of its own is made."
)


def key_from(variable: str) -> str:
    """Return the API key that an environment variable holds; a named but empty one is an error."""
    value = os.environ.get(variable, "") if variable else ""
    if variable and not value:
        raise InputError(f"environment variable {variable} is empty", hint=f"export {variable}=<key>")
    return value


def program_from(named: Path | None) -> Path:
    """Return the GuideLLM program that was named, or that of an environment of its own."""
    return named or environment("guidellm") / "bin" / "guidellm"


def seed_from(given: int | None) -> int:
    """Return the seed that was given, or another one each time, so that no cache answers."""
    return given if given is not None else time.time_ns() % 2**31


def show(step: StepResult, fmt: str) -> int:
    """Print a step as text or as one JSON document, and return its exit code."""
    if fmt == "json":
        items: list[JSON] = [
            {"name": i.name, "outcome": i.outcome.value, "reason": i.reason, "proves": i.proves, "seconds": i.seconds}
            for i in step.items
        ]
        document = {"name": step.name, "outcome": step.outcome.value, "reason": step.reason, "items": items}
        click.echo(json.dumps({**document, "facts": dict(step.facts)}, indent=2))
        return step.outcome.exit_code
    for item in step.items:
        click.echo(f"{item.outcome.value:13} {item.name}: {item.reason}")
    click.echo(f"{step.name}: {step.outcome.value}: {step.reason} ({step.seconds:.1f} s)")
    return step.outcome.exit_code


@click.command("smoke")
@click.argument("endpoint")
@click.option("--contract", type=path_type, help="rag.json as the chart publishes it; else the service is asked.")
@click.option(
    "--cases", "folders", multiple=True, type=path_type, help="A folder with cases of your own; again for more."
)
@key_option
@click.option("--answering", is_flag=True, help="The chat model can read, cite and refuse: ask it to.")
@click.option("--deadline", default=300.0, show_default=True, help="Seconds for all cases.")
@format_option
def smoke_verb(
    endpoint: str,
    contract: Path | None,
    folders: tuple[Path, ...],
    api_key_env: str,
    answering: bool,
    deadline: float,
    fmt: str,
) -> int:
    """Ask the RAG API at ENDPOINT its known questions."""
    target = find_target(endpoint, contract, key_from(api_key_env), answering)
    return show(run_smoke_cases(target, folders, deadline=deadline), fmt)


@click.command("load")
@click.argument("endpoint")
@click.option("--model", required=True, help="The served model name.")
@slo_option
@click.option("--out", default=Path("out/load"), show_default=True, type=path_type, help="Folder for the report.")
@seed_option
@key_option
@guidellm_option
@format_option
def load_verb(
    endpoint: str,
    model: str,
    slo_file: Path,
    out: Path,
    seed: int | None,
    api_key_env: str,
    guidellm: Path | None,
    fmt: str,
) -> int:
    """Send the declared traffic to the OpenAI API at ENDPOINT with GuideLLM, and watch its engine's /metrics."""
    slo = read_slo(slo_file)
    for one, text in needs(slo):
        say(f"{one.name} {text}")
    service = Service(endpoint.removesuffix("/v1"), model, key_from(api_key_env))
    told = {"scenario": scenario_of(slo.traffic, slo.shape)}
    place = Place(out, out.with_name(f"{out.name}-chunks"))
    return show(measure(service, slo, seed_from(seed), place, program_from(guidellm), told), fmt)


@click.command("judge")
@click.argument("report", type=path_type)
@slo_option
@click.option("--model", default="", help="Refuse a report about another model.")
@format_option
def judge_verb(report: Path, slo_file: Path, model: str, fmt: str) -> int:
    """Decide whether a REPORT proves the objectives.

    REPORT is one of GuideLLM, vllm bench serve or inference-perf, or a folder that `leanrag load` left.
    """
    answer = judge_file(report, slo_file, model)
    if fmt == "json":
        objectives: list[JSON] = [dict(result.entry(model)) for result in answer.objectives]
        evidence: list[JSON] = [
            {"name": i.name, "outcome": i.outcome.value, "reason": i.reason} for i in answer.evidence
        ]
        document = {"outcome": answer.outcome.value, "reason": answer.reason}
        click.echo(json.dumps({**document, "objectives": objectives, "evidence": evidence}, indent=2))
        return answer.outcome.exit_code
    for item in answer.evidence:
        if item.outcome is not Outcome.PASS:
            click.echo(f"evidence {item.name}: {item.outcome.value}: {item.reason}")
    for result in answer.objectives:
        click.echo(f"{result.outcome.value:13} {result.objective.name}: {result.reason}")
    click.echo(f"judge: {answer.outcome.value}: {answer.reason}")
    return answer.outcome.exit_code
