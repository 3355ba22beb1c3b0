"""References across charts that no other tool sees: what the RAG stack asks for is what its neighbours serve."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.contracts import (
    KEYS,
    Contract,
    address,
    engine_needs,
    in_overlay,
    incomplete,
    labelled,
    place,
    published,
    service,
)
from leanrag.checks.finding import Finding, suggestion
from leanrag.checks.scope import Scope
from leanrag.core.result import JSON
from leanrag.core.shapes import mapping

# Ports of a predictor's Service: KServe's own, its pods' where the Service is headless, and those of the proxy.
_KSERVE_PORTS = (80, 443, 8080, 8443)
_SECRET = {True: "with a token", False: "without a token"}


def contracts_are_json(scope: Scope) -> Iterator[Finding]:
    """RAG003: what charts publish can be read by the gate and by these rules."""
    for label, key in KEYS:
        for manifest in labelled(scope, label):
            text = mapping(manifest.body.get("data")).get(key)
            if text is None and key == "needs.json":
                continue
            try:
                good = isinstance(json.loads(str(text)), dict)
            except (ValueError, RecursionError):
                good = False
            if not good:
                message = "is no JSON object, so the gate cannot read it"
                yield scope.finding("RAG003", manifest, f"data.{key}", message, "render it with toJson")


def models_are_served(scope: Scope) -> Iterator[Finding]:
    """RAG001: the chat and the embedding model of the RAG stack are served by a model of the same cluster."""
    models = [each.body for each in published(scope, "model.json")]
    if incomplete(scope, "model") or any(contracts_are_json(scope)):
        return
    for rag in published(scope, "rag.json"):
        for task, wanted in mapping(rag.body.get("models")).items():
            served = sorted(str(body.get("model")) for body in models if body.get("task") == task)
            name = str(wanted).partition("/")[2]
            if name not in served:
                message = f"no {task} model {name!r} is served on this cluster"
                fix = (
                    suggestion(name, served, "model")
                    if served
                    else f"serve one: add a file to overlays/<environment>/models (task: {task})"
                )
                yield scope.finding("RAG001", rag.manifest, rag.where(f"models.{task}"), message, fix, culprit=name)


def dimensions_agree(scope: Scope) -> Iterator[Finding]:
    """RAG002: the RAG stack's vectors have the dimension of its embedding model, else every insert fails."""
    models = {str(each.body.get("model")): each.body for each in published(scope, "model.json")}
    for rag in published(scope, "rag.json"):
        name = str(mapping(rag.body.get("models")).get("embedding") or "").partition("/")[2]
        expected, own = mapping(models.get(name)).get("dimension"), rag.body.get("dimension")
        if name in models and own != expected:
            message = f"{own} is not the dimension of {name!r}, which is {expected}"
            fix = f"write {expected} in the RAG stack's values, or correct the model's"
            yield scope.finding("RAG002", rag.manifest, rag.where("dimension"), message, fix, culprit=own)


def stores_agree(scope: Scope) -> Iterator[Finding]:
    """RAG004: the vector store at the RAG stack's address is of its kind, dimension and sign-in."""
    stores = list(published(scope, "store.json"))
    dimensions = {rag.manifest.name: rag.body.get("dimension") for rag in published(scope, "rag.json")}
    for needs in published(scope, "needs.json"):
        need = mapping(needs.body.get("store"))
        if not need:
            continue  # a store inside the stack's own pod
        called = place(need.get("url"))[:2]
        found = next((each for each in stores if _listens(each.body) == called), None)
        if found:
            yield from _of_store(scope, needs, need, found, dimensions.get(needs.manifest.name))
        else:
            yield from _no_store(scope, needs, need, stores)


def _listens(store: Mapping[str, Any]) -> tuple[tuple[str, str] | str, int | None]:
    return place(store.get("url") or f"tcp://{store.get('host')}:{store.get('port')}")[:2]


def _no_store(scope: Scope, needs: Contract, need: Mapping[str, Any], stores: list[Contract]) -> Iterator[Finding]:
    """A store outside this cluster's layers is somebody else's, and nobody publishes what it is."""
    target = service(need.get("url"))
    data = scope.namespaces.get("data")
    unsure = any(app.layer == "data" and app.name in scope.missing for app in scope.apps)
    if not target or target[1] != data or unsure:
        return
    kind = str(need.get("kind"))
    deployed = ", ".join(sorted(str(each.body.get("kind")) for each in stores)) or "none"
    message = f"no vector store is deployed at {need.get('url')} (deployed: {deployed})"
    fix = f"add overlays/<environment>/data/{kind}.yaml with its contract, or write store.url"
    yield scope.finding("RAG004", needs.manifest, needs.where("store.url"), message, fix, culprit=need.get("url"))


def _of_store(
    scope: Scope, needs: Contract, need: Mapping[str, Any], found: Contract, dimension: Any
) -> Iterator[Finding]:
    store, name = found.body, f"{found.manifest.app.name or found.manifest.name}"

    def finding(field: str, message: str, fix: str, culprit: JSON = None) -> Finding:
        found = scope.finding("RAG004", needs.manifest, needs.where(field), message, fix, culprit=culprit)
        return in_overlay(scope, needs.manifest, found)

    if need.get("kind") != store.get("kind"):
        message = f"{need.get('kind')!r} is expected at {need.get('url')}, where {name} is {store.get('kind')!r}"
        yield finding("store.kind", message, "write vectorStore or store.url of the other", need.get("kind"))
        return
    if store.get("dimension") not in (None, dimension):
        message = f"{dimension} numbers a vector are written to {name}, which is made for {store['dimension']}"
        yield finding("store", message, f"write contract.dimension: {dimension} there, or correct this", dimension)
    if bool(need.get("auth")) != bool(store.get("auth")):
        asks = "asks for one" if store.get("auth") else "asks for none"
        message = f"{name} is called {_SECRET[bool(need.get('auth'))]}, and it {asks}"
        yield finding(
            "store.auth", message, "set store.auth.secretName in the RAG stack exactly where the store has auth"
        )
    own, other = address(need.get("url"))[2], address(store.get("url"))[2]
    if other and {own, other} == {"http", "https"}:
        yield finding("store.url", f"speaks {own} to {name}, which speaks {other}", f"write store.url: {store['url']}")


def engines_agree(scope: Scope) -> Iterator[Finding]:
    """RAG005: the RAG stack calls each model where it is served, and with a token where one is asked for."""
    models = [each.body for each in published(scope, "model.json")]
    for needs, role, need in engine_needs(scope):
        there = next((each for each in models if place(each.get("url")) == place(need.get("url"))), None)
        named = next((each for each in models if each.get("model") == need.get("model")), None)
        field, message, fix = _wrong_engine(role, need, there, named)
        if message:
            culprit = need.get("url") if field == "url" else None
            where = needs.where(f"engines.{role}.{field}")
            found = scope.finding("RAG005", needs.manifest, where, message, fix, culprit=culprit)
            yield in_overlay(scope, needs.manifest, found)


_Body = Mapping[str, Any]


def _wrong_engine(role: str, need: _Body, there: _Body | None, named: _Body | None) -> tuple[str, str, str]:
    """Return field, message and way out: `there` is the model at the address, `named` the one of the name."""
    name, url = need.get("model"), need.get("url")
    fix = f"write models.{role}.url: {named.get('url')}" if named else f"serve {name!r} on this cluster"
    if there is None and named is not None and not _leads_to(url, named):
        return "url", f"{name!r} is asked for at {url}, and served at {named.get('url')}", fix
    if there is not None and there.get("model") != name:
        return (
            "url",
            f"{name!r} is asked for at {url}, where {there.get('model')!r} is served: every call is a 404",
            fix,
        )
    if there is not None and bool(need.get("auth")) != bool(there.get("auth")):
        asks = "asks for one" if there.get("auth") else "asks for none"
        message = f"{name!r} is called {_SECRET[bool(need.get('auth'))]}, and its engine {asks}"
        return "auth", message, f"set models.{role}.auth.secretName exactly where the model has auth.enabled"
    return "", "", ""


def _leads_to(url: Any, model: _Body) -> bool:
    """Say whether another address may lead to a model, too: a gateway's, somebody else's, or KServe's own Service."""
    asked, own = service(url), service(model.get("url"))
    if asked is None or own is None or asked[1] != own[1]:
        return True
    return asked[0] == f"{model.get('release')}-predictor" and place(url)[1] in _KSERVE_PORTS
