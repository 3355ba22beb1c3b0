"""Tokens that must fit: a chunk its embedder, a RAG prompt its chat model, the gate's requests the engine they test."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.contracts import Contract, of_task, published
from leanrag.checks.finding import Finding
from leanrag.checks.scope import Scope
from leanrag.core.shapes import mapping

# Chunks are counted in cl100k, and the embedder counts its own tokens. Measured with the WordPiece of all-MiniLM-L6-v2
# on 102 chunks of 200 tokens of this repository's documents: 1.05 times as many in the median, 1.21 in 99 of 100.
_WORDPIECE = 1.25
# The beginning and the end of a text ([CLS], [SEP]) take a place each.
_MARKS = 2


def chunks_fit(scope: Scope) -> Iterator[Finding]:
    """CTX001: a chunk that is longer than the embedder's sequence is cut or refused, so its end is never found."""
    models = of_task(scope, "embedding")
    needs = _needs(scope)
    for rag in published(scope, "rag.json"):
        size = mapping(rag.body.get("chunk")).get("sizeTokens")
        name = str(mapping(rag.body.get("models")).get("embedding") or "").partition("/")[2]
        limit = models[name].body.get("maxModelLen") if name in models else None
        if not isinstance(size, int) or not isinstance(limit, int):
            continue
        need, room = math.ceil(size * _WORDPIECE) + _MARKS, math.floor((limit - _MARKS) / _WORDPIECE)
        if need > limit:
            message = f"a chunk of {size} tokens (cl100k) is up to {need} of {name!r}, whose sequence holds {limit}"
            fix = f"write retrieval.chunk.sizeTokens: {room} or less, or serve an embedder with a longer sequence"
            yield scope.finding("CTX001", rag.manifest, rag.where("chunk.sizeTokens"), message, fix, culprit=size)
        yield from _believed(scope, needs.get(rag.manifest.name), name, limit)


def _believed(scope: Scope, needs: Contract | None, name: str, limit: int) -> Iterator[Finding]:
    told = _engine(needs, "embedding").get("inputTokens")
    if needs and isinstance(told, int) and told > limit:
        message = f"the RAG stack sends {name!r} texts of {told} tokens, and its engine takes {limit} at most"
        fix = f"write models.embedding.contextLength: {limit}, or raise the model's maxModelLen"
        where = needs.where("engines.embedding.inputTokens")
        yield scope.finding("CTX001", needs.manifest, where, message, fix, culprit=told)


def prompts_fit(scope: Scope) -> Iterator[Finding]:
    """CTX002: the chunks that a search brings and the longest answer leave the question room in the chat model."""
    models = of_task(scope, "chat")
    rags = {rag.manifest.name: rag.body for rag in published(scope, "rag.json")}
    for name, needs in _needs(scope).items():
        chat, results = _engine(needs, "chat"), needs.body.get("results")
        size = mapping(mapping(rags.get(name)).get("chunk")).get("sizeTokens")
        answer, model = chat.get("answerTokens"), str(chat.get("model"))
        limit = models[model].body.get("maxModelLen") if model in models else None
        if not (isinstance(results, int) and isinstance(size, int)):
            continue
        if not (isinstance(answer, int) and isinstance(limit, int)):
            continue
        used = results * size + answer
        if used >= limit:
            message = (
                f"{results} chunks of {size} tokens and an answer of {answer} are {used} tokens before the question, "
                f"and {model!r} has {limit}"
            )
            fits = max(0, (limit - answer - 1) // results)
            fix = f"raise maxModelLen, or lower retrieval.chunk.sizeTokens ({fits} fit) or models.chat.maxTokens"
            there = models[model]
            yield scope.finding("CTX002", there.manifest, there.where("maxModelLen"), message, fix, culprit=limit)


def traffic_fits(scope: Scope) -> Iterator[Finding]:
    """CTX003: a request of the gate's traffic that is longer than its model is refused, and proves nothing."""
    for contract in of_task(scope, "chat").values():
        traffic = mapping(mapping(contract.body.get("slo")).get("traffic"))
        prompt, answer = traffic.get("promptTokens"), traffic.get("outputTokens")
        limit = contract.body.get("maxModelLen")
        if isinstance(prompt, int) and isinstance(answer, int) and isinstance(limit, int) and prompt + answer > limit:
            message = f"{prompt} tokens of prompt and {answer} of answer are {prompt + answer}; the model has {limit}"
            fix = "lower slo.traffic.promptTokens or outputTokens, or raise model.maxModelLen"
            where = contract.where("slo.traffic.promptTokens")
            yield scope.finding("CTX003", contract.manifest, where, message, fix, culprit=prompt)


def _needs(scope: Scope) -> dict[str, Contract]:
    return {needs.manifest.name: needs for needs in published(scope, "needs.json")}


def _engine(needs: Contract | None, role: str) -> Mapping[str, Any]:
    return mapping(mapping(needs.body.get("engines")).get(role)) if needs else {}
