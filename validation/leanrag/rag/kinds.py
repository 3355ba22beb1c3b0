"""The kinds of cases: each asks the service through the client and has the answer judged. Written out in KINDS."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from leanrag.rag import judge
from leanrag.rag.case import Case
from leanrag.rag.client import Client, Store
from leanrag.rag.http import Reply
from leanrag.rag.judge import Judgement
from leanrag.rag.stream import events

WRONG_KEY = "leanrag-smoke-a-key-that-nobody-issued"


def _models(client: Client, _store: Store, case: Case) -> Judgement:
    names = {"chat": client.target.chat_model, "embedding": client.target.embedding_model}
    return judge.models(client.models(), (names[role] for role in case.expect["listed"]))


def _dimension(client: Client, store: Store, case: Case) -> Judgement:
    places: Mapping[str, Callable[[], int | None]] = {
        "contract": lambda: client.target.dimension,
        "embeddings": lambda: len(client.embed(case.input["text"])),
        "models": lambda: _listed_dimension(client),
        "store": lambda: store.dimension,
    }
    return judge.dimension({place: places[place]() for place in case.expect["agree"]})


def _listed_dimension(client: Client) -> int | None:
    entry = client.models().get(client.target.embedding_model, {})
    value = (entry.get("custom_metadata") or {}).get("embedding_dimension")
    return value if isinstance(value, int) else None


def _search(client: Client, store: Store, case: Case) -> Judgement:
    given = case.input
    hits = client.search(store, given["query"], given["mode"], given.get("limit", 5), given.get("filters"))
    return judge.search(hits, case.expect)


def _answer(client: Client, store: Store, case: Case) -> Judgement:
    return judge.answer(client.answer(store, case.input["question"]), case.expect)


def _response(client: Client, _store: Store, case: Case) -> Judgement:
    return judge.response(client.respond(case.input["question"]), case.expect)


def _stream(client: Client, _store: Store, case: Case) -> Judgement:
    api = case.input["api"]
    found = events(client.stream(api, case.input["question"]))
    return (judge.responses_stream if api == "responses" else judge.chat_stream)(found, case.expect)


def _status(client: Client, _store: Store, case: Case) -> Judgement:
    return judge.status(_sent(client, case), case.expect)


def _recovery(client: Client, _store: Store, case: Case) -> Judgement:
    refused = _sent(client, case)
    started = time.monotonic()
    health = client.http.send("GET", "/v1/health")
    return judge.recovery(refused, health, time.monotonic() - started, case.expect)


def _sent(client: Client, case: Case) -> Reply:
    key = case.input.get("key", "right")
    headers = {"wrong": {"authorization": f"Bearer {WRONG_KEY}"}, "none": {}}.get(key)
    body = _filled(client, case.input.get("body"))
    content: dict[str, Any] = {} if body is None else {"json": body}
    if isinstance(body, str):
        headers = {**(client.http.headers if headers is None else headers), "content-type": "application/json"}
        content = {"data": body.encode()}
    return client.http.send(case.input["method"], case.input["path"], headers=headers, **content)


def _filled(client: Client, value: Any) -> Any:
    """Put the target's model names where a case says {chatModel} or {embeddingModel}."""
    if isinstance(value, dict):
        return {key: _filled(client, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(client, one) for one in value]
    names = {"{chatModel}": client.target.chat_model, "{embeddingModel}": client.target.embedding_model}
    return names.get(value, value) if isinstance(value, str) else value


KINDS: Mapping[str, Callable[[Client, Store, Case], Judgement]] = MappingProxyType(
    {
        "models": _models,
        "dimension": _dimension,
        "search": _search,
        "answer": _answer,
        "response": _response,
        "stream": _stream,
        "status": _status,
        "recovery": _recovery,
    }
)
