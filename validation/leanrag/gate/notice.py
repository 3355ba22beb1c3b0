"""How people and Kubernetes hear of a verdict: one sentence, an Event, a termination message."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leanrag.core.outcome import Outcome
from leanrag.gate.verdict import Verdict

TERMINATION_LOG = Path("/dev/termination-log")
# Kubernetes keeps at most 4096 bytes of a container's message (core/v1 ContainerStateTerminated) and refuses an Event
# with a longer note than 1024 (k8s.io/kubernetes pkg/apis/core/validation/events.go, NoteLengthLimit).
MAX_TERMINATION = 4096
MAX_EVENT = 1024
_REASONS = {Outcome.PASS: "GatePassed", Outcome.FAIL: "GateFailed", Outcome.INCONCLUSIVE: "GateInconclusive"}


@dataclass(frozen=True, slots=True)
class Place:
    """The object that the Event belongs to: the Job that runs the gate, or its pod; `kind` empty when unknown."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    api: str = "v1"


def place(environment: Mapping[str, str] | None = None) -> Place:
    """Return where this process runs by the variables that the chart sets: JOB_NAME and JOB_UID, or POD_NAME."""
    given = os.environ if environment is None else environment
    if name := given.get("JOB_NAME"):
        return Place("Job", name, given.get("JOB_UID", ""), "batch/v1")
    if name := given.get("POD_NAME"):
        return Place("Pod", name, given.get("POD_UID", ""))
    return Place()


def sentence(verdict: Verdict) -> str:
    """Return the verdict on one line: outcome, cluster, commit, attempt, reason."""
    which = f" attempt {verdict.attempt}" if verdict.attempt else ""
    commit = (verdict.revision or "no commit")[:12]
    carried = f" (carried from {verdict.carried_from})" if verdict.carried_from else ""
    return one_line(f"{verdict.outcome}: {verdict.cluster} at {commit}{which}{carried}: {verdict.reason}")


def one_line(text: str) -> str:
    """Return text without line ends, control and direction characters: models and servers wrote some of it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def cut(text: str, size: int) -> str:
    """Return text of at most so many bytes in UTF-8, never half a character."""
    data = text.encode("utf-8", "replace")
    return text if len(data) <= size else data[: size - 3].decode("utf-8", "ignore") + "…"


def event(verdict: Verdict, where: Place, namespace: str, moment: str) -> dict[str, Any]:
    """Return the core/v1 Event of a verdict on its Job or pod, so that `kubectl describe` tells it."""
    told = hashlib.sha256(f"{verdict.id}:{verdict.attempt}".encode()).hexdigest()[:16]
    involved = {"apiVersion": where.api, "kind": where.kind, "name": where.name, "namespace": namespace}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"gate.{told}", "namespace": namespace},
        "involvedObject": involved | ({"uid": where.uid} if where.uid else {}),
        "type": "Normal" if verdict.outcome is Outcome.PASS else "Warning",
        "reason": _REASONS.get(verdict.outcome, "GateNotRun"),
        "message": cut(sentence(verdict), MAX_EVENT),
        "source": {"component": "leanrag-gate"},
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }


def terminate(text: str, path: Path = TERMINATION_LOG) -> None:
    """Leave a container's last words, where a container has a file for them; never an error."""
    if not path.is_file():
        return
    try:
        path.write_text(cut(one_line(text), MAX_TERMINATION), encoding="utf-8")
    except OSError:
        return  # the log's last line says the same
