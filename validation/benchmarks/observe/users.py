"""Traffic while something is proven: documents, searches, answers and completions, until the block ends."""

import math
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import requests
from stage import Plan

from leanrag.core.errors import LeanragError
from leanrag.gate.discover import ModelTarget, discover
from leanrag.local.stack import Stack
from leanrag.rag.case import Document
from leanrag.rag.client import Client, Store
from leanrag.rag.http import ServiceError

_PAUSE, _TIMEOUT = 2.0, 60.0
_TEXT = "Which notice period has the contract? " * 8


@contextmanager
def users(plan: Plan, running: Stack) -> Iterator[None]:
    """Ask the RAG service and its engine as a few people would, who keep a store and put a document in now and then."""
    ended = threading.Event()
    found = discover(plan.local, running.addresses, running.tokens)
    client, store = _client(plan, running)
    files: list[str] = []

    def ask() -> None:
        while not ended.wait(_PAUSE):
            with suppress(ServiceError, LeanragError):
                files.append(_put(client, store, len(files)))
                client.embed(_TEXT)
                client.search(store, _TEXT, "vector")
                client.answer(store, _TEXT)
                client.stream("chat", _TEXT)

    def complete() -> None:
        while not ended.wait(_PAUSE):
            for model in found.measured:
                _complete(model, 16)

    threads = [threading.Thread(target=each, daemon=True) for each in (ask, complete)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        ended.set()
        for each in threads:
            each.join(_TIMEOUT)
        _forget(client, store, files)


def _client(plan: Plan, running: Stack) -> tuple[Client, Store]:
    target = discover(plan.local, running.addresses, running.tokens).rag
    assert target
    client = Client.to(target, timeout=_TIMEOUT, until=math.inf)
    client.ready()
    return client, client.create_store()


def _put(client: Client, store: Store, number: int) -> str:
    document = Document(f"contract-{number}.md", f"Contract {number}. {_TEXT}".encode(), {})
    file = client.upload(document)
    client.attach(store, file, document)
    return file


def _forget(client: Client, store: Store, files: Iterable[str]) -> None:
    for path in (f"/v1/vector_stores/{store.id}", *(f"/v1/files/{file}" for file in files)):
        client.delete(path)


@contextmanager
def seekers(plan: Plan, running: Stack) -> Iterator[None]:
    """Search a vector store that nobody has put anything into, until the block ends."""
    ended = threading.Event()
    client, store = _client(plan, running)

    def search() -> None:
        while not ended.wait(_PAUSE):
            with suppress(ServiceError, LeanragError):
                client.search(store, _TEXT, "vector")

    thread = threading.Thread(target=search, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(_TIMEOUT)
        _forget(client, store, ())


@contextmanager
def crowd(plan: Plan, running: Stack, size: int, tokens: int) -> Iterator[None]:
    """Keep `size` long completions at the engine until the block ends: of `tokens` at most, no two ends at once."""
    ended = threading.Event()
    model = discover(plan.local, running.addresses, running.tokens).measured[0]

    def press(number: int) -> None:
        while not ended.is_set():
            _complete(model, tokens - number)

    with ThreadPoolExecutor(size) as pool:
        waiting = [pool.submit(press, number) for number in range(size)]
        try:
            yield
        finally:
            ended.set()
    del waiting


def _complete(model: ModelTarget, tokens: int) -> None:
    body = {"model": model.name, "prompt": _TEXT, "max_tokens": tokens, "ignore_eos": True, "stream": True}
    headers = {"Authorization": f"Bearer {model.token}"} if model.token else {}
    # What does not come back is what alerts are for.
    with suppress(requests.RequestException):
        url = model.address.rstrip("/").removesuffix("/v1")
        requests.post(f"{url}/v1/completions", json=body, headers=headers, timeout=_TIMEOUT)
