"""References across charts that no other tool sees: the RAG stack's models are served here, in its dimension."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.finding import Finding, suggestion
from leanrag.checks.scope import Scope, mapping
from leanrag.render.manifest import Manifest

_RAG, _SLO = "leanrag.io/rag", "leanrag.io/slo"


def _published(scope: Scope, label: str, key: str) -> Iterator[tuple[Manifest, Mapping[str, Any]]]:
    """Yield the JSON documents that charts publish in labelled ConfigMaps."""
    for manifest in scope.of_kind("ConfigMap"):
        labels = mapping(mapping(manifest.body.get("metadata")).get("labels"))
        text = mapping(manifest.body.get("data")).get(key)
        if labels.get(label) == "true" and isinstance(text, str):
            try:
                yield manifest, mapping(json.loads(text))
            except ValueError:
                continue


def contracts_are_json(scope: Scope) -> Iterator[Finding]:
    """RAG003: what charts publish for the gate can be read by it."""
    for label, key in ((_RAG, "rag.json"), (_SLO, "model.json")):
        for manifest in scope.of_kind("ConfigMap"):
            labels = mapping(mapping(manifest.body.get("metadata")).get("labels"))
            if labels.get(label) != "true":
                continue
            text = mapping(manifest.body.get("data")).get(key)
            try:
                good = isinstance(json.loads(str(text)), dict)
            except ValueError:
                good = False
            if not good:
                message = "is no JSON object, so the gate cannot read it"
                yield scope.finding("RAG003", manifest, f"data.{key}", message, "render it with toJson")


def models_are_served(scope: Scope) -> Iterator[Finding]:
    """RAG001: the chat and the embedding model of the RAG stack are served by a model of the same cluster."""
    models = [body for _, body in _published(scope, _SLO, "model.json")]
    if _incomplete(scope) or any(contracts_are_json(scope)):
        return
    for manifest, rag in _published(scope, _RAG, "rag.json"):
        for task, wanted in mapping(rag.get("models")).items():
            served = sorted(str(body.get("model")) for body in models if body.get("task") == task)
            name = str(wanted).partition("/")[2]
            if name not in served:
                message = f"no {task} model {name!r} is served on this cluster"
                fix = (
                    suggestion(name, served, "model")
                    if served
                    else f"add a {task} model to overlays/<environment>/models"
                )
                where = f"data.rag.json models.{task}"
                yield scope.finding("RAG001", manifest, where, message, fix, culprit=name)


def dimensions_agree(scope: Scope) -> Iterator[Finding]:
    """RAG002: the vector store has the dimension of the embedding model, else every insert fails."""
    models = {body.get("model"): body for _, body in _published(scope, _SLO, "model.json")}
    for manifest, rag in _published(scope, _RAG, "rag.json"):
        name = str(mapping(rag.get("models")).get("embedding") or "").partition("/")[2]
        expected = mapping(models.get(name)).get("dimension")
        if name in models and rag.get("dimension") != expected:
            message = f"{rag.get('dimension')} is not the dimension of {name!r}, which is {expected}"
            fix = f"write {expected} in the RAG stack's values, or correct the model's"
            yield scope.finding(
                "RAG002", manifest, "data.rag.json dimension", message, fix, culprit=rag.get("dimension")
            )


def _incomplete(scope: Scope) -> bool:
    """A model that could not be rendered is reported elsewhere; what misses it is no finding of its own."""
    return any(app.chart == "model" and app.name in scope.missing for app in scope.apps)
