"""Fixtures: the two real servers, a proxy that breaks things, and a corpus that is stored once a server."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from leanrag.rag.case import BUILT_IN, Suite, load_suite
from leanrag.rag.client import Client
from leanrag.rag.session import Session
from leanrag.rag.standin.minilm import MiniLM
from leanrag.rag.standin.server import Behaviour, Engine
from leanrag.rag.target import Target, parse_contract

from .proxy import FaultProxy
from .stack import KEY, VENVS, Stack, minilm_folder, program, start, tiktoken_folder


def target_of(stack: Stack, url: str = "") -> Target:
    """The stack's contract, with the stand-in counted as an answering model."""
    return parse_contract(json.dumps(stack.contract), "rag.json", url=url, api_key=KEY, answering=True)


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    folder = minilm_folder()
    if not folder.is_dir():
        pytest.skip(f"no MiniLM weights at {folder}: run `leanrag tools minilm`")
    return MiniLM.load(folder)


class Stacks:
    """The servers that were asked for so far; each starts when a test first wants it."""

    def __init__(self, minilm: MiniLM, folders: pytest.TempPathFactory) -> None:
        self.minilm, self.folders = minilm, folders
        self.running: dict[str, Stack] = {}

    def get(self, api: str) -> Stack:
        if not (program(api).exists() and tiktoken_folder().is_dir()):
            pytest.skip(f"no {program(api)} or no {tiktoken_folder()}: run `leanrag tools {VENVS[api][0]} tiktoken`")
        if api not in self.running:
            engine = Engine("127.0.0.1", 0, self.minilm).start()
            self.running[api] = start(api, self.folders.mktemp(api), engine)
        return self.running[api].wait()

    def stop(self) -> None:
        for stack in self.running.values():
            stack.stop()


@pytest.fixture(scope="session")
def stacks(minilm: MiniLM, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    """Whatever happens, every server that was started is killed."""
    servers = Stacks(minilm, tmp_path_factory)
    try:
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="session", params=sorted(VENVS))
def stack(request: pytest.FixtureRequest, stacks: Stacks) -> Stack:
    return stacks.get(request.param)


@pytest.fixture(scope="session")
def proxy(stack: Stack) -> Iterator[FaultProxy]:
    server = FaultProxy(stack.url)
    server.key = KEY
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def stored(stack: Stack, proxy: FaultProxy) -> Session:
    """The built-in corpus, stored once through the proxy; the server is killed with it, so nothing is deleted."""
    client = Client.to(target_of(stack, proxy.url), timeout=10, until=time.monotonic() + 600)
    client.ready()
    session = Session(client, load_suite(BUILT_IN))
    assert session.ingest().outcome == "PASS", session.ingest().reason
    return session


@pytest.fixture
def broken(stored: Session, proxy: FaultProxy, stack: Stack) -> Iterator[Callable[..., Session]]:
    """Break something by name: a fault of the proxy or a behaviour of the engine. Mended after the test."""

    def break_it(fault: str = "", behaviour: Behaviour = Behaviour.HONEST, timeout: float = 10.0) -> Session:
        proxy.fault, stack.engine.behaviour = fault, behaviour
        return replace(stored, client=replace(stored.client, http=replace(stored.client.http, timeout=timeout)))

    yield break_it
    proxy.fault, stack.engine.behaviour = "", Behaviour.HONEST


@pytest.fixture(scope="session")
def built_in() -> Suite:
    return load_suite(BUILT_IN)
