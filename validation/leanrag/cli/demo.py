"""The demo: everything from an empty cache to a verdict and a report, with what took the time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leanrag.catalog.repository import Repository
from leanrag.checks.schemas import schemas
from leanrag.cli.gate import run_and_report
from leanrag.cli.memory import PeakMemory
from leanrag.core.files import cache_dir
from leanrag.core.progress import say
from leanrag.local import stack
from leanrag.local.environments import environment
from leanrag.render.tools import tool

OUT = Path("out")


class Stages:
    """Names and wall seconds of what was done, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Say that a stage begins, and note how long it took even when it fails."""
        say(f"== {name}")
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - started

    def summary(self) -> str:
        """Return one line: what took the time."""
        parts = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.seconds.items())
        return f"{sum(self.seconds.values()):.0f} s in all: {parts}"


def run_demo(root: Path, wanted: stack.Wanted, *, keep: bool = False) -> int:
    """Prepare, start, gate, report, stop; return the verdict's exit code. Nothing is left running unless `keep`."""
    repository, stages = Repository(root), Stages()
    wanted.check()
    say(f"cache: {cache_dir()}; the first run takes 5 to 15 minutes on two cores, the next ones about 2")
    with PeakMemory() as memory:
        with stages.stage("tools and environments"):
            _prepare(wanted)
        try:
            with stages.stage("stack"):
                running = stack.up(repository, wanted)
            if wanted.fault == "dead":
                running.kill(running.chat)
            with stages.stage("gate"):
                verdict = run_and_report(root, stack.CLUSTER, _out(wanted), reproduce=(_command(wanted),))
        finally:
            if not keep:
                with stages.stage("stop"):
                    stack.down()
    code = verdict.outcome.exit_code
    say(f"{stages.summary()}; peak memory {memory.gib:.1f} GiB")
    say(f"exit code {code} ({verdict.outcome})")  # make itself ends with 2 for every code but 0
    return code


def _prepare(wanted: stack.Wanted) -> None:
    needed: list[Callable[[], object]] = [lambda: tool("helm"), schemas]
    needed += [lambda: environment("vllm"), lambda: environment(_server(wanted)), lambda: environment("guidellm")]
    if wanted.engine == "sim":
        needed.append(lambda: tool("sim"))
    for prepare in needed:
        prepare()


def _server(wanted: stack.Wanted) -> str:
    return {"llamastack": "llama-stack"}.get(wanted.api, wanted.api)


def _out(wanted: stack.Wanted) -> Path:
    return OUT / "-".join(part for part in ("demo", wanted.engine, wanted.api, wanted.fault) if part)


def _command(wanted: stack.Wanted) -> str:
    fault = f" FAULT={wanted.fault}" if wanted.fault else ""
    return f"make demo ENGINE={wanted.engine} API={wanted.api}{fault}"
