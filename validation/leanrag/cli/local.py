"""Verbs about this machine: demo, local up/down/status, tools."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from leanrag.catalog.repository import Repository
from leanrag.checks.schemas import schemas
from leanrag.cli.demo import run_demo
from leanrag.cli.options import root_option
from leanrag.core.errors import InputError
from leanrag.core.progress import say
from leanrag.engine.lists import prepare_all
from leanrag.local import stack
from leanrag.local.assets import ASSETS, asset
from leanrag.local.environments import ENVIRONMENTS, environment
from leanrag.local.faults import FAULTS
from leanrag.local.substitutions import SUBSTITUTIONS
from leanrag.render.tools import tool

engine_option = click.option("--engine", type=click.Choice(stack.ENGINES), default="vllm", show_default=True)
api_option = click.option("--api", type=click.Choice(stack.APIS), default="llamastack", show_default=True)
fault_option = click.option("--fault", type=click.Choice(sorted(fault.name for fault in FAULTS)), help="Break this.")


@click.command("demo")
@root_option
@engine_option
@api_option
@fault_option
@click.option("--keep", is_flag=True, help="Leave the stack running afterwards.")
def demo_verb(root: Path, engine: str, api: str, fault: str | None, keep: bool) -> int:
    """Start the real RAG stack from the charts, gate it, end with a verdict and a report."""
    return run_demo(root, stack.Wanted(engine, api, fault), keep=keep)


@click.group("local")
def local_group() -> None:
    """The demo stack: the rendered charts of cluster `local` as processes on this machine."""


@local_group.command("up")
@root_option
@engine_option
@api_option
@fault_option
@click.option("--block", type=click.IntRange(1, 254), help="Use the addresses 127.77.<block>.* and no others.")
def up_verb(root: Path, engine: str, api: str, fault: str | None, block: int | None) -> int:
    """Bring the stack up; a second call changes nothing."""
    running = stack.up(Repository(root), stack.Wanted(engine, api, fault, block))
    for published, real in running.addresses.items():
        click.echo(f"{published} -> {real}")
    return 0


@local_group.command("down")
def down_verb() -> int:
    """Take the stack down; nothing is left running."""
    count = stack.down()
    say(f"stopped {count} parts" if count else "nothing was running")
    return 0


@local_group.command("status")
def status_verb() -> int:
    """Show each part, and what is not taken over from the charts, with its reason."""
    found, parts = stack.status()
    if found is None:
        click.echo("no local stack; start it: leanrag local up")
        return 1
    click.echo(f"engine {found.engine}, api {found.api}, fault {found.fault or 'none'}")
    for part in parts:
        click.echo(
            f"{'running' if part.alive else 'ENDED  '} {part.part.name}" + (f": {part.last}" if part.last else "")
        )
    click.echo("\nnot taken over from the charts:")
    for one in SUBSTITUTIONS:
        click.echo(f"  {one.what}: {one.instead} ({one.reason})")
    return 0 if all(part.alive for part in parts) else 1


_GO = ("helm", "helm-unittest", "render", "sim", "kubeconform", "registry", "yaml-golden", "prometheus", "promtool")


def _preparations() -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {"schemas": schemas, "engines": prepare_all}
    found |= {name: partial(tool, name) for name in _GO}
    found |= {each.name: partial(environment, each.name) for each in ENVIRONMENTS}
    found |= {each.name: partial(asset, each.name) for each in ASSETS}
    return found


@click.command("tools")
@click.argument("names", nargs=-1, required=True)
def tools_verb(names: tuple[str, ...]) -> int:
    """Prepare the programs, environments and models NAMES, each once."""
    known = _preparations()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"nothing is called {', '.join(unknown)}", hint="known are: " + ", ".join(known))
    for name in names:
        known[name]()
    return 0
