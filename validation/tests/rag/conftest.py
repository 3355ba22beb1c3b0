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


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory, minilm: MiniLM) -> Iterator[dict[str, Stack]]:
    """Every server whose environment is there, started side by side; whatever happens, all are killed."""
    running: dict[str, Stack] = {}
    try:
        for api in VENVS:
            if program(api).exists() and tiktoken_folder().is_dir():
                engine = Engine("127.0.0.1", 0, minilm).start()
                running[api] = start(api, tmp_path_factory.mktemp(api), engine)
        yield running
    finally:
        for stack in running.values():
            stack.stop()


@pytest.fixture(scope="session", params=sorted(VENVS))
def stack(request: pytest.FixtureRequest, stacks: dict[str, Stack]) -> Stack:
    if request.param not in stacks:
        name = VENVS[request.param][0]
        pytest.skip(f"no {program(request.param)}: run `leanrag tools {name}`")
    return stacks[request.param].wait()


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
