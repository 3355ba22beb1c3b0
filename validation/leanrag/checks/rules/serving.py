"""Served models: each has a name and an address of its own, and is started for what its contract says."""

from collections.abc import Iterator
from dataclasses import dataclass

from leanrag.checks.contracts import Contract, engine_needs, in_overlay, place, published
from leanrag.checks.finding import Finding, at
from leanrag.checks.rules.engine import engines
from leanrag.checks.scope import Scope
from leanrag.render.manifest import Manifest
from leanrag.size.served import Arguments, arguments, command_line

_NAMES = "--served-model-name"


@dataclass(frozen=True, slots=True)
class Running:
    """One container that runs vLLM: the names that it answers to, and its arguments."""

    manifest: Manifest
    where: str
    names: tuple[str, ...]
    arguments: Arguments


def names_are_their_own(scope: Scope) -> Iterator[Finding]:
    """SRV001: of two models with one name the gate measures neither, and a client reaches the one or the other."""
    owners: dict[str, Contract] = {}
    places: dict[object, Contract] = {}
    contracts = list(published(scope, "model.json"))
    for contract in contracts:
        name, url = str(contract.body.get("model")), contract.body.get("url")
        first = owners.setdefault(name, contract)
        if first is not contract:
            message = f"{name!r} is the name of a model of {_owner(first)}, too, and the gate refuses both"
            where = contract.where("model")
            yield scope.finding(
                "SRV001", contract.manifest, where, message, "give each a model.name of its own", culprit=name
            )
        same = places.setdefault(place(url), contract) if url else contract
        if same is not contract:
            message = f"{url} is the address of {same.body.get('model')!r} of {_owner(same)}, too"
            fix = "correct the url of one of them"
            yield scope.finding("SRV001", contract.manifest, contract.where("url"), message, fix, culprit=str(url))
    yield from _aliases(scope, owners, contracts)


def _aliases(scope: Scope, owners: dict[str, Contract], contracts: list[Contract]) -> Iterator[Finding]:
    """An engine's further names are names, too; those that its own chart publishes are told of already."""
    published_by = {(each.manifest.app.name, str(each.body.get("model"))) for each in contracts}
    for each in _running(scope):
        for name in each.names:
            owner = None if (each.manifest.app.name, name) in published_by else owners.get(name)
            if owner and owner.manifest.app.name != each.manifest.app.name:
                message = f"answers to {name!r}, too, which is the model of {_owner(owner)}"
                fix = f"take it out of {_NAMES}, or give it another name"
                yield scope.finding("SRV001", each.manifest, each.where, message, fix, culprit=name)


def _owner(contract: Contract) -> str:
    return contract.manifest.app.name or contract.manifest.name


def engines_keep_their_contract(scope: Scope) -> Iterator[Finding]:
    """SRV002: what a chart publishes of its engine is what the engine is started with, and enough for who calls it."""
    running = [each for each in _running(scope) if each.names]
    asked = {str(need.get("model")) for _, role, need in engine_needs(scope) if role == "chat"}
    for contract in published(scope, "model.json"):
        name = str(contract.body.get("model"))
        own = [each for each in running if each.manifest.app.name == contract.manifest.app.name]
        serving = [each for each in own if name in each.names]
        if own and not serving:
            names = ", ".join(repr(name) for each in own for name in each.names)
            message, fix = f"{name!r} is published, and the engine answers to {names}", f"write {_NAMES}={name}"
            yield scope.finding("SRV002", contract.manifest, contract.where("model"), message, fix, culprit=name)
        for each in serving:
            for message, fix in _wrong(contract, each.arguments, name in asked):
                yield in_overlay(scope, each.manifest, scope.finding("SRV002", each.manifest, each.where, message, fix))


def _wrong(contract: Contract, given: Arguments, asked: bool) -> Iterator[tuple[str, str]]:
    """Yield message and way out of what one engine does not keep."""
    name, task = contract.body.get("model"), contract.body.get("task")
    promised, length = contract.body.get("maxModelLen"), given.number("max-model-len", 0)
    if "max-model-len" not in given.values:
        message = "starts with the model's own maximum, and stops where the KV cache cannot hold it"
        yield message, f"write --max-model-len={promised}" if promised else "write --max-model-len"
    if "disable-log-stats" in given.values:
        yield "exposes no metrics, and the gate, monitor and autoscaler read them", "take --disable-log-stats out"
    if isinstance(promised, int) and 0 < length < promised:
        message = f"takes {length:g} tokens, and {promised} are published"
        yield message, f"write --max-model-len={promised}, or publish {length:g}"
    pools = given.values.get("runner") == "pooling" or given.values.get("task") in {"embed", "embedding"}
    if task in ("chat", "embedding") and pools != (task == "embedding"):
        fix = "add --runner=pooling" if task == "embedding" else "take --runner=pooling out, or write task: embedding"
        yield f"is {'' if pools else 'not '}started for embeddings, and {name!r} is published for {task}", fix
    if asked and task == "chat" and "tool-call-parser" not in given.values:
        message = f"cannot call tools, and the RAG stack asks {name!r} for file_search: every such call is a 500"
        yield message, "write model.toolCallParser (--enable-auto-tool-choice --tool-call-parser)"


def _running(scope: Scope) -> Iterator[Running]:
    for manifest, where, body in engines(scope):
        named = tuple(_given(command_line(body), _NAMES))
        told = at(manifest.body, ("spec", "model", "name")) if manifest.kind == "LLMInferenceService" else None
        names = named or ((str(told),) if told else ())
        yield Running(manifest, where, names, Arguments(arguments(body)))


def _given(words: list[str], option: str) -> Iterator[str]:
    """Yield the values of an option that takes several: `--x=a`, `--x a b`."""
    taking = False
    for word in words:
        if word.startswith("--"):
            taking = word.partition("=")[0].replace("_", "-") == option
            if taking and "=" in word:
                yield word.partition("=")[2]
        elif taking:
            yield word
