"""Promises that a gate can keep: about models that are served, provable by their traffic, in the time that it has."""

from collections.abc import Iterator, Mapping
from typing import Any

from leanrag.checks.contracts import Contract, in_overlay, incomplete, published
from leanrag.checks.finding import Finding, at
from leanrag.checks.scope import Scope
from leanrag.core.errors import InputError
from leanrag.core.shapes import items, mapping
from leanrag.slo.spec import parse

_SECONDS = "--deadline=", "--converge-deadline="


def objectives_are_provable(scope: Scope) -> Iterator[Finding]:
    """SLO001: with fewer requests than the bound needs, or contradicting limits, a gate is INCONCLUSIVE for ever."""
    for contract in published(scope, "model.json"):
        slo = contract.body.get("slo")
        if slo is None:
            continue
        try:
            parse(slo, "slo")
        except InputError as error:
            for line in error.message.splitlines():
                yield in_overlay(scope, contract.manifest, _impossible(scope, contract, line))


def _impossible(scope: Scope, contract: Contract, line: str) -> Finding:
    """Make a finding of one line of leanrag.slo: `slo.objectives.ttft: what is wrong; the way out`."""
    key, _, text = line.removeprefix("slo").lstrip(".").partition(": ")
    message, _, fix = text.rpartition("; ")
    said, way = (message, fix) if message else (text or line, "correct this key")
    where = contract.where(f"slo.{key}".rstrip("."))
    culprit = _culprit(mapping(contract.body.get("slo")), key, text)
    return scope.finding("SLO001", contract.manifest, where, said, way, culprit=culprit)


def _culprit(slo: Mapping[str, Any], key: str, text: str) -> str | int | float | None:
    """Return the value that an overlay wrote: a percentile that was raised, else the requests, else the value."""
    path = (*key.split("."), "percentile") if text.startswith("p") else tuple(key.split("."))
    value = at(slo, ("traffic", "requests") if "requests; traffic sends" in text and path[-1] != "percentile" else path)
    return value if isinstance(value, str | int | float) else None


def gates_have_something_to_measure(scope: Scope) -> Iterator[Finding]:
    """SLO002: a gate that measures finds a chat model with objectives, and time for the traffic of all of them."""
    cluster = scope.cluster
    gates = [each for each in scope.of_kind("Job") if each.app.chart == "gate"]
    if cluster is None or not gates or cluster.facts.gate.mode == "smoke" or incomplete(scope, "model"):
        return
    measured = [each for each in published(scope, "model.json") if each.body.get("task") == "chat" and _promises(each)]
    if not measured:
        message = f"gate.mode {cluster.facts.gate.mode} measures chat models, and none here publishes objectives"
        fix = "add a chat model to overlays/<environment>/models, or write gate.mode: smoke into cluster.yaml"
        yield scope.finding("SLO002", gates[0], "spec", message, fix)
    load = sum(_seconds(each) for each in measured)
    for gate in gates:
        whole, converge = (_given(gate.body, option) for option in _SECONDS)
        if whole and load + (converge or 0) > whole:
            message = (
                f"converging may take {(converge or 0) / 60:.0f} min and the traffic of {len(measured)} models "
                f"{load / 60:.0f} min, and the gate has {whole / 60:.0f} min"
            )
            fix = "raise deadlines.wholeMinutes, or lower slo.traffic.maxDurationSeconds"
            yield scope.finding("SLO002", gate, "spec.template.spec", message, fix)


def _promises(contract: Contract) -> bool:
    objectives = mapping(mapping(contract.body.get("slo")).get("objectives"))
    return any(each is not None for each in objectives.values())


def _seconds(contract: Contract) -> float:
    value = mapping(mapping(contract.body.get("slo")).get("traffic")).get("maxDurationSeconds")
    return float(value) if isinstance(value, int | float) else 0.0


def _given(body: object, option: str) -> float | None:
    """Return the number that an argument of the gate's container gives."""
    spec = mapping(mapping(mapping(mapping(body).get("spec")).get("template")).get("spec"))
    words = [str(word) for each in items(spec.get("containers")) for word in items(mapping(each).get("args"))]
    texts = [word.removeprefix(option) for word in words if word.startswith(option)]
    return float(texts[0]) if texts and texts[0].isdecimal() else None
