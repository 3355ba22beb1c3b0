"""Ask an engine who it is, before and after the run: a number belongs to a model only if that model answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from leanrag.core.outcome import Outcome
from leanrag.core.result import Item
from leanrag.gate.discover import ModelTarget

TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine says: the model names of /v1/models, and /version where it exists; `problem` when silent."""

    models: tuple[str, ...] = ()
    version: str | None = None
    problem: str = ""


def probe(target: ModelTarget) -> Engine:
    """Return what the engine at a target says now; no answer is a problem in words, never an exception."""
    try:
        listed = _get(target, "/v1/models")
        rows = listed.get("data") if isinstance(listed, Mapping) else None
        names = tuple(str(row.get("id")) for row in rows or () if isinstance(row, Mapping))
        return Engine(names, _version(target))
    except (requests.RequestException, ValueError) as error:
        return Engine(problem=_words(error))


def _version(target: ModelTarget) -> str | None:
    try:
        answer = _get(target, "/version")
    except (requests.RequestException, ValueError):
        return None  # not every engine has it; the models endpoint has already answered
    version = answer.get("version") if isinstance(answer, Mapping) else None
    return version if isinstance(version, str) and version else None


def _get(target: ModelTarget, path: str) -> Any:
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    answer = requests.get(target.address + path, headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer.json()


def _words(error: Exception) -> str:
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"/v1/models answered {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(error, requests.ConnectionError):
        return "nothing accepts connections"
    return f"/v1/models is not JSON: {error}" if isinstance(error, ValueError) else str(error)


def identity(target: ModelTarget, before: Engine, after: Engine) -> Item:
    """Decide whether the declared model was served before and after the run, by one engine of one version."""
    for when, engine in (("before", before), ("after", after)):
        if engine.problem:
            return _item(target, Outcome.INCONCLUSIVE, f"{when} the run: {engine.problem} at {target.address}")
        if target.name not in engine.models:
            served = ", ".join(engine.models) or "no model"
            return _item(target, Outcome.FAIL, f"{when} the run the engine served {served}, not {target.name}")
    if before.version != after.version:
        seen = f"the engine's version changed from {before.version} to {after.version} during the run"
        return _item(target, Outcome.INCONCLUSIVE, seen)
    version = f", version {before.version}" if before.version else ""
    return _item(target, Outcome.PASS, f"{target.name} served before and after the run{version}")


def _item(target: ModelTarget, outcome: Outcome, reason: str) -> Item:
    proves = "The numbers belong to the declared model, not to another one at its address."
    return Item(f"model {target.name}", outcome, reason, proves)
