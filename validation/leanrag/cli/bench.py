"""Verbs about the bench: a real Kubernetes, Argo CD and Git server on this machine."""

from pathlib import Path
from typing import Any

import click

from leanrag.bench import up as life
from leanrag.bench.memory import Part
from leanrag.bench.network import INSTANCES
from leanrag.bench.state import Wanted
from leanrag.core.progress import say

instance_option = click.option(
    "--instance",
    type=click.IntRange(0, INSTANCES - 1),
    default=0,
    show_default=True,
    help="Which bench: number N uses 10.97.N.0/24 and a state folder of its own.",
)


@click.group("bench")
def bench_group() -> None:
    """The bench: Kubernetes, Argo CD and a Git server as processes of this machine (Linux, root)."""


@bench_group.command("up")
@instance_option
@click.option("--spoke", is_flag=True, help="Start a second Kubernetes, to be managed from the first.")
@click.option("--kserve", is_flag=True, help="Start the KServe controller, too.")
@click.option("--llm-d", "llmd", is_flag=True, help="Start KServe's controller of llm-d and LeaderWorkerSet's, too.")
@click.option("--ogx", is_flag=True, help="Start OGX's operator, too.")
@click.option("--keda", is_flag=True, help="Start KEDA's operator, too.")
@click.option("--bare", is_flag=True, help="Kubernetes alone: no images of ours, no Git server, no Argo CD.")
def up_verb(**asked: Any) -> int:
    """Bring the bench up; a second call changes nothing."""
    made = life.up(Wanted(**asked))
    click.echo(made.kubeconfig)
    return 0


@bench_group.command("down")
@instance_option
@click.option("--keep", is_flag=True, help="Keep its data: the next `up` continues with it.")
@click.option("--images", is_flag=True, help="Remove the imported images, too.")
def down_verb(instance: int, keep: bool, images: bool) -> int:
    """End the bench and remove every process, mount, network interface and rule that it made."""
    count = life.down(instance, keep=keep, images=images)
    say(f"ended {count} parts" if count else "nothing was running")
    return 0


@bench_group.command("status")
@instance_option
def status_verb(instance: int) -> int:
    """Show each part with its memory, and the sum."""
    found, parts = life.status(instance)
    if found is None and not parts:
        click.echo("no bench; start it: leanrag bench up")
        return 1
    for part in parts:
        click.echo(_line(part))
    click.echo(f"{'sum':30} {sum(part.mib for part in parts):8.0f} MiB")
    whole = found is not None and found.whole and all(part.alive for part in parts)
    click.echo(f"up since {found.since}" if whole and found else "not whole; repair it: leanrag bench up")
    return 0 if whole else 1


def _line(part: Part) -> str:
    if not part.alive:
        return f"{part.name:30} ENDED; its log: {part.log}"
    return f"{part.name:30} {part.mib:8.0f} MiB in {part.processes} processes"


@bench_group.command("doctor")
@instance_option
def doctor_verb(instance: int) -> int:
    """Say whether this machine can run the bench, and what is missing; installs missing Debian packages."""
    life.doctor(instance)
    click.echo("the bench can run here: leanrag bench up")
    return 0


@bench_group.command("kubeconfig")
@instance_option
@click.option("--spoke", is_flag=True, help="That of the spoke.")
def kubeconfig_verb(instance: int, spoke: bool) -> int:
    """Print where the kubeconfig is that may do everything."""
    made = life.running(instance)
    path: Path = made.spoke_kubeconfig if spoke and made.spoke_kubeconfig else made.kubeconfig
    click.echo(path)
    return 0
