"""What goes wrong, each for as long as a block lasts."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import psutil
from scraping import config
from stage import Stage
from users import crowd, seekers

from leanrag.cli.gate import run_and_report
from leanrag.core.errors import ToolError
from leanrag.local.blueprint import blueprint
from leanrag.local.stack import CLUSTER

CROWD, _LONG = 64, 256  # more than the engine's maxNumSeqs, longer than a poll
FULL, _FILLING = 96, 430
_FEW, _WHOLE_MINUTES, _PATIENCE = 2, 2000, 60.0
_CORES = ("VLLM::EngineCore", "VLLM::Worker")


def queue(stage: Stage) -> AbstractContextManager[None]:
    """Ask for more than the engine has seats for."""
    return crowd(stage.plan, stage.stack, CROWD, _LONG)


def full(stage: Stage) -> AbstractContextManager[None]:
    """Ask for more tokens than the KV cache holds."""
    return crowd(stage.plan, stage.stack, FULL, _FILLING)


def unscraped(stage: Stage) -> AbstractContextManager[None]:
    """Take the engine's job away, as a monitor deleted by mistake does: no series is left to compare."""
    return _configured(stage, config(stage.scrapes, without=[_engine(stage)]))


def mute(stage: Stage) -> AbstractContextManager[None]:
    """Drop the engine's metrics at the scrape, as a relabelling does that is too wide; it still answers."""
    return _configured(stage, config(stage.scrapes, mute=[_engine(stage)]))


@contextmanager
def _configured(stage: Stage, text: str) -> Iterator[None]:
    stage.real.configure(text)
    try:
        yield
    finally:
        stage.real.configure(config(stage.scrapes))


def _engine(stage: Stage) -> str:
    return next(each.job for each in stage.scrapes if each.labels.get("pod") == stage.stack.chat)


@contextmanager
def stalled(stage: Stage) -> Iterator[None]:
    """Stop the engine behind its API server while it has requests: it answers scrapes, and makes no token."""
    with crowd(stage.plan, stage.stack, _FEW, _WHOLE_MINUTES):
        _until_running(stage)
        cores = _cores(stage)
        for each in cores:
            each.suspend()
        try:
            yield
        finally:
            for each in cores:
                each.resume()


def _until_running(stage: Stage) -> None:
    end = time.monotonic() + _PATIENCE
    while not any(each.value >= _FEW for each in stage.real.query("vllm:num_requests_running")):
        if time.monotonic() > end:
            raise ToolError("the engine has no request to be stalled with", hint="look at the log of the chat engine")
        time.sleep(1)


def _cores(stage: Stage) -> list[psutil.Process]:
    part = next(each for each in stage.stack.state.parts if each.name == stage.stack.chat)
    found = [each for each in psutil.Process(part.pid).children(recursive=True) if each.name().startswith(_CORES)]
    if not found:
        raise ToolError("no process of the engine behind its API server", hint=f"none is called {' or '.join(_CORES)}")
    return found


@contextmanager
def killed(stage: Stage) -> Iterator[None]:
    """End the chat engine as a crash would; nothing starts it again."""
    _kill(stage, "chat")
    yield


@contextmanager
def judged(stage: Stage) -> Iterator[None]:
    """Let the gate judge what is broken; its verdict is told as a nightly run's."""
    run_and_report(stage.plan.repository.root, CLUSTER, stage.verdicts)
    yield


@contextmanager
def unembedded(stage: Stage) -> Iterator[None]:
    """End the embedding engine while somebody searches."""
    with seekers(stage.plan, stage.stack):
        _kill(stage, "embedding")
        yield


def _kill(stage: Stage, task: str) -> None:
    stage.stack.kill(blueprint(stage.plan.workloads, None).pod_of(task))


def empty(stage: Stage) -> AbstractContextManager[None]:
    """Search where nobody has put anything."""
    return seekers(stage.plan, stage.stack)
